"""Use case: one bubble to Whaticket, claimed before any byte leaves and settled by what the answer means."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import stamina
from loguru import logger
from sqlalchemy import Engine
from sqlmodel import Session

from secretaria import metrics
from secretaria.clock import Clock
from secretaria.conversations import store as conversations
from secretaria.conversations.models import Mode
from secretaria.database.transaction import after_commit, transaction
from secretaria.errors import Unavailable
from secretaria.outbox import store
from secretaria.outbox.models import DeliveryAttempt, ItemState, OutboxItem
from secretaria.queue.jobs import DELIVER_ITEM
from secretaria.queue.publisher import Publisher
from secretaria.whaticket.gateway import Gateway, Outcome, SendResult

LEASE_SECONDS = 45.0
SETTLING_SECONDS = 20.0  # what is known of a send is not given up for a database that restarts, while the lease lasts
BACKOFF_SECONDS = (2.0, 5.0, 15.0, 60.0, 300.0)
MISCONFIGURED_WAIT_SECONDS = 60.0
GIVE_UP_AFTER = timedelta(minutes=30)
SILENT_MODES = (Mode.ATTENDED, Mode.PAUSED)

STATE_OF = {
    Outcome.ACCEPTED: ItemState.SENT,
    Outcome.NOT_SENT: ItemState.PENDING,
    Outcome.MISCONFIGURED: ItemState.PENDING,
    Outcome.REFUSED: ItemState.DEAD,
    Outcome.UNKNOWN: ItemState.UNCONFIRMED,
}


@dataclass(frozen=True, slots=True)
class DispatchRoom:
    """What delivery needs to know."""

    engine: Engine
    publisher: Publisher
    clock: Clock
    gateway: Gateway


def deliver_item(room: DispatchRoom, item_id: int) -> None:
    """Try one item once; a second run of the same nudge finds nothing to do.

    Raises:
        DatabaseUnavailable: PostgreSQL went away and stayed away; the sweep will find a send in flight in doubt.
    """
    claimed = _claim(room, item_id)
    if claimed is None:
        return
    item, attempt_id = claimed
    with logger.contextualize(correlation_id=str(item.correlation_id), conversation_id=item.conversation_id):
        result = room.gateway.send_text(item.number, item.body)
        for attempt in stamina.retry_context(on=Unavailable, attempts=None, timeout=SETTLING_SECONDS):
            with attempt:
                _settle(room, item, attempt_id, result)


def _claim(room: DispatchRoom, item_id: int) -> tuple[OutboxItem, int] | None:
    """Commit ``sending`` and the attempt before anything leaves; a person's word drops what is still pending."""
    now = room.clock.now()
    with transaction(room.engine) as session:
        item = store.claim_item(session, item_id, now=now, lease_seconds=LEASE_SECONDS)
        if item is None:
            return None
        mode = conversations.load_conversation(session, item.conversation_id).mode
        if mode in SILENT_MODES:
            store.settle_item(session, item, state=ItemState.PENDING, attempts=item.attempts - 1)
            for message_id in store.supersede_pending(session, item.conversation_id, f"conversation_{mode}"):
                conversations.mark_delivery(session, message_id, ItemState.SUPERSEDED)
            log = logger.bind(correlation_id=str(item.correlation_id), conversation_id=item.conversation_id)
            log.bind(reason=f"conversation_{mode}").info("bubbles_superseded")
            return None
        attempt = DeliveryAttempt(item_id=item_id, started_at=now)
        session.add(attempt)
        session.flush()
        return item, attempt.id or 0


def _settle(room: DispatchRoom, item: OutboxItem, attempt_id: int, result: SendResult) -> None:
    now = room.clock.now()
    with transaction(room.engine) as session:
        attempt = session.get_one(DeliveryAttempt, attempt_id)
        attempt.ended_at, attempt.outcome = now, result.outcome
        attempt.status, attempt.error = result.status, result.error
        session.add(attempt)
        state = STATE_OF[result.outcome]
        if state == ItemState.PENDING and now - item.created_at >= GIVE_UP_AFTER:
            state = ItemState.HELD
        changes = _changes(session, item, result, state, now)
        if not store.settle_item(session, item, state=state, **changes):
            logger.warning("delivery_fenced")
            return
        conversations.mark_delivery(session, item.message_id, state)
        _nudge_next(room, session, item, state, now)
    _report(result, state)


def _changes(
    session: Session, item: OutboxItem, result: SendResult, state: ItemState, now: datetime
) -> dict[str, object]:
    match state:
        case ItemState.SENT:
            return {"sent_at": now, "provider_message_id": result.provider_message_id, "reason": None}
        case ItemState.PENDING:
            wait = _wait_seconds(result, store.count_attempts(session, item.id or 0))
            not_before = now + timedelta(seconds=wait)
            return {"reason": result.error, "not_before": not_before, "attempts": item.attempts - 1}
        case ItemState.HELD:  # given up, and surely not sent either
            return {"reason": result.error, "attempts": item.attempts - 1}
        case ItemState.UNCONFIRMED:
            return {"reason": result.error, "lease_until": now}
        case _:
            return {"reason": result.error}


def _wait_seconds(result: SendResult, attempts: int) -> float:
    if result.retry_after_seconds is not None:
        return result.retry_after_seconds
    if result.outcome is Outcome.MISCONFIGURED:
        return MISCONFIGURED_WAIT_SECONDS
    return BACKOFF_SECONDS[min(attempts, len(BACKOFF_SECONDS)) - 1]


def _nudge_next(room: DispatchRoom, session: Session, item: OutboxItem, state: ItemState, now: datetime) -> None:
    """What follows in this conversation may go now, unless this bubble is still in doubt."""
    if state == ItemState.UNCONFIRMED:
        return
    following = store.next_pending(session, item.conversation_id)
    if following is not None:
        wait = max((following.not_before - now).total_seconds(), 0.0)
        after_commit(session, partial(room.publisher.publish, DELIVER_ITEM, str(following.id), wait))


def _report(result: SendResult, state: ItemState) -> None:
    if result.outcome is Outcome.ACCEPTED:
        metrics.WHATICKET_SENT.inc()
    else:
        metrics.WHATICKET_ERRORS.labels(outcome=result.outcome.value).inc()
    if state == ItemState.PENDING:
        metrics.WHATICKET_RETRIES.inc()
    log = logger.bind(outcome=str(result.outcome), state=str(state), status=result.status, error=result.error)
    alarming = result.alert or state == ItemState.HELD
    level = "ERROR" if alarming else "INFO" if result.outcome is Outcome.ACCEPTED else "WARNING"
    log.log(level, "item_delivered" if result.outcome is Outcome.ACCEPTED else "item_not_delivered")
