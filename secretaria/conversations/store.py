"""The queries over contacts, conversations, messages and turns; the caller holds the transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from secretaria.conversations.models import (
    Author,
    Contact,
    Conversation,
    Direction,
    ErasedContact,
    Message,
    Mode,
    Turn,
    TurnState,
)
from secretaria.conversations.taken import TakenMessage
from secretaria.database.compiled import CompiledStatement
from secretaria.database.nudging import mark_nudged
from secretaria.privacy import keyed_hash
from secretaria.whaticket.flavours import fingerprint
from secretaria.whaticket.reading import Media

OPEN_STATES = (TurnState.WAITING, TurnState.ANSWERING)
UNSAID = ("superseded", "held", "dead")
AVERAGED_TURNS = 20
LAST = UUID(int=2**128 - 1)


def upsert_contact(session: Session, *, identity_key: str, number: str, name: str | None, now: datetime) -> int:
    """Find the contact by identity or create it, keeping the number as last received and the newest name.

    Returns:
        The contact's id.
    """
    fresh = insert(Contact).values(identity_key=identity_key, number=number, name=name, created_at=now)
    statement = fresh.on_conflict_do_update(
        index_elements=["identity_key"],
        set_={"number": fresh.excluded.number, "name": func.coalesce(fresh.excluded.name, col(Contact.name))},
    ).returning(col(Contact.id))
    return int(session.execute(statement).scalar_one())


def opted_out_before(session: Session, contact_id: int, moment: datetime) -> bool:
    """Say whether a person had asked for no automatic messages before a moment; the confirmation itself still goes."""
    since = session.exec(select(Contact.opted_out_at).where(Contact.id == contact_id)).one()
    return since is not None and since < moment


def erased_at(session: Session, identity: str) -> datetime | None:
    """Return when a person was erased, if ever; what was written until then is not kept again."""
    statement = select(ErasedContact.erased_at).where(ErasedContact.subject == keyed_hash(identity))
    return session.exec(statement).first()


def lock_conversation(session: Session, *, contact_id: int, channel: str, now: datetime) -> Conversation:
    """Return the contact's conversation on a channel, created if need be and locked until the transaction ends."""
    fresh = insert(Conversation).values(
        contact_id=contact_id,
        channel=channel,
        mode=Mode.AUTOMATIC,
        mode_changed_at=now,
        episode_at=now,
        last_seq=0,
        last_inbound_seq=0,
        last_message_at=now,
        lease_token=0,
        created_at=now,
    )
    found = fresh.on_conflict_do_update(
        index_elements=["contact_id", "channel"], set_={"channel": fresh.excluded.channel}
    )  # so that one statement finds, locks and returns it
    statement = found.returning(Conversation).execution_options(populate_existing=True)
    locked: Conversation = session.execute(statement).scalar_one()
    return locked


def load_conversation(session: Session, conversation_id: int) -> Conversation:
    """Return a conversation, locked until the transaction ends."""
    statement = select(Conversation).where(Conversation.id == conversation_id).with_for_update()
    return session.exec(statement.execution_options(populate_existing=True)).one()


@dataclass(frozen=True, slots=True)
class HeldWord:
    """Who has the word in a locked conversation; the attributes are those of ``Conversation``."""

    contact_id: int
    mode: str
    mode_changed_at: datetime
    person_spoke_at: datetime | None
    last_inbound_seq: int


HOLD_WORD = CompiledStatement("""
    SELECT contact_id, mode, mode_changed_at, person_spoke_at, last_inbound_seq
    FROM conversation WHERE id = :conversation_id FOR UPDATE
""")


def hold_word(session: Session, conversation_id: int) -> HeldWord:
    """Lock a conversation until the transaction ends, and return who has the word in it."""
    return HeldWord(*HOLD_WORD.one(session, {"conversation_id": conversation_id}))


def add_message(
    session: Session,
    conversation: Conversation,
    *,
    direction: Direction,
    author: Author,
    kind: str,
    text: str,
    sent_at: datetime,
    now: datetime,
    turn_id: int | None = None,
    event_id: UUID | None = None,
    provider_message_id: str | None = None,
    delivery: str = "",
    received_at: datetime | None = None,
    media: Media | None = None,
    attendant: str | None = None,
    request_id: str | None = None,
) -> Message:
    """Append a bubble to a locked conversation and move its positions forward."""
    conversation.last_seq += 1
    conversation.last_message_at = now
    if direction is Direction.INBOUND:
        conversation.last_inbound_seq = conversation.last_seq
    message = Message(
        conversation_id=_known(conversation.id),
        turn_id=turn_id,
        event_id=event_id,
        seq=conversation.last_seq,
        direction=direction,
        author=author,
        kind=kind,
        text=text,
        provider_message_id=provider_message_id,
        delivery=delivery,
        media_url=media.url if media else None,
        media_type=media.mime if media else None,
        media_seconds=media.seconds if media else None,
        attendant=attendant,
        request_id=request_id,
        sent_at=sent_at,
        received_at=received_at or now,
    )
    session.add_all([conversation, message])
    session.flush()
    return message


OPEN_ONE = CompiledStatement(
    "SELECT id FROM turn WHERE conversation_id = :conversation_id AND state IN ('waiting', 'answering')"
)


def open_turn(session: Session, conversation_id: int) -> Turn | None:
    """Return the turn of a conversation that is not closed yet, if there is one, as it is now that it is locked."""
    if OPEN_ONE.first(session, {"conversation_id": conversation_id}) is None:  # as for most
        return None
    statement = select(Turn).where(Turn.conversation_id == conversation_id, col(Turn.state).in_(OPEN_STATES))
    return session.exec(statement.with_for_update().execution_options(populate_existing=True)).first()


DUE_CONVERSATION = CompiledStatement("""
    SELECT conversation_id FROM turn WHERE id = :turn_id AND state IN ('waiting', 'answering') AND due_at <= :now
""")
START_TURN = CompiledStatement("UPDATE turn SET state = 'answering' WHERE id = :turn_id")


def conversation_of_due(session: Session, turn_id: int, now: datetime) -> int | None:
    """Return the conversation of a turn that is open and due; a first look, which locks nothing."""
    found = DUE_CONVERSATION.first(session, {"turn_id": turn_id, "now": now})
    return None if found is None else int(found.conversation_id)


def start_turn(session: Session, turn_id: int) -> None:
    """Note that a turn is being answered."""
    START_TURN.run(session, {"turn_id": turn_id})


def messages_of_turn(session: Session, turn_id: int) -> Sequence[Message]:
    """Return the customer's messages of a turn, by Whaticket's time and then by arrival."""
    statement = select(Message).where(Message.turn_id == turn_id, Message.direction == Direction.INBOUND)
    return session.exec(statement.order_by(col(Message.sent_at), col(Message.event_id))).all()


def by_arrival(burst: Sequence[TakenMessage]) -> list[TakenMessage]:
    """Return the messages of a turn in order of arrival; see ``arrivals_of_turn``."""
    return sorted(burst, key=lambda message: message.event_id or LAST)


def arrivals_of_turn(session: Session, turn_id: int) -> Sequence[Message]:
    """Return the customer's messages of a turn in order of arrival, which is the rhythm of the typing.

    An event's id is a UUID v7: it sorts by arrival even where many workers filed a backlog at once.
    """
    statement = select(Message).where(Message.turn_id == turn_id, Message.direction == Direction.INBOUND)
    return session.exec(statement.order_by(col(Message.event_id))).all()


LAST_OWN = CompiledStatement("""
    SELECT text FROM message
    WHERE conversation_id = :conversation_id AND author = 'secretary' AND delivery NOT IN ('superseded', 'held', 'dead')
    ORDER BY seq DESC LIMIT 1
""")


def last_own_text(session: Session, conversation_id: int) -> str:
    """Return the secretary's last bubble in a conversation; empty where she has not spoken."""
    found = LAST_OWN.first(session, {"conversation_id": conversation_id})
    return "" if found is None else str(found.text)


MEAN_OF_LAST = CompiledStatement(
    text("""
    SELECT COALESCE(avg(llm_seconds), 0) AS seconds
    FROM (SELECT llm_seconds FROM turn WHERE llm_seconds IS NOT NULL ORDER BY closed_at DESC LIMIT :turns) AS lately
""").bindparams(turns=AVERAGED_TURNS)
)


def mean_model_seconds(session: Session) -> float:
    """Return what the model took on average in the last turns it answered; 0 before the first."""
    return float(MEAN_OF_LAST.one(session, {}).seconds)


def late_messages(session: Session, turn_id: int, after_seq: int) -> Sequence[Message]:
    """Return the customer's messages of a turn that arrived after a position, in order of arrival."""
    statement = select(Message).where(
        Message.turn_id == turn_id, Message.direction == Direction.INBOUND, Message.seq > after_seq
    )
    return session.exec(statement.order_by(col(Message.seq))).all()


def said_since(session: Session, conversation_id: int, since: datetime, limit: int) -> Sequence[Message]:
    """Return the newest bubbles of a conversation since a moment, oldest first; what was never said is left out."""
    statement = (
        select(Message)
        .where(Message.conversation_id == conversation_id, col(Message.delivery).not_in(UNSAID))
        .where(col(Message.received_at) >= since)
        .order_by(col(Message.seq).desc())
        .limit(limit)
    )
    return list(reversed(session.exec(statement).all()))


def bind_echo(
    session: Session, conversation_id: int, *, text: str, provider_message_id: str | None, since: datetime
) -> bool:
    """Say whether an own message is one of ours, and if so write its WhatsApp id on the bubble it repeats.

    A bubble in doubt that got an id did arrive; the sweep then counts it as sent.

    Args:
        session: The caller's transaction.
        conversation_id: Where it was seen.
        text: What it says, which is compared by fingerprint.
        provider_message_id: Its WhatsApp id, where there is one.
        since: From when on our bubbles are compared.
    """
    statement = (
        select(Message)
        .where(Message.conversation_id == conversation_id, col(Message.received_at) >= since)
        .where(
            (col(Message.author) == Author.SECRETARY) | col(Message.attendant).is_not(None)
        )  # we sent it, whoever wrote it
        .order_by(col(Message.seq))
    )
    wanted = fingerprint(text)
    ours = [bubble for bubble in session.exec(statement).all() if fingerprint(bubble.text) == wanted]
    unbound = [bubble for bubble in ours if bubble.provider_message_id is None and bubble.delivery != "superseded"]
    seen_before = any(bubble.provider_message_id == provider_message_id for bubble in ours)
    if unbound and provider_message_id is not None and not seen_before:
        unbound[0].provider_message_id = provider_message_id
        session.add(unbound[0])
    return bool(ours)


def forgotten_turns(session: Session, *, now: datetime, age_seconds: float, limit: int) -> list[int]:
    """Mark as nudged, and return, the due turns whose nudge seems lost, the longest due first.

    A turn left ``answering`` by a worker that died counts once its conversation's lease has run out.
    """
    before = now - timedelta(seconds=age_seconds)
    leased = select(Conversation.id).where(
        Conversation.id == Turn.conversation_id, col(Conversation.lease_until) >= now
    )
    due = (
        select(Turn.id)
        .where(col(Turn.state).in_(OPEN_STATES), Turn.due_at <= now, ~leased.exists())
        .where(func.coalesce(Turn.nudged_at, Turn.due_at) < before)
        .order_by(col(Turn.due_at))
    )
    return mark_nudged(session, Turn, due, now=now, limit=limit)


def mark_delivery(session: Session, message_id: int, delivery: str) -> None:
    """Note on a bubble how its delivery stands."""
    session.execute(update(Message).where(col(Message.id) == message_id).values(delivery=delivery))


def note_ticket(session: Session, conversation_id: int, ticket_id: int) -> None:
    """Note at which ticket of Whaticket a conversation was last seen."""
    session.execute(update(Conversation).where(col(Conversation.id) == conversation_id).values(ticket_id=ticket_id))


def _known(identifier: int | None) -> int:
    if identifier is None:
        raise ValueError("the row has not been stored yet")
    return identifier
