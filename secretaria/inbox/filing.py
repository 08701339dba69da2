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
from secretaria.conversations.arriving import Place, begin_turn, keep_message, take_place
from secretaria.conversations.episodes import end_episode
from secretaria.conversations.handoff import give_back, person_spoke
from secretaria.conversations.models import Author, Direction, Mode
from secretaria.conversations.timers import due_of_first, set_timer
from secretaria.conversations.transcripts import expect_transcript
from secretaria.conversations.turns import Typed, deadline_of
from secretaria.database.transaction import after_commit, transaction
from secretaria.errors import Unavailable
from secretaria.inbox import store
from secretaria.inbox.flooding import tell_of_flood
from secretaria.inbox.models import EventState
from secretaria.inbox.store import Received
from secretaria.logs import tell_plainly
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
        event = store.take_received(session, event_id)
        if event is None:
            return
        if event.nudged_at is not None and not counted:
            raise _Forgotten
        now = room.clock.now()
        reading = read_payload(decode_body(event.body))[event.item]
        state, reason = _sort(room, session, event, reading, now)
        store.close_event(session, event.id, state, reason, now)
        took = (now - event.received_at).total_seconds()
        after_commit(session, partial(metrics.observe_stage, "filed", took, event.id))
        contact = person_mark(reading.number) if reading.number else None
        tell_plainly("event_filed", {"state": state, "reason": reason, "contact": contact}, where=__name__)


def _sort(
    room: FilingRoom, session: Session, event: Received, reading: Reading, now: datetime
) -> tuple[EventState, str | None]:
    """Do what an event asks for, and return what became of it and why."""
    if event.reason is None and reading.outcome == "message" and reading.number:
        if _file_message(room, session, event, reading, now):
            return EventState.FILED, None
        return EventState.IGNORED, ERASED
    if _was_erased(session, event, reading):
        return EventState.IGNORED, ERASED
    if event.reason is not None:
        file_ignored = _file_closing if reading.closes_ticket else _file_own_message
        file_ignored(room, session, event, reading, now)
        return EventState.IGNORED, event.reason
    return EventState.PARKED, reading.reason or "not_a_message"


def _was_erased(session: Session, event: Received, reading: Reading) -> bool:
    """What a person wrote before they were erased is not kept again, whatever brings it: a spool, a retry, a catch-up."""
    if not reading.number:
        return False
    erased_at = conversations.erased_at(session, identity_key(reading.number))
    return erased_at is not None and (reading.sent_at or event.received_at) <= erased_at


def _file_message(room: FilingRoom, session: Session, event: Received, reading: Reading, now: datetime) -> bool:
    """Keep a customer's message and set the timer of its turn; return whether it was, for who was erased is not heard."""
    number, written_at = reading.number or "", reading.sent_at or event.received_at
    place = take_place(session, reading, number=number, channel=event.channel, written_at=written_at, now=now)
    if place is None:
        return False
    turn = conversations.open_turn(session, place.conversation_id) if place.seq > 1 else None
    heard = _is_to_be_heard(room, reading)
    if turn is None:
        turn_id, due_at = _open_turn(room, session, place, event, reading, now)
    else:  # a turn under way takes the message in: its draft will be found stale and made again with everything
        turn_id = turn.id or 0
    message_id = keep_message(
        session, place, reading, turn_id=turn_id, event_id=event.id, received_at=event.received_at, now=now
    )
    tell_of_flood(session, place, number, room.flood_messages, now)
    if heard and room.media is not None:
        expect_transcript(session, message_id, now=now, wait_seconds=room.media.wait_seconds)
        after_commit(session, partial(room.publisher.publish, HEAR_AUDIO, str(message_id)))
    if turn is not None:
        set_timer(room.turns, session, turn)
        due_at = turn.due_at
    wait = max((due_at - now).total_seconds(), 0.0)
    after_commit(session, partial(room.publisher.publish, ANSWER_TURN, str(turn_id), wait))
    return True


def _open_turn(
    room: FilingRoom, session: Session, place: Place, event: Received, reading: Reading, now: datetime
) -> tuple[int, datetime]:
    """Open a turn for its first message; return it, and when it is due."""
    deadline = deadline_of(room.turns, event.received_at)
    first = Typed(reading.kind or "text", reading.text, event.received_at)
    due = due_of_first(room.turns, session, place.conversation_id, first, deadline, new=place.seq == 1)
    if room.media is not None and _is_to_be_heard(room, reading):
        due = max(due, now + timedelta(seconds=room.media.wait_seconds))
    turn_id = begin_turn(session, place.conversation_id, event.id, due_at=due, deadline_at=deadline, now=now)
    return turn_id, due


def _is_to_be_heard(room: FilingRoom, reading: Reading) -> bool:
    """Say whether somebody listens to an audio, which needs its file to be found at all."""
    findable = (reading.media and reading.media.url) or (room.panel_has_files and reading.message_id)
    return room.media is not None and room.media.transcribe and reading.kind == AUDIO and bool(findable)


def _file_own_message(room: FilingRoom, session: Session, event: Received, reading: Reading, now: datetime) -> None:
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


def _file_closing(room: FilingRoom, session: Session, event: Received, reading: Reading, now: datetime) -> None:  # noqa: ARG001  # as above
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
