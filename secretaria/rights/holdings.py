"""Which rows are about one person: found by following the keys of the tables, so that a new table is covered too."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from sqlalchemy import ColumnElement, ScalarSelect, Table, false, or_, select
from sqlmodel import Session, SQLModel

import secretaria

ROOT = "contact"
EVENTS = "inbox_event"
POINTERS = {"contact_id": "contact", "conversation_id": "conversation", "turn_id": "turn", "message_id": "message"}
ABOUT_NOBODY = frozenset({
    "agenda_slot", "attendant", "audit_entry", "business_publication", "business_version", "chore_run", "erased_contact", "knowledge_chunk",
    "missing_question", "queue_pause", "quick_answer", "recovery_code", "secretary_pause",
})  # fmt: skip
"""Tables of the business, of its team and of the machine; audit and erasure list know a person by a keyed hash only."""


@cache
def tables() -> dict[str, Table]:
    """Return every table of the product, those that others refer to first."""
    for module in pkgutil.walk_packages(secretaria.__path__, "secretaria."):
        if module.name.endswith(".models"):
            importlib.import_module(module.name)
    return {table.name: table for table in SQLModel.metadata.sorted_tables}


@cache
def links() -> dict[str, tuple[tuple[str, str], ...]]:
    """Return, by table, the columns that lead to a person, each with the table it leads to; parents come first."""
    found: dict[str, tuple[tuple[str, str], ...]] = {ROOT: ()}
    for name, table in (*tables().items(), *tables().items()):  # twice: what only names a column may stand before it
        ways = [(column.name, key.column.table.name) for column in table.columns for key in column.foreign_keys]
        known = {column for column, _ in ways}
        ways += [
            (column.name, POINTERS[column.name]) for column in table.columns if column.name in POINTERS.keys() - known
        ]
        leading = tuple((column, parent) for column, parent in ways if parent in found and parent != name)
        if leading and name != ROOT:
            found[name] = leading
    return found


def about(name: str, contact_id: int) -> ColumnElement[bool]:
    """Return the condition under which a row of a table is about a contact."""
    table = tables()[name]
    if name == ROOT:
        return table.c.id == contact_id
    return or_(*(table.c[column].in_(_keys(parent, contact_id)) for column, parent in links()[name]))


def events_about(session: Session, contact_id: int, number: str) -> ColumnElement[bool]:
    """Return the condition for raw events: those that were filed, and those that wait or are parked and name the number."""
    event, message, turn = tables()[EVENTS], tables()["message"], tables()["turn"]
    filed = select(message.c.event_id).where(about("message", contact_id), message.c.event_id.is_not(None))
    opened = select(turn.c.correlation_id).where(about("turn", contact_id))
    known = {*session.execute(filed).scalars(), *session.execute(opened).scalars()}
    unfiled = session.execute(select(event.c.id, event.c.body).where(event.c.state.in_(("received", "parked")))).all()
    known |= {row.id for row in unfiled if number.encode() in bytes(row.body)}
    return event.c.id.in_(known) if known else false()


def _keys(parent: str, contact_id: int) -> ScalarSelect[object]:
    (key,) = tables()[parent].primary_key.columns
    return select(key).where(about(parent, contact_id)).scalar_subquery()
