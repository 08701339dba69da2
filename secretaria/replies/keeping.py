"""Every turn that asked a model keeps what is needed to answer it again: what was known, each raw answer, what was decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

import msgspec
from loguru import logger
from pydantic import TypeAdapter
from sqlalchemy import JSON, Table, bindparam
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from secretaria.context.engine import TurnContext
from secretaria.conversations.waking import wrote_to_feed
from secretaria.database.compiled import CompiledStatement
from secretaria.knowledge.snapshot import Business
from secretaria.replies.decided import Decided
from secretaria.replies.drafting import Drafted
from secretaria.replies.models import Recording, Reply
from secretaria.replies.toolbox import Errand

LONGEST = 400_000  # characters of one recording; the longest burst with the longest history stays below it
KEPT_APART = {"business", "found"}  # the business is kept as a version, its units are named by their source
DECIDED = (
    "origin", "intention", "extra_intentions", "sentiment", "urgent", "language", "satisfaction", "asked", "answerable",
    "sources", "handoff_reason", "handoff_by", "handoff_brief", "tool", "actions", "checks", "bubbles", "calls",
    "regenerations",
)  # fmt: skip
_CONTEXT = TypeAdapter(TurnContext)
REPLY: Table = Reply.metadata.tables["reply"]
REPLY_COLUMNS = [column.name for column in REPLY.columns if not column.primary_key]
INSERT_REPLY = CompiledStatement(
    REPLY.insert().values({name: bindparam(name) for name in REPLY_COLUMNS}).inline()
)  # nobody asks for its number
AS_JSON = {column.name for column in REPLY.columns if isinstance(column.type, JSON)}
# The savepoint travels with the statement: on its own each of its three steps would cost as much as the row.
KEEP_RECORDING = CompiledStatement(
    """
    INSERT INTO recording (turn_id, conversation_id, business_version_id, business_version, prompt_version, economy,
                           told, found, sought, answers, tool, decision, created_at)
    VALUES (:turn_id, :conversation_id, :business_version_id, :business_version, :prompt_version, :economy,
            :told, :found, :sought, :answers, :tool, :decision, :now)
    """,
    savepoint="recording",
)


def keep_recording(
    session: Session,
    errand: Errand,
    context: TurnContext,
    drafted: Drafted,
    decision: Mapping[str, Any],
    now: datetime,
) -> None:
    """Keep a turn in the transaction that settles it; where that fails, the customer is answered all the same.

    Args:
        session: The transaction, with nothing of the reply left to be flushed.
        errand: The turn.
        context: What it was answered from.
        drafted: What came of the model's calls.
        decision: What came of the turn.
        now: The present moment.
    """
    if not drafted.asking.calls:
        return
    log = logger.bind(turn_id=errand.turn_id)
    try:
        recording = _recording(errand, context, drafted, decision, now)
        size = sum(len(recording[part] or "") for part in ("told", "answers", "tool", "decision"))
        if size > LONGEST:
            log.bind(size=size).warning("recording_too_large")
            return
        _insert(session, recording)
    except Exception as error:
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            raise
        log.bind(error=type(error).__name__).error("recording_not_kept")  # the error itself quotes the row


def _insert(session: Session, recording: Mapping[str, Any]) -> None:
    """What PostgreSQL does not take of it must not take the reply along."""
    try:
        KEEP_RECORDING.run(session, recording)
    except DBAPIError as error:
        if not error.connection_invalidated:
            session.connection().exec_driver_sql("ROLLBACK TO SAVEPOINT recording")
        raise


def keep_reply(session: Session, reply: Decided) -> None:
    """Keep what was decided, in the transaction that settles the turn."""
    row = {name: getattr(reply, name) for name in REPLY_COLUMNS}
    INSERT_REPLY.run(session, {name: _json(value) if name in AS_JSON else value for name, value in row.items()})
    wrote_to_feed(session)


def decision_of(reply: Decided, drafted: Drafted) -> dict[str, Any]:
    """Return what was decided, as comparisons read it; the same for the same context and the same answers.

    Args:
        reply: As it was written down, before anything is added that depends on other turns.
        drafted: What came of the model's calls.
    """
    decided = {name: getattr(reply, name) for name in DECIDED}
    return {**decided, "silent": drafted.silent, "abstained": drafted.abstained, "failure": drafted.failure}


def context_of(recording: Recording, business: Business) -> TurnContext:
    """Return what a recorded turn was answered from.

    Args:
        recording: The turn.
        business: The version it was answered from; of another one, the units that it lacks are left out.

    Raises:
        ValueError: It was written by a version that knew another context.
    """
    units = {chunk.source: chunk for chunk in business.chunks}
    found = tuple(units[source] for source in recording.found if source in units)
    return _CONTEXT.validate_python({**recording.told, "business": business, "found": found})


def _recording(
    errand: Errand, context: TurnContext, drafted: Drafted, decision: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    result = drafted.result
    brought = {"ok": result.ok, "told": result.told, "actions": list(result.actions)} if result is not None else None
    tool = {"call": decision["tool"]["call"], "result": brought} if drafted.call is not None else None
    return {
        "turn_id": errand.turn_id,
        "conversation_id": errand.conversation_id,
        "business_version_id": context.business.version_id,
        "business_version": context.business.version,
        "prompt_version": drafted.prompt_version,
        "economy": drafted.economy,
        "told": _CONTEXT.dump_json(context, exclude=KEPT_APART).decode(),
        "found": _json([chunk.source for chunk in context.found]),
        "sought": _json([chunk.source for chunk in drafted.found]),
        "answers": _json([asdict(answer) for answer in drafted.asking.answers]),
        "tool": _json(tool),
        "decision": _json(dict(decision)),
        "now": now,
    }


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
