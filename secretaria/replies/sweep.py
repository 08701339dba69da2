"""Puts forgotten rows back in motion: the queue may lose nudges, the rows are the truth."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from loguru import logger
from sqlalchemy import Engine, text
from sqlmodel import Session

from secretaria.clock import Clock
from secretaria.conversations import store as conversations
from secretaria.conversations import transcripts
from secretaria.crashpoints import crashpoint
from secretaria.database.transaction import after_commit, transaction
from secretaria.inbox import store as inbox
from secretaria.outbox import doubts
from secretaria.outbox import store as outbox
from secretaria.outbox.models import ItemState
from secretaria.outbox.reconcile import close_doubts, confirm_echoes
from secretaria.queue.jobs import ANSWER_TURN, DELIVER_ITEM, FILE_EVENT, HEAR_AUDIO, RECONCILE_ITEM, Job
from secretaria.queue.pauses import paused_queues
from secretaria.queue.publisher import Publisher
from secretaria.settings import UnconfirmedPolicy

SWEEP_LOCK = 7_305_414_502
FORGOTTEN_SECONDS = 5.0
AT_ONCE = 500


def sweep(engine: Engine, publisher: Publisher, clock: Clock, policy: UnconfirmedPolicy = "hold") -> int:
    """Nudge what stands still; of several processes that sweep at the same moment one does it.

    Args:
        engine: The database.
        publisher: Takes the nudges.
        clock: The time.
        policy: What becomes of a send in doubt that nobody could clear.

    Returns:
        How many rows were put back in motion.

    Raises:
        DatabaseUnavailable: PostgreSQL is away; the next sweep finds the same rows.
    """
    now = clock.now()
    with transaction(engine) as session:
        if not session.execute(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": SWEEP_LOCK}).scalar_one():
            return 0
        doubted = doubts.doubt_abandoned(session, now=now)
        _mark_all(session, doubted, ItemState.UNCONFIRMED)
        confirm_echoes(session, now)
        held = close_doubts(session, now, policy)
        limits = _limits(session)
        events = inbox.forgotten_events(session, now=now, age_seconds=FORGOTTEN_SECONDS, limit=limits[FILE_EVENT])
        turns = conversations.forgotten_turns(
            session, now=now, age_seconds=FORGOTTEN_SECONDS, limit=limits[ANSWER_TURN]
        )
        items = outbox.forgotten_items(session, now=now, age_seconds=FORGOTTEN_SECONDS, limit=limits[DELIVER_ITEM])
        _nudge_all(session, publisher, FILE_EVENT, events)
        _nudge_all(session, publisher, ANSWER_TURN, turns)
        audios = transcripts.forgotten_audios(session, now=now, age_seconds=FORGOTTEN_SECONDS, limit=limits[HEAR_AUDIO])
        _nudge_all(session, publisher, HEAR_AUDIO, audios)
        looks = doubts.due_looks(session, now=now, age_seconds=FORGOTTEN_SECONDS, limit=limits[RECONCILE_ITEM])
        _nudge_all(session, publisher, DELIVER_ITEM, items)
        _nudge_all(session, publisher, RECONCILE_ITEM, looks)
    if doubted:
        logger.bind(messages=doubted).warning("sends_in_doubt")
    if held:
        logger.bind(messages=held).error("sends_held_for_a_person")
    moved = len(events) + len(turns) + len(items) + len(audios)
    if moved:
        logger.bind(events=len(events), turns=len(turns), items=len(items), audios=len(audios)).warning(
            "forgotten_rows_nudged"
        )
    return moved


def _limits(session: Session) -> dict[Job, int]:
    """A paused queue gets no nudges: its rows are found as soon as it is resumed."""
    paused = paused_queues(session)
    return {
        job: 0 if job.queue in paused else AT_ONCE
        for job in (FILE_EVENT, ANSWER_TURN, HEAR_AUDIO, DELIVER_ITEM, RECONCILE_ITEM)
    }


def _mark_all(session: Session, message_ids: Sequence[int], delivery: ItemState) -> None:
    for message_id in message_ids:
        conversations.mark_delivery(session, message_id, delivery)


def _nudge_all(session: Session, publisher: Publisher, job: Job, identifiers: Sequence[object]) -> None:
    for identifier in identifiers:
        crashpoint("K19")
        after_commit(session, partial(publisher.publish, job, str(identifier)))
