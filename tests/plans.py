"""How PostgreSQL would run the statements of ours: which were made meanwhile, and which tables each reads from end to end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from sqlalchemy import Connection, Engine, event
from sqlmodel import Session

from secretaria.database.compiled import CompiledStatement

READERS = ("select", "update", "delete", "insert", "with")


@dataclass(frozen=True, slots=True)
class Made:
    """One statement with its values."""

    statement: str
    values: Any
    compiled: CompiledStatement | None = None


@contextmanager
def statements_of(engine: Engine) -> Iterator[list[Made]]:
    """Collect the statements that an engine makes meanwhile, and those that go past SQLAlchemy."""
    made: list[Made] = []
    send = CompiledStatement.sent

    def note_compiled(statement: CompiledStatement, where: Session | Connection, values: Mapping[str, object]) -> Any:  # noqa: ANN401  # a cursor
        if statement.sql.lstrip().lower().startswith(READERS):
            made.append(Made(statement.sql, dict(values), statement))
        return send(statement, where, values)

    def note(**told: Any) -> None:  # noqa: ANN401  # SQLAlchemy names what it tells
        values = told["parameters"][0] if told["executemany"] and told["parameters"] else told["parameters"]
        if told["statement"].lstrip().lower().startswith(READERS):
            made.append(Made(told["statement"], values))

    event.listen(engine, "before_cursor_execute", note, named=True)
    try:
        with patch.object(CompiledStatement, "sent", note_compiled):
            yield made
    finally:
        event.remove(engine, "before_cursor_execute", note)


def read_whole(engine: Engine, made: Iterable[Made], growing: Iterable[str]) -> dict[str, str]:
    """Return which growing tables are read from end to end, with the statement that does.

    Args:
        engine: Of a database with so many rows that PostgreSQL prefers an index where there is one.
        made: The statements.
        growing: Names of tables.
    """
    tables = set(growing)
    found: dict[str, str] = {}
    raw = engine.raw_connection()
    raw.detach()  # what it has prepared is forgotten here, and the pool must not believe otherwise
    try:
        cursor = raw.cursor()
        cursor.execute("DEALLOCATE ALL; SET random_page_cost = 1.1")  # as the compose file has it
        for one in {one.statement: one for one in made}.values():
            asked = ["EXPLAIN (FORMAT JSON) " + one.statement]
            if one.compiled is not None and one.compiled.prepare:  # after some times it is planned for any values
                cursor.execute(one.compiled.prepare)
                asked.append(
                    f"SET LOCAL plan_cache_mode = force_generic_plan; EXPLAIN (FORMAT JSON) {one.compiled.execute}"
                )
            for question in asked:
                cursor.execute(question, one.values)
                ((plans,),) = cursor.fetchall()
                found |= dict.fromkeys(_scanned(plans[0]["Plan"]) & tables, one.statement)
            cursor.execute("DEALLOCATE ALL; SET LOCAL plan_cache_mode = auto")
    finally:
        raw.rollback()
        raw.close()
    return found


def rows_looked_at(engine: Engine, made: Iterable[Made]) -> dict[str, int]:
    """Return how many rows each statement that only reads or changes would look at, planned as it is after some times."""
    found: dict[str, int] = {}
    raw = engine.raw_connection()
    raw.detach()
    try:
        cursor = raw.cursor()
        cursor.execute("DEALLOCATE ALL; SET random_page_cost = 1.1; SET plan_cache_mode = force_generic_plan")
        for one in made:
            compiled = one.compiled
            if compiled is None or compiled.sql in found or compiled.sql.split()[0] not in {"SELECT", "UPDATE"}:
                continue
            if compiled.prepare:
                cursor.execute(compiled.prepare)
            cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {compiled.execute}", one.values)
            ((plans,),) = cursor.fetchall()
            found[compiled.sql] = _looked_at(plans[0]["Plan"])
    finally:
        raw.rollback()
        raw.close()
    return found


def _looked_at(node: Mapping[str, Any]) -> int:
    passed: float = (
        node["Actual Rows"] + node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    )
    here = int(passed * node["Actual Loops"])
    return here + sum(_looked_at(inner) for inner in node.get("Plans", []))


def _scanned(node: Mapping[str, Any]) -> set[str]:
    own = {node["Relation Name"]} if node["Node Type"] == "Seq Scan" else set()
    return own.union(*(_scanned(inner) for inner in node.get("Plans", [])))
