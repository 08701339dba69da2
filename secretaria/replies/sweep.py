"""Puts forgotten rows back in motion: the queue may lose nudges, the rows are the truth."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from loguru import logger
from sqlalchemy import Engine, text
from sqlmodel import Session

from secretaria.clock import Clock
from secretaria.conversations import store as conversations
from secretaria.database.transaction import after_commit, transaction
from secretaria.inbox import store as inbox
from secretaria.outbox import store as outbox
from secretaria.outbox.models import ItemState
from secretaria.queue.jobs import ANSWER_TURN, DELIVER_ITEM, FILE_EVENT, Job
from secretaria.queue.publisher import Publisher

SWEEP_LOCK = 7_305_414_502
FORGOTTEN_SECONDS = 5.0
DOUBT_SECONDS = 600.0
AT_ONCE = 500


def sweep(engine: Engine, publisher: Publisher, clock: Clock) -> int:
    """Nudge what stands still; of several processes that sweep at the same moment one does it.

    Returns:
        How many rows were put back in motion.

    Raises:
        DatabaseUnavailable: PostgreSQL is away; the next sweep finds the same rows.
    """
    now = clock.now()
    with transaction(engine) as session:
        if not session.execute(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": SWEEP_LOCK}).scalar_one():
            return 0
        doubted = outbox.doubt_abandoned(session, now=now)
        held = outbox.hold_doubtful(session, now=now, after_seconds=DOUBT_SECONDS)
        _mark_all(session, doubted, ItemState.UNCONFIRMED)
        _mark_all(session, held, ItemState.HELD)
        events = inbox.forgotten_events(session, now=now, age_seconds=FORGOTTEN_SECONDS, limit=AT_ONCE)
        turns = conversations.forgotten_turns(session, now=now, age_seconds=FORGOTTEN_SECONDS, limit=AT_ONCE)
        items = outbox.forgotten_items(session, now=now, age_seconds=FORGOTTEN_SECONDS, limit=AT_ONCE)
        _nudge_all(session, publisher, FILE_EVENT, events)
        _nudge_all(session, publisher, ANSWER_TURN, turns)
        _nudge_all(session, publisher, DELIVER_ITEM, items)
    if doubted:
        logger.bind(messages=doubted).warning("sends_in_doubt")
    if held:
        logger.bind(messages=held).error("sends_held_for_a_person")
    moved = len(events) + len(turns) + len(items)
    if moved:
        logger.bind(events=len(events), turns=len(turns), items=len(items)).warning("forgotten_rows_nudged")
    return moved


def _mark_all(session: Session, message_ids: Sequence[int], delivery: ItemState) -> None:
    for message_id in message_ids:
        conversations.mark_delivery(session, message_id, delivery)


def _nudge_all(session: Session, publisher: Publisher, job: Job, identifiers: Sequence[object]) -> None:
    for identifier in identifiers:
        after_commit(session, partial(publisher.publish, job, str(identifier)))
