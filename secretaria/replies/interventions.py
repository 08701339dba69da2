"""What an operator may do to a row that stands still: try again, say that it arrived, drop it; each works once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from uuid import UUID

from sqlalchemy import Engine, update
from sqlmodel import Session, col, select

from secretaria import metrics
from secretaria.audit.trail import SYSTEM, Actor, note
from secretaria.clock import Clock
from secretaria.conversations import store as conversations
from secretaria.conversations.models import Conversation
from secretaria.database.transaction import after_commit, transaction
from secretaria.errors import Conflict
from secretaria.inbox.models import EventState, InboxEvent
from secretaria.inbox.receive import OWN_MESSAGE
from secretaria.outbox.delivery import nudge_next
from secretaria.outbox.dropping import SILENT_MODES
from secretaria.outbox.models import ItemState, OutboxItem, Purpose
from secretaria.queue.jobs import DELIVER_ITEM, FILE_EVENT
from secretaria.queue.publisher import Publisher
from secretaria.replies.backlog import DROPPED
from secretaria.replies.references import INBOX, OUTBOX, TURNS, Reference, find_row
from secretaria.whaticket.payload import decode_body, read_payload

RETRIED = "operator_retried"
ARRIVED = "operator_saw_it"
OPERATOR = "operator"
RETRY_HINT = "tentar de novo vale para eventos parked e para envios held ou dead"
ARRIVED_HINT = "--arrived vale para envios held ou unconfirmed"
DROP_HINT = "desistir vale para eventos parked e para envios held, unconfirmed ou dead"
TURN_HINT = "rodadas não são refeitas à mão: abertas andam sozinhas, e depois do fim a palavra é de uma pessoa"


class Intervention(StrEnum):
    """What an operator may decide about a row."""

    RETRY = "retry"
    ARRIVED = "arrived"
    DROP = "drop"


STATES: Mapping[tuple[str, Intervention], tuple[str, ...]] = {
    (INBOX, Intervention.RETRY): (EventState.PARKED,),
    (INBOX, Intervention.DROP): (EventState.PARKED,),
    (OUTBOX, Intervention.RETRY): (ItemState.HELD, ItemState.DEAD),
    (OUTBOX, Intervention.ARRIVED): (ItemState.HELD, ItemState.UNCONFIRMED),
    (OUTBOX, Intervention.DROP): (ItemState.HELD, ItemState.UNCONFIRMED, ItemState.DEAD),
}
"""In which states a decision is possible; elsewhere it is none."""


class NothingToDo(Conflict):
    """The row is in a state that leaves nothing to be done, perhaps because somebody did it a moment ago."""

    def __init__(self, reference: Reference, state: str, hint: str) -> None:
        super().__init__(f"{reference} está em {state}: nada a fazer", hint)


class SecretaryIsSilent(Conflict):
    """A person has the word, so a send put back now would only be dropped."""

    def __init__(self, reference: Reference) -> None:
        super().__init__(
            f"{reference}: a secretária está calada nesta conversa, o envio seria descartado",
            "escreva ao cliente pelo Whaticket, ou tente de novo quando a conversa voltar a ela",
        )


@dataclass(frozen=True, slots=True)
class InterventionRoom:
    """What an operator's decision needs to know."""

    engine: Engine
    publisher: Publisher
    clock: Clock
    actor: Actor = SYSTEM


def possible(reference: Reference, state: str, reason: str | None) -> tuple[Intervention, ...]:
    """Return what may be decided about a row as it stands; nothing where it moves by itself or has come to its end."""
    found = tuple(one for one in Intervention if state in STATES.get((reference.queue, one), ()))
    return tuple(one for one in found if one is not Intervention.DROP or reason != DROPPED)


def retry(room: InterventionRoom, reference: Reference) -> None:
    """Put a parked event, or a held or dead send, back in motion.

    Raises:
        NotFound: There is no such row.
        NothingToDo: Its state does not allow it; so it is for the second of two who ask.
        SecretaryIsSilent: A person has the word in the conversation.
        DatabaseUnavailable: PostgreSQL is away; nothing was done.
    """
    with transaction(room.engine) as session:
        if reference.queue == INBOX:
            moved = _file_again(room, session, reference.key)
        else:
            states = STATES[OUTBOX, Intervention.RETRY]
            moved = reference.queue == OUTBOX and _send_again(room, session, reference.key, states)
        if not moved:
            raise _nothing_to_do(session, reference, RETRY_HINT)
        note(session, room.actor, "queue.retried", str(reference), at=room.clock.now())


def confirm_arrived(room: InterventionRoom, reference: Reference) -> None:
    """Believe an operator who saw a doubtful send in Whaticket.

    Raises:
        NotFound: There is no such row.
        NothingToDo: It is not a send in doubt.
        DatabaseUnavailable: PostgreSQL is away; nothing was done.
    """
    now = room.clock.now()
    values = {"state": ItemState.SENT, "confirmed_by": OPERATOR, "reason": ARRIVED, "sent_at": now}
    with transaction(room.engine) as session:
        states = STATES[OUTBOX, Intervention.ARRIVED]
        if reference.queue != OUTBOX or not _settle(room, session, reference.key, states, values):
            raise _nothing_to_do(session, reference, ARRIVED_HINT)
        note(session, room.actor, "queue.confirmed", str(reference), at=now)
    metrics.SENDS_CONFIRMED.labels(by=OPERATOR).inc()


def drop(room: InterventionRoom, reference: Reference) -> None:
    """Give up a parked event, or a held, doubtful or dead send: nobody will look at it again.

    Raises:
        NotFound: There is no such row.
        NothingToDo: Its state does not allow it.
        DatabaseUnavailable: PostgreSQL is away; nothing was done.
    """
    with transaction(room.engine) as session:
        if reference.queue == INBOX:
            moved = _ignore(room, session, reference.key)
        else:
            states = STATES[OUTBOX, Intervention.DROP]
            values = {"state": ItemState.DEAD, "reason": DROPPED}
            moved = reference.queue == OUTBOX and _settle(room, session, reference.key, states, values)
        if not moved:
            raise _nothing_to_do(session, reference, DROP_HINT)
        note(session, room.actor, "queue.dropped", str(reference), at=room.clock.now())


def _file_again(room: InterventionRoom, session: Session, event_id: UUID | int) -> bool:
    """A mended reader may see what the old one did not, so the body is read again before it is filed again."""
    parked = select(InboxEvent).where(InboxEvent.id == event_id, InboxEvent.state == EventState.PARKED)
    event = session.exec(parked.with_for_update()).first()
    if event is None:
        return False
    event.state, event.failures, event.filed_at = EventState.RECEIVED, 0, None
    event.reason, event.nudged_at = _kept_reason(event), room.clock.now()
    session.add(event)
    after_commit(session, partial(room.publisher.publish, FILE_EVENT, str(event_id)))
    return True


def _kept_reason(event: InboxEvent) -> str | None:
    """What is not a customer's message, and yet changes who has the word, carries its reason as it did at the door."""
    try:
        reading = read_payload(decode_body(event.body))[event.item]
    except Exception:  # noqa: BLE001  # our reader still has its fault: filing says so and parks it again
        return None
    return reading.reason if reading.reason == OWN_MESSAGE or reading.closes_ticket else None


def _ignore(room: InterventionRoom, session: Session, event_id: UUID | int) -> bool:
    ignore = (
        update(InboxEvent)
        .where(col(InboxEvent.id) == event_id, col(InboxEvent.state) == EventState.PARKED)
        .values(state=EventState.IGNORED, reason=DROPPED, body=b"", filed_at=room.clock.now())
        .returning(col(InboxEvent.id))
    )
    return session.execute(ignore).first() is not None


def _send_again(room: InterventionRoom, session: Session, item_id: UUID | int, states: tuple[str, ...]) -> bool:
    now = room.clock.now()
    values = {
        "state": ItemState.PENDING, "reason": RETRIED, "not_before": now, "nudged_at": now, "lease_until": None,
        "looks": 0, "look_at": None, "inbound_seq": 0,
    }  # fmt: skip
    conversation_id = _move(session, item_id, states, values)
    if conversation_id is None:
        return False
    own_word = session.get_one(OutboxItem, item_id).purpose == Purpose.ATTENDANT
    if not own_word and session.get_one(Conversation, conversation_id).mode in SILENT_MODES:
        raise SecretaryIsSilent(Reference(OUTBOX, item_id))
    after_commit(session, partial(room.publisher.publish, DELIVER_ITEM, str(item_id)))
    return True


def _settle(
    room: InterventionRoom,
    session: Session,
    item_id: UUID | int,
    states: tuple[str, ...],
    values: Mapping[str, object],
) -> bool:
    """Bring a send to its end; what waited behind it may go now."""
    conversation_id = _move(session, item_id, states, {"lease_until": None, "look_at": None, **values})
    if conversation_id is None:
        return False
    nudge_next(room.publisher, session, conversation_id, room.clock.now())
    return True


def _move(session: Session, item_id: UUID | int, states: tuple[str, ...], values: Mapping[str, object]) -> int | None:
    """Change an item if it is still in one of some states, and what its message shows; return its conversation."""
    move = (
        update(OutboxItem)
        .where(col(OutboxItem.id) == item_id, col(OutboxItem.state).in_(states))
        .where((col(OutboxItem.state) != values["state"]) | col(OutboxItem.reason).is_distinct_from(values["reason"]))
        .values(values)
        .returning(col(OutboxItem.conversation_id), col(OutboxItem.message_id))
    )
    moved = session.execute(move).first()
    if moved is None:
        return None
    if moved.message_id is not None:
        conversations.mark_delivery(session, moved.message_id, str(values["state"]))
    return int(moved.conversation_id)


def _nothing_to_do(session: Session, reference: Reference, hint: str) -> NothingToDo:
    row = find_row(session, reference)
    return NothingToDo(reference, row.state, TURN_HINT if reference.queue == TURNS else hint)
