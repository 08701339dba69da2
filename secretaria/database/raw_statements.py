"""The statements that migrations write as text: few shapes are known by their first words, everything else is refused."""

from __future__ import annotations

import re
from typing import Protocol

_NEUTRAL = re.compile(
    r"(CREATE (EXTENSION|SEQUENCE|VIEW|TYPE|COLLATION|STATISTICS|INDEX|TABLE|FUNCTION)|COMMENT ON|ANALYZE|SET)\b",
    re.IGNORECASE,
)
_FUNCTION = re.compile(r"CREATE (OR REPLACE )?FUNCTION (\w+)", re.IGNORECASE)
_TRIGGER = re.compile(r"CREATE TRIGGER (\w+).* ON (\w+) .*EXECUTE FUNCTION (\w+)", re.IGNORECASE | re.DOTALL)
_UPDATE = re.compile(r"UPDATE (\w+) SET (\w+) = ", re.IGNORECASE)
_INSERT = re.compile(r"INSERT INTO (\w+)", re.IGNORECASE)
_JUDGED_BY_AUTHOR = re.compile(r"(CREATE OR REPLACE FUNCTION|CREATE TRIGGER|UPDATE|INSERT)\b", re.IGNORECASE)
_BODY = re.compile(r"\$(\w*)\$.*?\$\1\$", re.DOTALL)
_CLOSED_SET = re.compile(r"(\w+) IN \(((?:'[^']*'(?:, )?)+)\)", re.IGNORECASE)
_VERBS = {
    "EXTENSION": "usa a extensão", "SEQUENCE": "cria a sequência", "FUNCTION": "cria a função",
    "TRIGGER": "cria o gatilho", "VIEW": "cria a visão", "TYPE": "cria o tipo", "INDEX": "cria o índice",
    "TABLE": "cria a tabela",
}  # fmt: skip
_CREATED = re.compile(rf"CREATE (?:OR REPLACE )?({'|'.join(_VERBS)}) (?:IF NOT EXISTS )?(\w+)", re.IGNORECASE)


class KnownSchema(Protocol):
    """What must be known of the schema to judge a statement."""

    raising: set[str]
    functions: set[str]
    tables: set[str]
    columns: dict[tuple[str, str], bool]


def breaking_statement(statement: str, known: KnownSchema) -> str:
    """Say what a statement takes from the version before; nothing where it can be seen that it takes nothing.

    Args:
        statement: As the migration writes it.
        known: What was there before, and what this migration made so far.
    """
    told = one_line(statement)
    if not is_single(told):
        return f"faz mais de uma coisa, e não se sabe o que muda para a versão anterior: {told[:60]}"
    if (function := _FUNCTION.match(told)) and function[1]:
        name = function[2]
        return f"a função {name} passa a fazer outra coisa" if name in known.functions else ""
    if trigger := _TRIGGER.match(told):
        refuses = trigger[2] not in known.tables and trigger[3] in known.raising
        return f"o gatilho {trigger[1]} recusa mudanças de {trigger[2]} que a versão anterior faz" if refuses else ""
    if (filled := _UPDATE.match(told)) and "," not in told[filled.end() :].partition(" WHERE ")[0]:
        fresh = filled[1] in known.tables or (filled[1], filled[2]) in known.columns
        return "" if fresh else f"muda valores de {filled[1]}.{filled[2]} que a versão anterior lê"
    if inserted := _INSERT.match(told):
        return "" if inserted[1] in known.tables else f"acrescenta linhas a {inserted[1]}, que a versão anterior lê"
    return "" if _NEUTRAL.match(told) else f"não se sabe o que muda para a versão anterior: {told[:60]}"


def author_may_judge(statement: str) -> bool:
    """Return whether a migration's word that it is safe counts for a statement; what takes something away never is."""
    told = one_line(statement)
    return is_single(told) and _JUDGED_BY_AUTHOR.match(told) is not None


def is_single(statement: str) -> bool:
    """Return whether a text is one statement: what stands behind a semicolon is not known by the first words."""
    return ";" not in _BODY.sub("", statement).rstrip("; ")


def closed_set(condition: str) -> tuple[str, frozenset[str]] | None:
    """Return the column and the values of a condition that closes one to the other; None for any other condition."""
    found = _CLOSED_SET.fullmatch(condition.strip())
    return None if found is None else (found[1], frozenset(re.findall(r"'([^']*)'", found[2])))


def function_of(statement: str) -> str | None:
    """Return the function that a statement makes or replaces."""
    found = _FUNCTION.match(one_line(statement))
    return None if found is None else found[2]


def raises(statement: str) -> bool:
    """Return whether a function can refuse what it is asked about."""
    return "RAISE EXCEPTION" in statement.upper()


def does_statement(statement: str) -> tuple[str, str]:
    """Return verb and object of a statement, Portuguese."""
    told = one_line(statement)
    if created := _CREATED.match(told):
        return _VERBS[created[1].upper()], created[2]
    if filled := _UPDATE.match(told):
        return "preenche", f"{filled[1]}.{filled[2]}"
    return "executa", told[:60]


def one_line(statement: str) -> str:
    """Return a statement with single spaces."""
    return " ".join(statement.split())
