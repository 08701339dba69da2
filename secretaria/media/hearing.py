"""Use case: one audio becomes words on its message, and its turn goes on; whatever dies on the way is taken up again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from loguru import logger
from sqlalchemy import Engine
from sqlmodel import Session

from secretaria import metrics
from secretaria.clock import Clock
from secretaria.conversations import store as conversations
from secretaria.conversations.models import Contact, Conversation, Turn, TurnState
from secretaria.conversations.timers import set_timer
from secretaria.conversations.transcripts import (
    MOST_ATTEMPTS,
    close_transcription,
    put_back,
    take_transcription,
)
from secretaria.crashpoints import crashpoint
from secretaria.database.transaction import after_commit, transaction
from secretaria.egress import AnswerRefused, DestinationRefused, DestinationUnavailable
from secretaria.llm.budget import BudgetUsedUp
from secretaria.llm.chat import ChatMisconfigured, ChatUnavailable
from secretaria.llm.transcriber import Transcriber
from secretaria.logs import telling_of
from secretaria.media.audio import audio_format, audio_seconds
from secretaria.media.files import FileNotFound, Files
from secretaria.queue.jobs import ANSWER_TURN, HEAR_AUDIO
from secretaria.queue.publisher import Publisher
from secretaria.settings import MediaSection, TurnsSection
from secretaria.whaticket.numbers import person_mark
from secretaria.whaticket.panel import PanelUnavailable

TAKEN_SECONDS = 45.0  # longer than a download and a transcription together take
RETRY_SECONDS = 2.0
LONGEST_TRANSCRIPT = 4000
NOT_STORED = 404  # some editions tell of a message before its file is there


class NotHeard(Exception):
    """An audio that will not become words.

    Attributes:
        outcome: Why, from ``metrics.HEARING_OUTCOMES``.
    """

    def __init__(self, outcome: str) -> None:
        super().__init__(outcome)
        self.outcome = outcome


class NotHeardYet(NotHeard):
    """The same, but another attempt may go better."""


@dataclass(frozen=True, slots=True)
class HearingRoom:
    """What listening needs to know.

    Attributes:
        media: Which audio is listened to.
        turns: How the timer of a turn is set once its audio was heard.
        files: Finds and downloads files.
        transcriber: Listens.
    """

    engine: Engine
    publisher: Publisher
    clock: Clock
    media: MediaSection
    turns: TurnsSection
    files: Files
    transcriber: Transcriber


@dataclass(frozen=True, slots=True)
class Audio:
    """An audio that a worker has taken.

    Attributes:
        number: Digits of the customer, by whom the panel finds the ticket.
        claimed_seconds: Its length, as the event claims it.
    """

    message_id: int
    conversation_id: int
    number: str
    url: str
    provider_message_id: str | None
    claimed_seconds: float | None
    attempts: int


def hear_audio(room: HearingRoom, message_id: int) -> None:
    """Listen to one audio, unless it is done or somebody else has it; a second run of the same nudge does nothing.

    Raises:
        DatabaseUnavailable: PostgreSQL went away; the sweep brings the audio back.
    """
    audio = _take(room, message_id)
    if audio is None:
        return
    contact = person_mark(audio.number)
    with telling_of(conversation_id=audio.conversation_id, message_id=message_id, contact=contact):
        crashpoint("K22")
        try:
            words = _listen(room, audio)
        except NotHeardYet as error:
            if audio.attempts < MOST_ATTEMPTS:
                _try_later(room, audio, error.outcome)
                return
            _close(room, audio, None, error.outcome)
        except NotHeard as error:
            _close(room, audio, None, error.outcome)
        else:
            crashpoint("K23")
            _close(room, audio, words, "heard")


def _take(room: HearingRoom, message_id: int) -> Audio | None:
    with transaction(room.engine) as session:
        taken = take_transcription(session, message_id, now=room.clock.now(), seconds=TAKEN_SECONDS)
        if taken is None:
            return None
        transcription, message = taken
        conversation = session.get_one(Conversation, message.conversation_id)
        return Audio(
            message_id=message_id,
            conversation_id=message.conversation_id,
            number=session.get_one(Contact, conversation.contact_id).number,
            url=message.media_url or "",
            provider_message_id=message.provider_message_id,
            claimed_seconds=message.media_seconds,
            attempts=transcription.attempts,
        )


def _listen(room: HearingRoom, audio: Audio) -> str:
    """Download, check and listen; no transaction is open here."""
    if audio.attempts > MOST_ATTEMPTS:  # whoever had it before was killed, or died of it
        raise NotHeard("worker_lost")
    if audio.claimed_seconds and audio.claimed_seconds > room.media.max_seconds:
        raise NotHeard("too_long")
    file = _download(room, audio)
    ending = audio_format(file)
    if ending is None:
        raise NotHeard("not_audio")
    seconds = audio_seconds(file, audio.claimed_seconds)
    if seconds > room.media.max_seconds:
        raise NotHeard("too_long")
    try:
        words = room.transcriber.transcribe(file, f"audio.{ending}", seconds, audio.conversation_id)
    except BudgetUsedUp as error:
        raise NotHeard("budget") from error
    except ChatMisconfigured as error:
        raise NotHeard("misconfigured") from error
    except ChatUnavailable as error:
        raise NotHeardYet("unavailable") from error
    words = words.replace("\0", "").encode(errors="ignore").decode().strip()[:LONGEST_TRANSCRIPT]
    if not words:
        raise NotHeard("silent")
    return words


def _download(room: HearingRoom, audio: Audio) -> bytes:
    try:
        return room.files.download(audio.url, audio.number, audio.provider_message_id)
    except FileNotFound as error:
        raise NotHeardYet("no_file") from error
    except DestinationRefused as error:
        raise NotHeard("refused_address") from error
    except AnswerRefused as error:
        if error.status == NOT_STORED:
            raise NotHeardYet("no_file") from error
        raise NotHeard("refused_answer") from error
    except (DestinationUnavailable, PanelUnavailable) as error:
        raise NotHeardYet("unavailable") from error


def _try_later(room: HearingRoom, audio: Audio, outcome: str) -> None:
    """Some editions tell of a message before its file is stored: a moment later it is there."""
    logger.bind(reason=outcome, attempts=audio.attempts).info("audio_put_back")
    with transaction(room.engine) as session:
        put_back(session, audio.message_id, until=room.clock.now() + timedelta(seconds=RETRY_SECONDS))
        after_commit(session, partial(room.publisher.publish, HEAR_AUDIO, str(audio.message_id), RETRY_SECONDS))


def _close(room: HearingRoom, audio: Audio, words: str | None, outcome: str) -> None:
    """Write what was heard and let the turn go on; the conversation is locked first, as everybody does."""
    now = room.clock.now()
    with transaction(room.engine) as session:
        conversations.load_conversation(session, audio.conversation_id)
        turn = conversations.open_turn(session, audio.conversation_id)
        reason = None if words is not None else outcome
        message = close_transcription(session, audio.message_id, transcript=words, reason=reason)
        if message is None:
            return
        if turn is not None and turn.id == message.turn_id and turn.state == TurnState.WAITING:
            _go_on(room, session, turn, now)
    metrics.TRANSCRIPTIONS.labels(outcome).inc()
    logger.bind(outcome=outcome).log("INFO" if words is not None else "WARNING", "audio_closed")


def _go_on(room: HearingRoom, session: Session, turn: Turn, now: datetime) -> None:
    set_timer(room.turns, session, turn)
    wait = max((turn.due_at - now).total_seconds(), 0.0)
    after_commit(session, partial(room.publisher.publish, ANSWER_TURN, str(turn.id), wait))
