"""Contacts, conversations, messages and turns, as they rest in PostgreSQL."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from secretaria.database.columns import MOMENT, one_of, words_index


class Mode(StrEnum):
    """Who has the word in a conversation."""

    AUTOMATIC = "automatic"
    WAITING = "waiting"
    ATTENDED = "attended"
    PAUSED = "paused"


class TurnState(StrEnum):
    """Where a turn stands; past participles are final."""

    WAITING = "waiting"
    ANSWERING = "answering"
    ANSWERED = "answered"
    HANDED_OFF = "handed_off"
    SILENCED = "silenced"
    DISCARDED = "discarded"


class Direction(StrEnum):
    """Which way a message travelled."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


class Author(StrEnum):
    """Who wrote a message."""

    CONTACT = "contact"
    SECRETARY = "secretary"
    ATTENDANT = "attendant"


OPEN_TURN = text("state IN ('waiting', 'answering')")


class Contact(SQLModel, table=True):
    """The person who writes; one row however the ninth digit comes.

    Attributes:
        identity_key: The number without its ninth digit (contract S10).
        number: The digits last received, kept as they came because that is where answers must go.
        opted_out_at: Since when the person wants no automatic messages.
        told_privacy_at: When the person was told that an automatic attendant answers, and who is responsible.
    """

    __tablename__ = "contact"
    __table_args__ = (
        UniqueConstraint("identity_key", name="contact_identity"),
        words_index("contact_words", "name"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    identity_key: str
    number: str
    name: str | None = None
    opted_out_at: datetime | None = Field(default=None, sa_type=MOMENT)
    told_privacy_at: datetime | None = Field(default=None, sa_type=MOMENT)
    created_at: datetime = Field(sa_type=MOMENT)


class ErasedContact(SQLModel, table=True):
    """A person whose data were erased on request: only a keyed hash, so that nothing older comes back.

    Attributes:
        subject: Keyed hash of the identity key.
        erased_at: What was written before is not filed any more, whatever brings it.
        tally: How many rows of which kind went, without anything of their content.
    """

    __tablename__ = "erased_contact"

    subject: str = Field(primary_key=True)
    erased_at: datetime = Field(sa_type=MOMENT)
    tally: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


class Conversation(SQLModel, table=True):
    """The exchange with one contact on one channel.

    Attributes:
        last_seq: Position of its newest message; the next one takes the number after it.
        last_inbound_seq: Position of the customer's newest message: the gate before a reply compares it.
        lease_token: Fencing token; whoever holds an older one may not write.
        lease_until: Until when a worker has this conversation to itself.
        person_spoke_at: When an attendant last wrote, from the panel, Whaticket or the phone.
        holder: The account of whoever took it here; None while nobody did, also where somebody answers from the phone.
        held_at: Since when.
        episode_at: When the present episode began: the conversation was new, or the one before had ended.
        noticed_at: When the customer was last told, while waiting for a person, that one will come.
        apologised_at: When the secretary last said that it could not prepare an answer.
        ticket_id: Whaticket's ticket, where an event or a transfer told it; the last one told.
    """

    __tablename__ = "conversation"
    __table_args__ = (
        UniqueConstraint("contact_id", "channel", name="conversation_of_contact"),
        Index("conversation_last_message", "last_message_at"),
        Index("conversation_with_people", "mode", postgresql_where=text("mode IN ('waiting', 'attended')")),
        one_of("mode", Mode),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    contact_id: int = Field(foreign_key="contact.id", sa_type=BigInteger)
    channel: str
    mode: str = Mode.AUTOMATIC
    mode_changed_at: datetime = Field(sa_type=MOMENT)
    person_spoke_at: datetime | None = Field(default=None, sa_type=MOMENT)
    holder: str | None = None
    held_at: datetime | None = Field(default=None, sa_type=MOMENT)
    episode_at: datetime = Field(sa_type=MOMENT)
    noticed_at: datetime | None = Field(default=None, sa_type=MOMENT)
    apologised_at: datetime | None = Field(default=None, sa_type=MOMENT)
    ticket_id: int | None = None
    last_seq: int = 0
    last_inbound_seq: int = 0
    last_message_at: datetime = Field(sa_type=MOMENT)
    lease_token: int = Field(default=0, sa_type=BigInteger)
    lease_until: datetime | None = Field(default=None, sa_type=MOMENT)
    created_at: datetime = Field(sa_type=MOMENT)


class Turn(SQLModel, table=True):
    """The customer's messages that are answered together.

    Attributes:
        correlation_id: The inbox event that opened it; every log line of the turn carries it.
        due_at: When it may be answered; the row is the timer.
        deadline_at: When it is answered even if the customer is still typing.
        restarts: Drafts thrown away because a newer message came.
        failures: Attempts that ended in an error of ours.
        reason: Why it ended in silence or with a person.
        llm_seconds: How long the model took; their mean says how much of the silence is already spent on it.
    """

    __tablename__ = "turn"
    __table_args__ = (
        Index("turn_one_open", "conversation_id", unique=True, postgresql_where=OPEN_TURN),
        Index("turn_due", "due_at", postgresql_where=OPEN_TURN),
        Index("turn_closed", "closed_at", postgresql_where=text("llm_seconds IS NOT NULL")),
        one_of("state", TurnState),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    conversation_id: int = Field(foreign_key="conversation.id", sa_type=BigInteger, index=True)
    correlation_id: UUID
    state: str = TurnState.WAITING
    reason: str | None = None
    opened_at: datetime = Field(sa_type=MOMENT)
    due_at: datetime = Field(sa_type=MOMENT)
    deadline_at: datetime = Field(sa_type=MOMENT)
    messages: int = 1
    restarts: int = 0
    failures: int = 0
    llm_seconds: float | None = None
    nudged_at: datetime | None = Field(default=None, sa_type=MOMENT)
    closed_at: datetime | None = Field(default=None, sa_type=MOMENT)


class Hearing(StrEnum):
    """How the listening to an audio stands; past participles are final."""

    WAITING = "waiting"
    HEARD = "heard"
    FAILED = "failed"


class Transcription(SQLModel, table=True):
    """An audio that is to be turned into words; its turn waits for it for a while, and goes on without it.

    Attributes:
        turn_until: Until when the turn waits.
        taken_until: Until when the worker that has it is left alone; whoever comes later may take it over.
        attempts: How often it was taken; the last one too many gives it up.
        reason: Why it was given up: a code, never content.
    """

    __tablename__ = "transcription"
    __table_args__ = (
        Index("transcription_waiting", "created_at", postgresql_where=text("state = 'waiting'")),
        one_of("state", Hearing),
    )

    message_id: int = Field(
        primary_key=True,
        foreign_key="message.id",
        ondelete="CASCADE",
        sa_type=BigInteger,
        sa_column_kwargs={"autoincrement": False},
    )
    state: str = Hearing.WAITING
    reason: str | None = None
    attempts: int = 0
    turn_until: datetime = Field(sa_type=MOMENT)
    taken_until: datetime | None = Field(default=None, sa_type=MOMENT)
    nudged_at: datetime | None = Field(default=None, sa_type=MOMENT)
    created_at: datetime = Field(sa_type=MOMENT)


class Message(SQLModel, table=True):
    """One bubble, whoever wrote it.

    Attributes:
        seq: Position in the conversation, in order of arrival.
        sent_at: Whaticket's time, or the arrival where it gave none.
        delivery: For our own bubbles, the state of their outbox item; empty for received ones.
        media_url: Where its file may be found; empty where only Whaticket's panel can tell; None without a file.
        media_type: The type of the file, as the event claims it.
        media_seconds: The length of the file, as the event claims it.
        transcript: What an audio says, as a model heard it; None where nobody listened.
        attendant: The account of whoever wrote it here; None for what came from the phone or from Whaticket.
        request_id: What makes it the same message when it is asked for twice.
    """

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("conversation_id", "seq", name="message_position"),
        Index("message_once", "request_id", unique=True, postgresql_where=text("request_id IS NOT NULL")),
        Index("message_of_episode", "conversation_id", "received_at"),
        Index("message_kept", "received_at", postgresql_where=text("text <> '' OR transcript IS NOT NULL")),
        words_index("message_words", "text"),
        words_index("message_transcript", "transcript", where="transcript IS NOT NULL"),
        one_of("direction", Direction),
        one_of("author", Author),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    conversation_id: int = Field(foreign_key="conversation.id", sa_type=BigInteger)
    turn_id: int | None = Field(default=None, foreign_key="turn.id", sa_type=BigInteger, index=True)
    event_id: UUID | None = None
    seq: int
    direction: str
    author: str
    kind: str
    text: str
    provider_message_id: str | None = None
    delivery: str = ""
    media_url: str | None = None
    media_type: str | None = None
    media_seconds: float | None = None
    transcript: str | None = None
    attendant: str | None = None
    request_id: str | None = None
    sent_at: datetime = Field(sa_type=MOMENT)
    received_at: datetime = Field(sa_type=MOMENT)

    @property
    def words(self) -> str:
        """What was written, and what was said where somebody listened."""
        return words_of(self.text, self.transcript)


def words_of(text: str, transcript: str | None) -> str:
    """Return what a bubble says: what was written, and what was heard of it."""
    return "\n".join(filter(None, (text, transcript)))


class EpisodeState(StrEnum):
    """Where the summary of an ended episode stands."""

    ENDED = "ended"
    SUMMARISING = "summarising"
    SUMMARISED = "summarised"
    UNSUMMARISED = "unsummarised"


class Episode(SQLModel, table=True):
    """An ended stretch of a conversation and what is left of it.

    Attributes:
        ending: ``silence``, ``closed`` (the ticket) or ``returned`` (a person had it, and time gave it back).
        summary: A few sentences, written by the model in the background; None where that failed.
        satisfaction: Inferred from the whole, apart from what a customer says outright.
        pending: What was left open, one line each.
    """

    __tablename__ = "episode"
    __table_args__ = (
        UniqueConstraint("conversation_id", "began_at", name="episode_once"),
        Index("episode_unsummarised", "id", postgresql_where=text("state IN ('ended', 'summarising')")),
        Index("episode_of_contact", "contact_id", "ended_at"),
        Index("episode_satisfaction", "id", postgresql_where=text("satisfaction IS NOT NULL")),
        one_of("state", EpisodeState),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    conversation_id: int = Field(foreign_key="conversation.id", sa_type=BigInteger)
    contact_id: int = Field(foreign_key="contact.id", sa_type=BigInteger)
    began_at: datetime = Field(sa_type=MOMENT)
    ended_at: datetime = Field(sa_type=MOMENT)
    ending: str
    state: str = EpisodeState.ENDED
    summary: str | None = None
    resolved: bool | None = None
    satisfaction: str | None = None
    pending: list[str] = Field(default_factory=list, sa_type=JSON)
    model: str | None = None
    tries: int = 0
    claimed_until: datetime | None = Field(default=None, sa_type=MOMENT)
    nudged_at: datetime | None = Field(default=None, sa_type=MOMENT)


class FeedRow(SQLModel, table=True):
    """Something that happened in a conversation: which row, and codes; written by triggers, read by ``feed.py``.

    Attributes:
        xid: The transaction that wrote it; entries become visible when it commits, in whatever order.
        row_id: The reply, note, fact or outbox item it is about.
    """

    __tablename__ = "feed_entry"
    __table_args__ = (Index("feed_entry_order", "xid", "id"), Index("feed_entry_at", "at"))

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    xid: int = Field(
        default=None,
        sa_type=BigInteger,
        sa_column_kwargs={"server_default": text("(pg_current_xact_id()::text)::bigint")},
    )
    at: datetime = Field(default=None, sa_type=MOMENT, sa_column_kwargs={"server_default": text("clock_timestamp()")})
    kind: str
    conversation_id: int | None = Field(default=None, sa_type=BigInteger)
    message_id: int | None = Field(default=None, sa_type=BigInteger)
    turn_id: int | None = Field(default=None, sa_type=BigInteger)
    row_id: int | None = Field(default=None, sa_type=BigInteger)
    state: str | None = None
    reason: str | None = None


class SecretaryPause(SQLModel, table=True):
    """While this row stands the secretary says nothing to anybody."""

    __tablename__ = "secretary_pause"
    __table_args__ = (one_of("scope", ("all",)),)

    scope: str = Field(default="all", primary_key=True)
    paused_by: str
    paused_at: datetime = Field(sa_type=MOMENT)
