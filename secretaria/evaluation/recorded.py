"""The recorded turns of an installation, read without touching anything: which there are, and each with its business."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, text
from sqlmodel import Session, col, select

from secretaria.conversations.models import Contact, Conversation
from secretaria.database.transaction import transaction
from secretaria.knowledge.business import Persona
from secretaria.knowledge.snapshot import Business
from secretaria.knowledge.store import find_version, load_business
from secretaria.replies.models import Recording

AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Listed:
    """A recording as an estimate needs it.

    Attributes:
        calls: How often the model answered.
        prompt_tokens: What it read then.
        completion_tokens: What it wrote then.
    """

    id: int
    calls: int
    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True, slots=True)
class RecordedTurn:
    """A recording with what stands elsewhere.

    Attributes:
        number: The customer's own, which a reply may repeat.
        business: The version the turn was answered from; None where it was none of the database.
    """

    recording: Recording
    number: str
    business: Business | None


class Archive:
    """The recordings of one database."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._businesses: dict[int, Business] = {}

    def list(self, since: datetime | None = None, *, kept_only: bool = False) -> list[Listed]:
        """Return what was recorded since a moment, oldest first.

        Args:
            since: Only from this moment on; None for everything.
            kept_only: Only what somebody kept as a case.

        Raises:
            DatabaseUnavailable: PostgreSQL is away.
        """
        chosen = select(Recording.id, Recording.answers).order_by(col(Recording.id))
        if since is not None:
            chosen = chosen.where(col(Recording.created_at) >= since)
        if kept_only:
            chosen = chosen.where(col(Recording.kept_at).is_not(None))
        with reading(self.engine) as session:
            rows = session.exec(chosen.execution_options(yield_per=AT_ONCE))
            return [
                Listed(
                    identifier or 0,
                    sum(not answer["cause"] for answer in answers),
                    sum(answer["prompt_tokens"] for answer in answers),
                    sum(answer["completion_tokens"] for answer in answers),
                )
                for identifier, answers in rows
            ]

    def read(self, recording_id: int) -> RecordedTurn | None:
        """Return one recording; None where it was erased meanwhile.

        Raises:
            BusinessInvalid: A newer version of the program wrote the business.
            DatabaseUnavailable: PostgreSQL is away.
        """
        with reading(self.engine) as session:
            recording = session.get(Recording, recording_id)
            if recording is None:
                return None
            numbers = select(Contact.number).join(Conversation, col(Conversation.contact_id) == col(Contact.id))
            number = session.exec(numbers.where(col(Conversation.id) == recording.conversation_id)).one()
            version_id = recording.business_version_id
            if version_id is not None and version_id not in self._businesses:
                self._businesses[version_id] = load_business(session, version_id)
        business = None if version_id is None else self._businesses[version_id]
        return RecordedTurn(recording, number, business)

    def persona(self, version: str) -> Persona:
        """Return how the secretary speaks in a version.

        Raises:
            VersionNotFound: There is none of this number or fingerprint.
        """
        with reading(self.engine) as session:
            return load_business(session, find_version(session, version).id or 0).card.persona


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """Open a transaction in which PostgreSQL itself refuses to write.

    Raises:
        DatabaseUnavailable: PostgreSQL is away.
    """
    with transaction(engine) as session:
        session.execute(text("SET TRANSACTION READ ONLY"))
        yield session
