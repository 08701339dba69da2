"""Use case behind the door: an event becomes contact, conversation, message and turn, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from loguru import logger
from sqlalchemy import Engine
from sqlmodel import Session

from secretaria import metrics
from secretaria.clock import Clock
from secretaria.conversations import store as conversations
from secretaria.conversations.episodes import end_episode
from secretaria.conversations.handoff import give_back, person_spoke
from secretaria.conversations.models import Author, Conversation, Direction, Message, Mode, Turn
from secretaria.conversations.timers import set_timer
from secretaria.conversations.transcripts import expect_transcript
from secretaria.conversations.turns import deadline_of
from secretaria.database.transaction import after_commit, transaction
from secretaria.errors import Unavailable
from secretaria.inbox import store
from secretaria.inbox.flooding import tell_of_flood
from secretaria.inbox.models import EventState, InboxEvent
from secretaria.queue.jobs import ANSWER_TURN, HEAR_AUDIO
from secretaria.queue.publisher import Publisher
from secretaria.settings import MediaSection, TurnsSection
from secretaria.whaticket.notices import is_notice
from secretaria.whaticket.numbers import identity_key, person_mark
from secretaria.whaticket.payload import decode_body, read_payload
from secretaria.whaticket.reading import Reading

MAX_FAILURES = 5
ERASED = "erased"
TRIED_TOO_OFTEN = "tried_too_often"
AUDIO = "audio"
ECHO_WINDOW = timedelta(hours=1)
FORK_MARK = "\u200e"  # forks begin their own automatic texts with it: no person wrote those (contract 2.7)


@dataclass(frozen=True, slots=True)
class FilingRoom:
    """What filing needs to know.

    Attributes:
        turns: How long a customer's silence must last.
        media: Which audio is listened to; None where nobody listens.
        panel_has_files: Whether a file of which the event tells no address can be looked up in Whaticket's panel.
        flood_messages: Messages of one contact in an hour beyond which the operator is told; 0 never tells.
    """

    engine: Engine
    publisher: Publisher
    clock: Clock
    turns: TurnsSection
    media: MediaSection | None = None
    panel_has_files: bool = False
    flood_messages: int = 0


def file_event(room: FilingRoom, event_id: UUID) -> None:
    """File one event; running it twice, or on two workers at once, files it once.

    Raises:
        DatabaseUnavailable: PostgreSQL went away; the event is still ``received``.
    """
    counted = False
    try:
        try:
            _file(room, event_id)
        except _Forgotten:
            counted = True
            if not _count_failure(room, event_id, TRIED_TOO_OFTEN):
                _file(room, event_id, counted=True)
    except Unavailable:
        raise
    except Exception as error:  # noqa: BLE001  # a poisonous event is counted and at last parked, never retried for ever
        logger.opt(exception=error).error("filing_failed")
        if not counted:
            _count_failure(room, event_id, type(error).__name__)


class _Forgotten(Exception):
    """An event that the sweep had to nudge may have killed the worker that had it, so this try is counted first."""


def _file(room: FilingRoom, event_id: UUID, *, counted: bool = False) -> None:
    with transaction(room.engine) as session:
        event = store.lock_received(session, event_id)
        if event is None:
            return
        if event.nudged_at is not None and not counted:
            raise _Forgotten
        now = room.clock.now()
        reading = read_payload(decode_body(event.body))[event.item]
        if event.reason is not None and not _was_erased(session, event, reading):
            file_ignored = _file_closing if reading.closes_ticket else _file_own_message
            file_ignored(room, session, event, reading, now)
            event.state, event.body = EventState.IGNORED, b""
        elif _was_erased(session, event, reading):
            event.state, event.reason, event.body = EventState.IGNORED, ERASED, b""
        elif reading.outcome == "message" and reading.number:
            _file_message(room, session, event, reading, now)
            event.state = EventState.FILED
        else:
            event.state, event.reason = EventState.PARKED, reading.reason or "not_a_message"
        event.filed_at = now
        session.add(event)
        took = (now - event.received_at).total_seconds()
        after_commit(session, partial(metrics.observe_stage, "filed", took, event.id))
        contact = person_mark(reading.number) if reading.number else None
        logger.bind(state=str(event.state), reason=event.reason, contact=contact).info("event_filed")


def _was_erased(session: Session, event: InboxEvent, reading: Reading) -> bool:
    """What a person wrote before they were erased is not kept again, whatever brings it: a spool, a retry, a catch-up."""
    if not reading.number:
        return False
    erased_at = conversations.erased_at(session, identity_key(reading.number))
    return erased_at is not None and (reading.sent_at or event.received_at) <= erased_at


def _file_message(room: FilingRoom, session: Session, event: InboxEvent, reading: Reading, now: datetime) -> None:
    number = reading.number or ""
    contact_id = conversations.upsert_contact(
        session, identity_key=identity_key(number), number=number, name=reading.name, now=now
    )
    conversation = conversations.lock_conversation(session, contact_id=contact_id, channel=event.channel, now=now)
    conversation.ticket_id = reading.ticket_id or conversation.ticket_id
    turn, opened = _open_or_join_turn(room.turns, session, conversation, event, now)
    message = conversations.add_message(
        session,
        conversation,
        direction=Direction.INBOUND,
        author=Author.CONTACT,
        kind=reading.kind or "text",
        text=reading.text,
        sent_at=min(reading.sent_at or now, now),  # a clock that runs ahead must not reorder a conversation
        now=now,
        turn_id=turn.id,
        event_id=event.id,
        provider_message_id=reading.message_id,
        received_at=event.received_at,
        media=reading.media,
    )
    tell_of_flood(session, conversation, number, room.flood_messages, now)
    _ask_to_hear(room, session, message, now)
    set_timer(room.turns, session, turn, only=message if opened else None)
    wait = max((turn.due_at - now).total_seconds(), 0.0)
    after_commit(session, partial(room.publisher.publish, ANSWER_TURN, str(turn.id), wait))


def _open_or_join_turn(
    rules: TurnsSection, session: Session, conversation: Conversation, event: InboxEvent, now: datetime
) -> tuple[Turn, bool]:
    """A turn under way takes the message in: its draft will be found stale and made again with everything.

    Returns:
        The turn, and whether this message opens it.
    """
    turn = conversations.open_turn(session, conversation.id or 0) if conversation.last_seq else None
    opened = turn is None
    if turn is None:
        deadline = deadline_of(rules, event.received_at)
        turn = Turn(
            conversation_id=conversation.id or 0,
            correlation_id=event.id,
            opened_at=now,
            due_at=deadline,
            deadline_at=deadline,
            messages=0,
        )
        session.add(turn)
        session.flush()
    return turn, opened


def _ask_to_hear(room: FilingRoom, session: Session, message: Message, now: datetime) -> None:
    """Let somebody listen to an audio, where its file can be found at all."""
    findable = message.media_url or (room.panel_has_files and message.provider_message_id)
    if room.media is None or not room.media.transcribe or message.kind != AUDIO or not findable:
        return
    expect_transcript(session, message, now=now, wait_seconds=room.media.wait_seconds)
    after_commit(session, partial(room.publisher.publish, HEAR_AUDIO, str(message.id)))


def _file_own_message(room: FilingRoom, session: Session, event: InboxEvent, reading: Reading, now: datetime) -> None:
    """An own message that we did not send was written by a person, from the phone or the panel: fall silent (S4)."""
    automatic = reading.text.startswith(FORK_MARK) or is_notice(reading.text)
    if not reading.number or reading.kind is None or automatic:
        return
    contact_id = conversations.upsert_contact(
        session, identity_key=identity_key(reading.number), number=reading.number, name=None, now=now
    )
    conversation = conversations.lock_conversation(session, contact_id=contact_id, channel=event.channel, now=now)
    conversation.ticket_id = reading.ticket_id or conversation.ticket_id
    since = now - ECHO_WINDOW
    if conversations.bind_echo(
        session, conversation.id or 0, text=reading.text, provider_message_id=reading.message_id, since=since
    ):
        return
    conversations.add_message(
        session,
        conversation,
        direction=Direction.OUTBOUND,
        author=Author.ATTENDANT,
        kind=reading.kind or "text",
        text=reading.text,
        sent_at=min(reading.sent_at or now, now),
        now=now,
        event_id=event.id,
        provider_message_id=reading.message_id,
    )
    person_spoke(session, conversation, room.clock.now())  # not before the lock: what was claimed first came first
    logger.info("person_spoke")


def _file_closing(room: FilingRoom, session: Session, event: InboxEvent, reading: Reading, now: datetime) -> None:  # noqa: ARG001  # as above
    """A person closed the ticket at Whaticket: the next message is the secretary's again."""
    if not reading.number:
        return
    contact_id = conversations.upsert_contact(
        session, identity_key=identity_key(reading.number), number=reading.number, name=None, now=now
    )
    conversation = conversations.lock_conversation(session, contact_id=contact_id, channel=event.channel, now=now)
    if conversation.mode == Mode.AUTOMATIC:
        end_episode(session, conversation, "closed", now)
    give_back(session, conversation, now, "closed")


def _count_failure(room: FilingRoom, event_id: UUID, error: str) -> bool:
    """Count a failure against an event.

    Returns:
        Whether it is parked now: it was one too many.
    """
    with transaction(room.engine) as session:
        event = store.lock_received(session, event_id)
        if event is None:
            return True
        event.failures += 1
        parked = event.failures >= MAX_FAILURES
        if parked:
            event.state, event.reason, event.filed_at = EventState.PARKED, error, room.clock.now()
        session.add(event)
    if parked:
        logger.bind(reason=error).error("event_parked")
    return parked
