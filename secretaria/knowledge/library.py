"""What a process answers from: the published version, found by one cheap query a turn and read once."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from loguru import logger
from sqlalchemy import Engine
from sqlmodel import Session

from secretaria.clock import Clock
from secretaria.database.schema import require_schema
from secretaria.database.transaction import transaction
from secretaria.errors import SecretariaError
from secretaria.knowledge.folder import load_business_folder, read_folder
from secretaria.knowledge.snapshot import Business
from secretaria.knowledge.store import PublishedMeanwhile, load_business, publish, published_id, write_version

OURSELVES = "secretaria"
LATELY_SECONDS = 60.0


class Library(Protocol):
    """Whatever knows which business a turn is answered for."""

    def current(self, session: Session) -> Business:
        """Return what holds at this moment."""


@dataclass(frozen=True, slots=True)
class HeldLibrary:
    """One business, whatever is published: for a preview, a replay or an evaluation."""

    business: Business

    def current(self, session: Session) -> Business:
        """Return the business that is held."""
        del session
        return self.business


class PublishedLibrary:
    """The published version; while nothing is published yet, the configured folder is published first."""

    def __init__(self, engine: Engine, folder: Path, clock: Clock) -> None:
        self._engine = engine
        self._folder = folder
        self._clock = clock
        self._held: Business | None = None
        self._looked_at = float("-inf")

    def current(self, session: Session) -> Business:
        """Return what is published now, also if it was published a moment ago by another process.

        Raises:
            BusinessInvalid: Nothing is published and the configured folder cannot be.
        """
        version_id = published_id(session)
        if version_id is None:
            version_id = publish_folder(self._engine, self._folder, self._clock.now())
        held = self._held
        if held is None or held.version_id != version_id:
            held = load_business(session, version_id)
            self._held = held  # a version never changes, so whichever thread stores it last stores the same
            logger.bind(version=version_id, fingerprint=held.version).info("business_loaded")
        return held

    def ensure(self) -> Business:
        """Make sure that there is something to answer from.

        Raises:
            BusinessInvalid: Nothing is published and the configured folder cannot be.
            DatabaseUnavailable: PostgreSQL does not answer.
        """
        with transaction(self._engine) as session:
            return self.current(session)

    def look(self) -> Business:
        """Return what is published, or the configured folder where nothing is or PostgreSQL cannot be asked.

        Nothing is published by it.

        Raises:
            BusinessInvalid: There is no version to be had and the folder cannot be read.
        """
        with suppress(SecretariaError):
            require_schema(self._engine)
            with transaction(self._engine) as session:
                if published_id(session) is not None:
                    return self.current(session)
        return load_business_folder(self._folder)

    def lately(self) -> Business:
        """Return what was published a minute ago at most: for what every turn asks and hardly ever changes.

        Raises:
            BusinessInvalid: There is no version to be had and the folder cannot be read.
        """
        held = self._held
        if held is None or time.monotonic() - self._looked_at >= LATELY_SECONDS:
            held, self._looked_at = self.look(), time.monotonic()
        return held


def publish_folder(engine: Engine, folder: Path, now: datetime) -> int:
    """Publish a folder as the first version; of several processes that do so at once, one does.

    Returns:
        The version that is published afterwards.

    Raises:
        BusinessInvalid: The folder cannot be used.
        DatabaseUnavailable: PostgreSQL does not answer.
    """
    load_business_folder(folder)  # so that an error names the file in the folder
    snapshot = read_folder(folder)
    try:
        with transaction(engine) as session:
            written = write_version(
                session, snapshot, origin="folder", author=OURSELVES, note=str(folder), parent_id=None, now=now
            )
            publish(session, written.version_id or 0, over=None, by=OURSELVES, now=now)
    except PublishedMeanwhile:
        pass
    else:
        logger.bind(version=written.version_id, fingerprint=written.version).info("business_published")
    with transaction(engine) as session:
        return published_id(session) or 0
