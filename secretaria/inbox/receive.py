"""Use case of the door: is it authentic, can it be read, keep it; then, and only then, a receipt."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

import uuid_utils.compat
from loguru import logger
from msgspec import Struct
from sqlalchemy import Engine

from secretaria.clock import Clock
from secretaria.crashpoints import crashpoint
from secretaria.errors import Rejected
from secretaria.inbox.group_commit import GroupCommit
from secretaria.inbox.keeping import BODY_KEY, keep
from secretaria.inbox.models import Arrival, EventState
from secretaria.inbox.spool import Spool
from secretaria.queue.publisher import Publisher
from secretaria.whaticket.payload import decode_body, read_payload
from secretaria.whaticket.reading import Reading
from secretaria.whaticket.signature import presented_tokens, verify_signed, verify_token

LONGEST_ID = 200
MOST_ITEMS = 500
QUICKLY_READ = 16 * 1024  # bytes; what is longer is read in a thread, so that others need not wait for it
OWN_MESSAGE = "from_me"
SIGNED_HEADERS = frozenset({b"x-signature", b"x-timestamp"})


class PayloadUnusable(Rejected):
    """The payload is an object, but nobody could be answered.

    Attributes:
        reason: Code from a closed set.
    """

    def __init__(self, reason: str) -> None:
        super().__init__("o evento não traz uma mensagem com número de telefone utilizável")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Door:
    """What the door needs to know.

    Attributes:
        spool: Where events wait while PostgreSQL is away.
        channel: Name of the Whaticket connection whose events come here.
        secrets: HMAC secrets in force; none closes the signed way.
        tokens: URL tokens in force; none closes the unsigned way.
    """

    engine: Engine
    publisher: Publisher
    clock: Clock
    spool: Spool
    channel: str
    secrets: Sequence[str]
    tokens: Sequence[str]


@dataclass(slots=True)  # not frozen, as ``Arrival``
class Knock:
    """One request as it came: raw header pairs (lower-case names), raw body, raw query, token of the path if any."""

    headers: Sequence[tuple[bytes, bytes]]
    body: bytes
    query: bytes = b""
    path_token: str | None = None


class Receipt(Struct, frozen=True):
    """What is answered: the event kept, or why nothing was queued; with neither, all of it was here before.

    Attributes:
        event: The first event that is new and kept.
        ignored: Why nothing in the body is for us; empty otherwise.
    """

    event: UUID | None = None
    ignored: str = ""


async def receive_together(door: Door, commits: GroupCommit, knock: Knock, steps: dict[str, float]) -> Receipt:
    """Take one request in, with one commit for all that wait at the same moment.

    Args:
        door: What the door needs.
        commits: Who keeps it.
        knock: The request.
        steps: Seconds by step are added, those of the step that failed too: ``read`` (authenticated and understood), ``kept``
            (on its way to PostgreSQL or to the spool).

    Returns:
        A receipt; by then every event of the body is committed, or on the disk while PostgreSQL is away.

    Raises:
        SignatureInvalid: The request is not authentic; nothing of it is kept.
        PayloadUnreadable: The body is not a JSON object.
        PayloadUnusable: Nobody can be answered.
        DoorCrowded: Too many requests wait to be kept.
        SpoolFull: The event could be kept nowhere.
    """
    begun = time.perf_counter()
    try:
        if len(knock.body) <= QUICKLY_READ:
            arrivals = _read(door, knock)
        else:
            arrivals = await asyncio.to_thread(_read, door, knock)
    finally:
        read_at = time.perf_counter()
        steps["read"] = read_at - begun
    try:
        kept = await commits.keep(arrivals)
    finally:
        steps["kept"] = time.perf_counter() - read_at
    crashpoint("K6")
    return _receipt(arrivals, kept)


def receive_webhook(door: Door, knock: Knock) -> Receipt:
    """Take one request in, as ``receive_together`` does, where no server collects those of many.

    Raises:
        SignatureInvalid: The request is not authentic; nothing of it is kept.
        PayloadUnreadable: The body is not a JSON object.
        PayloadUnusable: Nobody can be answered.
        SpoolFull: The event could be kept nowhere.
    """
    arrivals = _read(door, knock)
    kept = keep(door.engine, door.publisher, door.spool, arrivals)
    return _receipt(arrivals, kept)


def authenticate(door: Door, knock: Knock) -> str | None:
    """Check the raw request, failing closed.

    Returns:
        The signature of a signed request, None for one that came with a token.

    Raises:
        SignatureInvalid: Neither way holds.
    """
    signed = any(name in SIGNED_HEADERS for name, _ in knock.headers)
    if knock.path_token is None and signed:
        return verify_signed(knock.headers, knock.body, door.secrets, door.clock.now())
    verify_token(presented_tokens(knock.path_token, knock.headers, knock.query), door.tokens)
    return None


def _read(door: Door, knock: Knock) -> list[Arrival]:
    """Return the events of a request that is authentic."""
    crashpoint("K1")
    signature = authenticate(door, knock)
    sent_at = _sent_at(door, knock, signature)
    arrivals = _arrivals(door, knock.body, signature, sent_at)
    crashpoint("K2")
    return arrivals


def _sent_at(door: Door, knock: Knock, signature: str | None) -> datetime:
    """Return the moment that was signed, which no replay can change; the arrival where nothing is signed."""
    if signature is None:
        return door.clock.now()
    return datetime.fromtimestamp(int(dict(knock.headers)[b"x-timestamp"]), UTC)


def _arrivals(door: Door, body: bytes, signature: str | None, sent_at: datetime) -> list[Arrival]:
    """Turn a body into events, one for each message it carries; what nobody could answer is not among them."""
    payload = decode_body(body)
    try:
        readings = read_payload(payload, closely=False)
    except Exception as error:  # noqa: BLE001  # an authentic event is never dropped because our reader has a fault
        logger.bind(error=type(error).__name__).error("payload_not_understood")
        parked = _event(door, body, signature, sent_at, 0, None)
        return [replace(parked, state=EventState.PARKED, reason=type(error).__name__)]
    if len(readings) > MOST_ITEMS:
        raise PayloadUnusable("too_many_items")
    if all(reading.outcome == "rejected" for reading in readings):
        raise PayloadUnusable(readings[0].reason)
    return [
        _event(door, body, signature, sent_at, item, reading)
        for item, reading in enumerate(readings)
        if reading.outcome != "rejected"
    ]


def _event(
    door: Door, body: bytes, signature: str | None, sent_at: datetime, item: int, reading: Reading | None
) -> Arrival:
    """Describe one event; what changes who has the word is kept to be looked at, of the rest only the reason."""
    ignored = reading is not None and reading.outcome == "ignored"
    to_look_at = reading is None or not ignored or _changes_who_speaks(reading)
    return Arrival(
        id=uuid_utils.compat.uuid7(),
        channel=door.channel,
        dedupe_key=_message_key(reading, to_look_at=to_look_at) or _body_key(body, item, sent_at),
        signature=signature,
        item=item,
        state=EventState.RECEIVED if to_look_at else EventState.IGNORED,
        reason=reading.reason if reading and ignored else None,
        body=body if to_look_at else b"",
        received_at=door.clock.now(),
    )


def _changes_who_speaks(reading: Reading) -> bool:
    """An own message that says something may be a person's; a closed ticket gives the conversation back."""
    return (reading.reason == OWN_MESSAGE and reading.kind is not None) or reading.closes_ticket


def _message_key(reading: Reading | None, *, to_look_at: bool) -> str | None:
    """Return the message id as a key; one too long for an index, or spelt like our own keys, is known by its hash.

    What is ignored leaves the id free: WhatsApp sends a message that could not be decrypted again under the same id.
    """
    if reading is None or reading.message_id is None:
        return None
    key = reading.message_id
    if len(key) > LONGEST_ID or key.startswith(BODY_KEY):
        key = f"sha256:{hashlib.sha256(key.encode()).hexdigest()}"
    return key if to_look_at else f"{reading.reason}:{key}"


def _body_key(body: bytes, item: int, at: datetime) -> str:
    return f"{BODY_KEY}{hashlib.sha256(body).hexdigest()}:{item}:{int(at.timestamp())}"


def _receipt(arrivals: Sequence[Arrival], kept: Sequence[Arrival]) -> Receipt:
    queued = [event for event in kept if event.state == EventState.PARKED or event.reason is None]
    if queued:
        return Receipt(event=queued[0].id)
    reasons = [event.reason for event in arrivals if event.state != EventState.PARKED and event.reason]
    return Receipt(ignored=reasons[0] if len(reasons) == len(arrivals) and reasons[0] else "")
