"""Use case: one item to Whaticket, claimed before any byte leaves and settled by what the answer means."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

import stamina
from loguru import logger
from sqlalchemy import Engine
from sqlmodel import Session

from secretaria import metrics
from secretaria.breaker import Breaker, Permit
from secretaria.clock import Clock, moment_of
from secretaria.conversations import store as conversations
from secretaria.crashpoints import crashpoint
from secretaria.database.transaction import after_commit, transaction
from secretaria.errors import Unavailable
from secretaria.logs import tell_plainly, telling_of
from secretaria.outbox import attempts, store
from secretaria.outbox.doubts import FIRST_LOOK
from secretaria.outbox.dropping import begin_unless_dropped, drop, let_go, silenced
from secretaria.outbox.models import ItemState, Kind, OutboxItem, Purpose
from secretaria.outbox.transfer import hand_over
from secretaria.queue.jobs import DELIVER_ITEM
from secretaria.queue.publisher import Publisher
from secretaria.settings import OutboxSection
from secretaria.whaticket.gateway import Gateway, Outcome, SendResult
from secretaria.whaticket.numbers import person_mark
from secretaria.whaticket.panel import Panel

LEASE_SECONDS = 45.0
SETTLING_SECONDS = 20.0  # what is known of a send is not given up for a database that restarts, while the lease lasts
BACKOFF_SECONDS = (2.0, 5.0, 15.0, 60.0, 300.0)
MISCONFIGURED_WAIT_SECONDS = 60.0
BREAKER_WAIT_SECONDS = 5.0
LONGEST_SEND_SECONDS = 25.0
GIVE_UP_AFTER = timedelta(minutes=30)
BREAKER_OPEN = "breaker_open"
SERVER_ERRORS = 500

STATE_OF = {
    Outcome.NOT_SENT: ItemState.PENDING,
    Outcome.MISCONFIGURED: ItemState.PENDING,
    Outcome.REFUSED: ItemState.DEAD,
    Outcome.UNKNOWN: ItemState.UNCONFIRMED,
}


@dataclass(frozen=True, slots=True)
class DispatchRoom:
    """What delivery needs to know.

    Attributes:
        panel: Where tickets are handed to people; None where no login is configured.
        department_id: The queue of Whaticket they go to; 0 where none do.
        rules: The ``[outbox]`` section.
        breaker: The circuit breakers; None where nothing is shared with other processes.
        channel: The name of the connection, and so of its breaker.
    """

    engine: Engine
    publisher: Publisher
    clock: Clock
    gateway: Gateway
    panel: Panel | None = None
    department_id: int = 0
    rules: OutboxSection = field(default_factory=OutboxSection)
    breaker: Breaker | None = None
    channel: str = ""


def breaker_name(channel: str) -> str:
    """Return the name of a connection's circuit breaker."""
    return f"whaticket:{channel}"


def deliver_item(room: DispatchRoom, item_id: int) -> None:
    """Try one item once; a second run of the same nudge finds nothing to do.

    Raises:
        DatabaseUnavailable: PostgreSQL went away and stayed away; the sweep will find a send in flight in doubt.
    """
    permit = None
    if room.breaker is not None:  # before the claim, so that an open breaker costs no attempt
        name = breaker_name(room.channel)
        permit = room.breaker.allow(name, longest_seconds=LONGEST_SEND_SECONDS, unit=f"item:{item_id}")
        if permit is None:
            _leave_for_later(room, item_id)
            return
    claimed = _claim(room, item_id)
    if claimed is None:
        if permit is not None:
            permit.give_back()
        return
    item, attempt_id = claimed
    told = {"conversation_id": item.conversation_id, "contact": person_mark(item.number)}
    with telling_of(correlation_id=str(item.correlation_id), **told):
        crashpoint("K12")
        result = _hand_to_whaticket(room, item)
        crashpoint("K17")
        if permit is not None:
            _tell_breaker(permit, result)
        for attempt in stamina.retry_context(on=Unavailable, attempts=None, timeout=SETTLING_SECONDS):
            with attempt:
                _settle(room, item, attempt_id, result)
        crashpoint("K18")


def _leave_for_later(room: DispatchRoom, item_id: int) -> None:
    """Whaticket does not answer: what could go waits, and what has waited for half an hour goes to a person."""
    now = room.clock.now()
    with transaction(room.engine) as session:
        item = store.postpone_item(session, item_id, now + timedelta(seconds=BREAKER_WAIT_SECONDS))
        if item is None:
            return
        word = conversations.hold_word(session, item.conversation_id)
        reason = silenced(session, word, item, now)
        if reason:
            drop(session, item, reason)
            return
        if now - item.created_at < GIVE_UP_AFTER:
            nudge = partial(room.publisher.publish, DELIVER_ITEM, str(item_id), BREAKER_WAIT_SECONDS)
            after_commit(session, nudge)
            return
        item.state, item.reason = ItemState.HELD, BREAKER_OPEN
        session.add(item)
        if item.message_id is not None:
            conversations.mark_delivery(session, item.message_id, ItemState.HELD)
        session.flush()
        nudge_next(room.publisher, session, item.conversation_id, now)
    metrics.SENDS_HELD.inc()
    log = logger.bind(correlation_id=str(item.correlation_id), conversation_id=item.conversation_id)
    log.bind(kind=item.kind, state=str(ItemState.HELD), error=BREAKER_OPEN).error("item_not_delivered")


def _tell_breaker(permit: Permit, result: SendResult) -> None:
    """A refusal is an answer; silence, an answer that proves nothing and a fault of the server are failures."""
    unreachable = result.outcome is Outcome.NOT_SENT and result.status is None
    if result.outcome is Outcome.REFUSED and result.status is None:  # ours: nobody was asked
        permit.give_back()
    elif result.outcome is Outcome.UNKNOWN or unreachable or (result.status or 0) >= SERVER_ERRORS:
        permit.fail()
    else:
        permit.succeed()


def _claim(room: DispatchRoom, item_id: int) -> tuple[OutboxItem, int] | None:
    """Commit ``sending`` and the attempt before anything leaves; what nobody should hear any more is dropped."""
    now = room.clock.now()
    with transaction(room.engine) as session:
        item = attempts.claim_item(
            session, item_id, now=now, lease_seconds=LEASE_SECONDS, refused_seconds=MISCONFIGURED_WAIT_SECONDS
        )
        if item is None:
            _wait_for_channel(room, session, item_id, now)
            return None
        reason, attempt_id = begin_unless_dropped(
            session, conversations.hold_word(session, item.conversation_id), item, now
        )
        if reason:
            let_go(session, item, reason, now)
            nudge_next(room.publisher, session, item.conversation_id, now)
            return None
        return item, attempt_id


def _wait_for_channel(room: DispatchRoom, session: Session, item_id: int, now: datetime) -> None:
    """While Whaticket refuses our token one item a minute tries it, the others wait."""
    refused_at = attempts.refused_since(session, item_id)
    until = refused_at + timedelta(seconds=MISCONFIGURED_WAIT_SECONDS) if refused_at else now
    if until > now and store.postpone_item(session, item_id, until) is not None:
        wait = (until - now).total_seconds()
        after_commit(session, partial(room.publisher.publish, DELIVER_ITEM, str(item_id), wait))


def _hand_to_whaticket(room: DispatchRoom, item: OutboxItem) -> SendResult:
    if item.kind == Kind.TRANSFER:
        return hand_over(room.panel, room.department_id, item)
    return room.gateway.send_text(item.number, item.body)


def _settle(room: DispatchRoom, item: OutboxItem, attempt_id: int, result: SendResult) -> None:
    now = room.clock.now()
    if result.outcome is Outcome.ACCEPTED:
        if _settle_sent(room, item, attempt_id, result, now):
            _report(item, result, ItemState.SENT, now, said_before=False)
        return
    with transaction(room.engine) as session:
        again = result.outcome is Outcome.MISCONFIGURED and attempts.refused_since(session, item.id or 0) is not None
        attempts.end_attempt(session, attempt_id, now, result)
        state = STATE_OF[result.outcome]
        if state == ItemState.PENDING and now - item.created_at >= GIVE_UP_AFTER:
            state = ItemState.HELD
        changes = _changes(session, item, result, state, now)
        if not attempts.settle_item(session, item, state=state, **changes):
            logger.warning("delivery_fenced")
            return
        if item.message_id is not None:
            conversations.mark_delivery(session, item.message_id, state)
        if result.ticket_id is not None:
            conversations.note_ticket(session, item.conversation_id, result.ticket_id)
        if state != ItemState.UNCONFIRMED:  # what is in doubt holds back what follows
            nudge_next(room.publisher, session, item.conversation_id, now)
    _report(item, result, state, now, said_before=again)


def _settle_sent(room: DispatchRoom, item: OutboxItem, attempt_id: int, result: SendResult, now: datetime) -> bool:
    """Write down that it was taken, and nudge what follows; return whether the item was still ours."""
    with transaction(room.engine) as session:
        settled = attempts.settle_sent(session, item, attempt_id, now, result)
        if settled == "fenced":
            logger.warning("delivery_fenced")
            return False
        if result.ticket_id is not None:
            conversations.note_ticket(session, item.conversation_id, result.ticket_id)
        if settled == "more_waits":
            nudge_next(room.publisher, session, item.conversation_id, now, room.rules)
    return True


def _changes(
    session: Session, item: OutboxItem, result: SendResult, state: ItemState, now: datetime
) -> dict[str, object]:
    match state:
        case ItemState.PENDING:
            wait = _wait_seconds(result, attempts.count_attempts(session, item.id or 0))
            not_before = now + timedelta(seconds=wait)
            return {"reason": result.error, "not_before": not_before, "attempts": item.attempts - 1}
        case ItemState.HELD:  # given up, and surely not sent either
            return {"reason": result.error, "attempts": item.attempts - 1}
        case ItemState.UNCONFIRMED:
            return {"reason": result.error, "lease_until": now, "looks": 0, "look_at": now + FIRST_LOOK}
        case _:
            return {"reason": result.error}


def _wait_seconds(result: SendResult, attempts: int) -> float:
    if result.retry_after_seconds is not None:
        return result.retry_after_seconds
    if result.outcome is Outcome.MISCONFIGURED:
        return MISCONFIGURED_WAIT_SECONDS
    return BACKOFF_SECONDS[min(attempts, len(BACKOFF_SECONDS)) - 1]


def nudge_next(
    publisher: Publisher, session: Session, conversation_id: int, now: datetime, paced: OutboxSection | None = None
) -> None:
    """What follows in a conversation may go now, or after the time that a person would take to type it.

    Args:
        publisher: Takes the nudge.
        session: The caller's transaction.
        conversation_id: Where something was settled.
        now: The present moment.
        paced: The ``[outbox]`` section, where a bubble was just sent.
    """
    following = store.next_pending(session, conversation_id)
    if following is None:
        return
    typed_already = following.purpose == Purpose.ATTENDANT
    if paced is not None and following.kind == Kind.BUBBLE and not typed_already:
        following.not_before = max(following.not_before, now + timedelta(seconds=_typing(paced, following.body)))
        session.add(following)
    wait = max((following.not_before - now).total_seconds(), 0.0)
    after_commit(session, partial(publisher.publish, DELIVER_ITEM, str(following.id), wait))


def _typing(rules: OutboxSection, text: str) -> float:
    seconds = len(text) * rules.typing_ms_per_character / 1000
    return min(max(seconds, rules.typing_minimum_seconds), rules.typing_maximum_seconds)


def _report(item: OutboxItem, result: SendResult, state: ItemState, now: datetime, *, said_before: bool) -> None:
    accepted = result.outcome is Outcome.ACCEPTED
    if not accepted:
        metrics.WHATICKET_ERRORS.labels(outcome=result.outcome.value).inc()
    elif item.kind == Kind.BUBBLE:
        metrics.WHATICKET_SENT.inc()
        _tell_time(item, now)
    if state == ItemState.PENDING:
        metrics.WHATICKET_RETRIES.inc()
    if state == ItemState.HELD:
        metrics.SENDS_HELD.inc()
    alarming = (result.alert and not said_before) or state == ItemState.HELD
    told: dict[str, object] = {
        "outcome": str(result.outcome),
        "state": str(state),
        "status": result.status,
        "error": result.error,
    }
    told |= {"kind": item.kind, "item_id": item.id, "position": item.position, "attempts": item.attempts}
    told |= {"seconds": round((now - item.created_at).total_seconds(), 3)}
    if accepted and not alarming:
        tell_plainly("item_delivered", told, where=__name__)
    else:
        name = "item_delivered" if accepted else "item_not_delivered"
        logger.bind(**told).log("ERROR" if alarming else "WARNING", name)


def _tell_time(item: OutboxItem, now: datetime) -> None:
    """The first bubble of a reply is what the customer waited for, since the event that opened its turn."""
    if item.position > 0 or item.purpose != Purpose.REPLY:
        return
    metrics.observe_stage("delivered", (now - item.created_at).total_seconds(), item.correlation_id)
    asked_at = moment_of(item.correlation_id)
    if asked_at is not None:
        metrics.REPLY_LATENCY.observe(max((now - asked_at).total_seconds(), 0.0), item.correlation_id)
