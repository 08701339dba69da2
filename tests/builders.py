"""What tests are made of: rooms, knocks and rows with invented people in them."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, select
from sqlmodel import Session, SQLModel

from secretaria.audit.trail import Actor
from secretaria.clock import Clock
from secretaria.inbox.filing import FilingRoom, file_event
from secretaria.inbox.receive import Door, Knock, Receipt, receive_webhook
from secretaria.inbox.spool import Spool
from secretaria.queue.jobs import Job
from secretaria.settings import MediaSection, TurnsSection

SECRET = "segredo-de-teste-com-mais-de-32-bytes!"
TOKEN = "token-de-teste-da-url-0001"
NUMBER = "5520900000101"
OWNER, PARTNER = Actor("dona", "panel", "203.0.113.7"), Actor("sócio", "panel", "203.0.113.8")
NO_SPOOL = Spool(Path("/nonexistent"), max_bytes=0)


PLAIN_TURNS = TurnsSection(quiet_period_seconds=8, greetings=(), connectives=(), clear_answers=(), slow_typing_factor=1)
"""Turns whose silence does not depend on what is said."""


@dataclass(frozen=True, slots=True)
class Nudge:
    """One nudge that was published."""

    job: Job
    identifier: str
    delay_seconds: float


@dataclass
class PublishedNudges:
    """A publisher that keeps what it was given, so that a test can say what would run and when."""

    published: list[Nudge] = field(default_factory=list)

    def publish(self, job: Job, identifier: str, delay_seconds: float = 0.0) -> None:
        """Keep a nudge."""
        self.published.append(Nudge(job, identifier, delay_seconds))

    def publish_all(self, job: Job, identifiers: Sequence[str]) -> None:
        """Keep nudges."""
        self.published += [Nudge(job, identifier, 0.0) for identifier in identifiers]

    def of(self, job: Job) -> list[Nudge]:
        """Return the nudges of one job, oldest first."""
        return [nudge for nudge in self.published if nudge.job == job]


def a_door(engine: Engine, nudges: PublishedNudges, clock: Clock, spool: Spool | None = None) -> Door:
    """Build a door open to our secret and our token."""
    return Door(engine, nudges, clock, spool or NO_SPOOL, channel="principal", secrets=[SECRET], tokens=[TOKEN])


def a_filing_room(
    engine: Engine,
    nudges: PublishedNudges,
    clock: Clock,
    turns: TurnsSection | None = None,
    *,
    media: MediaSection | None = None,
    panel_has_files: bool = False,
) -> FilingRoom:
    """Build a filing room with the default turns; nobody listens to audio there unless told how."""
    return FilingRoom(engine, nudges, clock, turns or PLAIN_TURNS, media, panel_has_files)


def a_text(
    text: str = "oi", *, message_id: str = "3EB0000000000001", number: str = NUMBER, **key: object
) -> dict[str, Any]:
    """Build the event of a plain text, as saas posts it; keywords change its ``key``."""
    return {
        "key": {"remoteJid": f"{number}@s.whatsapp.net", "fromMe": False, "id": message_id, "participant": "", **key},
        "messageTimestamp": 1786453200,
        "pushName": "Juliana Prates",
        "broadcast": False,
        "message": {"conversation": text},
    }


def encoded(event: Mapping[str, object]) -> bytes:
    """Encode an event as it is posted."""
    return json.dumps(event).encode()


def signed(body: bytes, at: datetime, secret: str = SECRET) -> Knock:
    """Sign a body as a relay does."""
    timestamp = str(int(at.timestamp()))
    signature = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return Knock([(b"x-timestamp", timestamp.encode()), (b"x-signature", signature.encode())], body)


def with_token(event: Mapping[str, object], token: str = TOKEN) -> Knock:
    """Post an event as a Whaticket that only knows a URL."""
    return Knock([], encoded(event), path_token=token)


def receive_and_file(door: Door, room: FilingRoom, event: Mapping[str, object]) -> Receipt:
    """Walk one event through the door and into its conversation."""
    receipt = receive_webhook(door, with_token(event))
    file_received(room)
    return receipt


def file_received(room: FilingRoom) -> None:
    """File every event that waits, oldest first, as the worker would."""
    for row in rows(room.engine, "inbox_event"):
        if row["state"] == "received":
            file_event(room, row["id"])


def rows(engine: Engine, table: str) -> list[dict[str, Any]]:
    """Return every row of a table as the database has it, in order of its primary key."""
    selected = SQLModel.metadata.tables[table]
    with Session(engine) as session:
        found = session.execute(select(selected).order_by(*selected.primary_key.columns))
        return [dict(row) for row in found.mappings()]
