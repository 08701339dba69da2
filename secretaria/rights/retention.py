"""Nothing is held for ever: each kind of data goes after its time, in small batches, once a day, by one worker."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from loguru import logger
from sqlalchemy import Engine, Table, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from secretaria.conversations.models import Contact
from secretaria.database.transaction import transaction
from secretaria.queue.models import ChoreRun
from secretaria.rights.erasure import empty_contact, reapply_erasures
from secretaria.rights.holdings import tables
from secretaria.settings import RetentionSection

CHORE = "retention"
BATCH = 500
MOST_BATCHES = 2000
FEED_KEPT = timedelta(days=7)  # whoever follows the conversations and was away for longer begins anew


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of data: which rows are past their time, and what becomes of them.

    Attributes:
        name: As ``[retention]`` and the report call it.
        table: Where it rests.
        past: The condition under which a row's time is over.
        values: What is written into it; None removes the row.
    """

    name: str
    table: Table
    past: Any
    values: dict[str, Any] | None


def kinds(rules: RetentionSection, now: datetime) -> list[Kind]:
    """Return every kind that is removed row by row, with its condition at this moment."""
    event, message, reply, item, recording, audit, written, feed = (
        tables()[name]
        for name in (
            "inbox_event",
            "message",
            "reply",
            "outbox_item",
            "recording",
            "audit_entry",
            "internal_note",
            "feed_entry",
        )
    )
    raw, said = now - timedelta(days=rules.raw_days), now - timedelta(days=rules.messages_days)
    recorded = now - timedelta(days=rules.recordings_days)
    conversation, contact = tables()["conversation"], tables()["contact"]
    forgotten = select(conversation.c.id).join(contact, contact.c.id == conversation.c.contact_id)
    forgotten = forgotten.where(
        contact.c.identity_key.startswith("erased:")
    )  # by a version of before, which did not know of recordings
    unkept = (recording.c.created_at < recorded) & recording.c.kept_at.is_(None)
    over = unkept | (recording.c.created_at < said) | recording.c.conversation_id.in_(forgotten)
    settled = event.c.state.in_(("filed", "ignored", "parked"))
    final = item.c.state.in_(("sent", "superseded", "dead", "held"))
    no_words: dict[str, Any] = {"asked": None, "handoff_brief": None, "bubbles": [], "memory": []}
    no_text: dict[str, Any] = {"text": "", "transcript": None, "media_url": None}
    return [
        Kind("raw", event, settled & (event.c.received_at < raw) & (func.length(event.c.body) > 0), {"body": b""}),
        Kind(
            "messages",
            message,
            (message.c.received_at < said) & ((message.c.text != "") | message.c.transcript.is_not(None)),
            no_text,
        ),
        Kind("replies", reply, (reply.c.created_at < said) & (func.json_array_length(reply.c.bubbles) > 0), no_words),
        Kind("sends", item, final & (item.c.created_at < said) & (item.c.body != ""), {"body": "", "number": ""}),
        Kind("recordings", recording, over, None),
        Kind("notes", written, written.c.created_at < said, None),
        Kind("feed", feed, feed.c.at < now - FEED_KEPT, None),
        Kind("audit", audit, audit.c.at < now - timedelta(days=rules.audit_days), None),
    ]


def preview_retention(engine: Engine, rules: RetentionSection, now: datetime) -> dict[str, int]:
    """Count what would go now, by kind; nothing is changed.

    Raises:
        DatabaseUnavailable: PostgreSQL is away.
    """
    with transaction(engine) as session:
        counted = {
            kind.name: int(session.execute(select(func.count()).select_from(kind.table).where(kind.past)).scalar_one())
            for kind in kinds(rules, now)
        }
        counted["people"] = len(_forgotten(session, rules, now, limit=1_000_000))
    return counted


def apply_retention(
    engine: Engine, rules: RetentionSection, now: datetime, stopping: threading.Event | None = None
) -> dict[str, int]:
    """Remove what is past its time, batch by batch, each in a transaction of its own; return how much went, by kind.

    Raises:
        DatabaseUnavailable: PostgreSQL went away; what was committed is gone, the rest goes tomorrow.
    """
    done = {kind.name: _in_batches(engine, partial(_apply, kind), stopping) for kind in kinds(rules, now)}
    done["people"] = _in_batches(engine, partial(_forget, rules, now), stopping)
    return done


def run_daily(engine: Engine, rules: RetentionSection, home: Path, now: datetime, stopping: threading.Event) -> bool:
    """Do the day's chore unless another worker has it or did it.

    Returns:
        Whether this call did it.

    Raises:
        DatabaseUnavailable: PostgreSQL is away.
    """
    elect = insert(ChoreRun).values(name=CHORE, day=now.date(), begun_at=now, done={}).on_conflict_do_nothing()
    with transaction(engine) as session:
        if session.execute(elect.returning(col(ChoreRun.name))).first() is None:
            return False
    done = {
        "erased_again": reapply_erasures(engine, home=home, now=now),
        **apply_retention(engine, rules, now, stopping),
    }
    with transaction(engine) as session:
        of_today = (col(ChoreRun.name) == CHORE) & (col(ChoreRun.day) == now.date())
        session.execute(update(ChoreRun).where(of_today).values(ended_at=now, done=done))
    logger.bind(**done).info("retention_applied")
    return True


def _in_batches(engine: Engine, step: Callable[[Session], int], stopping: threading.Event | None) -> int:
    total = 0
    for _ in range(MOST_BATCHES):
        if stopping is not None and stopping.is_set():
            break
        with transaction(engine) as session:
            gone = step(session)
        total += gone
        if gone < BATCH:
            break
    return total


def _apply(kind: Kind, session: Session) -> int:
    (key,) = kind.table.primary_key.columns
    chosen = select(key).where(kind.past).limit(BATCH).with_for_update(skip_locked=True).scalar_subquery()
    change = kind.table.delete() if kind.values is None else kind.table.update().values(kind.values)
    return len(session.execute(change.where(key.in_(chosen)).returning(key)).all())


def _forgotten(session: Session, rules: RetentionSection, now: datetime, limit: int) -> list[int]:
    """Return the contacts with whom nothing was exchanged for as long as messages are kept."""
    contact, conversation = tables()["contact"], tables()["conversation"]
    before = now - timedelta(days=rules.messages_days)
    lately = select(conversation.c.contact_id).where(conversation.c.last_message_at >= before)
    quiet = contact.c.id.not_in(lately) & (contact.c.created_at < before) & (contact.c.number != "")
    return list(session.execute(select(contact.c.id).where(quiet).order_by(contact.c.id).limit(limit)).scalars())


def _forget(rules: RetentionSection, now: datetime, session: Session) -> int:
    chosen = _forgotten(session, rules, now, BATCH)
    for contact_id in chosen:
        empty_contact(session, session.get_one(Contact, contact_id, with_for_update=True), now)
    return len(chosen)
