"""What each edition of Whaticket can do, how it wants a text, and what each of its answers proves."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from fnmatch import fnmatchcase
from types import MappingProxyType

from secretaria.errors import SecretariaError
from secretaria.settings import Flavour
from secretaria.whaticket.gateway import Outcome, SendResult

# What an answer without a Whaticket error says instead of one.
PAGE = "(html)"
TEXT = "(text)"
CUT = "(broken json)"
UNLISTED = "(unlisted)"

MAX_UNITS = 4095  # under WhatsApp's 4 096, counted in UTF-16 units because that is the stricter count
ERROR_CODE = re.compile(r"ERR_[A-Z_]{2,60}")
LEADING_MARK = re.compile(r"^[\s\u200e]+")  # forks begin their automatic texts with U+200E and drop such echoes
BRACE_BEFORE_BRACE = re.compile(r"\{(?=\{)")
SPACED_BRACES = re.compile(r"\{\s+(?=\{)")
NAME_LINE = re.compile(r"^\*[^*\n]{1,100}:\*[^\S\n]*\n(?=\s*\S)")


class EmptyText(SecretariaError):
    """Nothing readable is left of a text; Whaticket would send an empty message and say 200."""

    def __init__(self) -> None:
        super().__init__("o texto não tem nada legível para enviar")


class Wait(Enum):
    """Waiting times that depend on the answer."""

    NEXT_MINUTE = "the limit counts whole minutes"
    AS_TOLD = "the row holds only where Retry-After says how long"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the contract: an answer, by status and error, and what it proves; both may hold wildcards."""

    status: str
    error: str
    outcome: Outcome
    wait: float | Wait | None = None
    alert: bool = False


ACCEPTED = Outcome.ACCEPTED
NOT_SENT = Outcome.NOT_SENT
MISCONFIGURED = Outcome.MISCONFIGURED
REFUSED = Outcome.REFUSED
UNKNOWN = Outcome.UNKNOWN
SHORT_WAIT = 15.0  # the WhatsApp page of the session is still loading
LONG_WAIT = 60.0  # somebody has to start the session again

# Looked at before anything is sent, so these prove that nothing was.
BEFORE_SENDING = (
    Row("400", "ERR_WAPP_NOT_INITIALIZED", NOT_SENT, LONG_WAIT, alert=True),
    Row("400", "ERR_WAPP_CHECK_CONTACT", NOT_SENT, SHORT_WAIT, alert=True),
    Row("400", "ERR_WAPP_INVALID_CONTACT", REFUSED),
)

COMMUNITY = (
    *BEFORE_SENDING,
    Row("400", "ERR_NO_DEF_WAPP_FOUND", NOT_SENT, LONG_WAIT, alert=True),
    Row("400", "number is a required field", REFUSED),
    Row("400", "Invalid number format. Only numbers is allowed.", REFUSED),
    Row("400", "whatsapp #* not found", REFUSED, alert=True),
    Row("400", "ERR_SENDING_WAPP_MSG", UNKNOWN),
    Row("401", "ERR_SESSION_EXPIRED", MISCONFIGURED, alert=True),
    Row("403", "Invalid token. We'll try to assign a new one on next request", MISCONFIGURED, alert=True),
    Row("404", "ERR_NO_TICKET_FOUND", REFUSED),
    Row("500", "Internal server error", NOT_SENT),  # only in this edition does it precede the send
)

SAAS = (
    *BEFORE_SENDING,
    Row("400", "ERR_NO_DEF_WAPP_FOUND in COMPANY *", NOT_SENT, LONG_WAIT, alert=True),
    Row("400", "ERR_CHECK_NUMBER", REFUSED),  # codatende: the look-up found no such number
    Row("400", "Não foi possível enviar a mensagem, tente novamente em alguns instantes", UNKNOWN),
    Row("400", "ERR_MESSAGE_SEND_FAILED", UNKNOWN),
    Row("400", "ERR_SENDING_WAPP_MSG", UNKNOWN),
    Row("400", "Connection Closed", UNKNOWN),
    Row("400", "Timed Out", UNKNOWN),
    Row("401", "Acesso não permitido", MISCONFIGURED, alert=True),
    Row("401", "ERR_INVALID_API_TOKEN", MISCONFIGURED, alert=True),
    Row("403", "ERR_PLAN_FEATURE_DISABLED", MISCONFIGURED, alert=True),
    Row("403", "ERR_COMPANY_DELINQUENT", MISCONFIGURED, alert=True),
    Row("404", "ERR_NO_TICKET_FOUND", REFUSED),
    Row("429", "ERR_RATE_LIMIT_EXCEEDED", NOT_SENT, Wait.NEXT_MINUTE),
    Row("500", "*", UNKNOWN),
)

TICKETZ = (
    Row("400", "ERR_SYNTAX", REFUSED, alert=True),
    Row("401", "Acesso não permitido", MISCONFIGURED, alert=True),
    Row("402", "ERR_SUBSCRIPTION_EXPIRED", MISCONFIGURED, alert=True),
    Row("404", "ERR_WHATSAPP_NOT_FOUND", MISCONFIGURED, alert=True),
    Row("500", "ERR_INTERNAL_ERROR", UNKNOWN),  # also an invalid number or a dead session
)

# The first row that fits stands, those of the edition before these. What no row knows may have been sent.
EVERYWHERE = (
    Row("200", "", ACCEPTED),
    Row("200", TEXT, ACCEPTED),
    Row("2??", "*", UNKNOWN, alert=True),  # Whaticket says only 200: somebody else is answering
    Row("3??", "*", MISCONFIGURED, alert=True),  # never followed: the address is not the final one
    Row("401", "*", MISCONFIGURED, alert=True),
    Row("403", "*", MISCONFIGURED, alert=True),
    Row("404", PAGE, MISCONFIGURED, alert=True),  # wrong path
    Row("404", TEXT, MISCONFIGURED, alert=True),
    Row("404", "", MISCONFIGURED, alert=True),
    Row("405", "*", MISCONFIGURED, alert=True),  # the address is the panel's, which only serves pages
    Row("413", "*", REFUSED),
    Row("429", "*", NOT_SENT, Wait.NEXT_MINUTE),
    Row("503", "*", NOT_SENT, Wait.AS_TOLD),
    Row("*", "*", UNKNOWN),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What may be expected of an edition.

    Attributes:
        returns_id: The answer to a send carries the WhatsApp message id.
        sync_send: 200 means handed to WhatsApp; otherwise only queued, and Whaticket may repeat it by itself.
        readback: A sent text can be found again on its ticket.
        readback_marks_read: Looking for it marks the ticket as read and shows the customer "seen".
        echo: Our own texts are expected on the webhook (one that comes unexpected counts as well).
        mustache: The body is rendered as a Mustache template before it leaves.
        fields: What a send carries beside the number and the body.
        rows: What its answers prove, before the rows common to all.
    """

    returns_id: bool
    sync_send: bool
    readback: bool
    readback_marks_read: bool
    echo: bool
    mustache: bool
    rows: tuple[Row, ...]
    fields: Mapping[str, object] = field(default_factory=dict)


FLAVOURS: Mapping[Flavour, Capabilities] = MappingProxyType(
    {
        "community": Capabilities(
            returns_id=False,
            sync_send=True,
            readback=True,
            readback_marks_read=True,
            echo=False,
            mustache=True,
            rows=COMMUNITY,
        ),
        "saas": Capabilities(
            returns_id=False,
            sync_send=True,
            readback=True,
            readback_marks_read=True,
            echo=False,
            mustache=True,
            rows=SAAS,
        ),
        "ticketz": Capabilities(
            returns_id=False,
            sync_send=False,
            readback=True,
            readback_marks_read=True,
            echo=False,
            mustache=False,
            rows=TICKETZ,
            fields=MappingProxyType({"saveOnTicket": True}),  # otherwise the text never shows on the ticket
        ),
    }
)


def send_request(flavour: Flavour, number: str, body: str) -> dict[str, object]:
    """Return the JSON of one send, the text made safe.

    Raises:
        EmptyText: Nothing readable would be sent.
    """
    return {"number": number, "body": safe_text(body, flavour), **FLAVOURS[flavour].fields}


def read_error(answer: bytes) -> str:
    """Return the ``error`` of a Whaticket answer, "" where there is none, or PAGE, TEXT or CUT."""
    text = answer.decode("utf-8-sig", errors="replace").strip()
    if text.startswith("<"):
        return PAGE
    if not text.startswith(("{", "[")):
        return TEXT if text else ""
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        return CUT
    error = parsed.get("error") if isinstance(parsed, dict) else None
    return error.strip() if isinstance(error, str) else UNLISTED if error else ""


def classify(
    flavour: Flavour, status: int, error: str, *, now: datetime, retry_after_seconds: float | None = None
) -> SendResult:
    """Say what an answer to a send proves, by its status and its error together.

    Args:
        flavour: The edition that answered.
        status: HTTP status.
        error: What `read_error` found in the body.
        now: The present moment, from which the next full minute is counted.
        retry_after_seconds: The Retry-After of the answer, where there was one.
    """
    row = next(row for row in (*FLAVOURS[flavour].rows, *EVERYWHERE) if _fits(row, status, error, retry_after_seconds))
    return SendResult(
        outcome=row.outcome,
        status=status,
        error="" if row.outcome is ACCEPTED else _label(row, error),
        retry_after_seconds=_wait(row, now, retry_after_seconds),
        alert=row.alert,
    )


def safe_text(text: str, flavour: Flavour) -> str:
    """Return a text that leaves as it reads: no template, no mark of the forks, within WhatsApp's limit.

    Raises:
        EmptyText: Nothing readable is left.
    """
    safe = LEADING_MARK.sub("", _storable(text)).rstrip()
    if FLAVOURS[flavour].mustache:
        safe = BRACE_BEFORE_BRACE.sub("{ ", safe)
    if not _without_format(safe).strip():
        raise EmptyText
    units = safe.encode("utf-16-le")
    if len(units) <= 2 * MAX_UNITS:
        return safe
    return units[: 2 * (MAX_UNITS - 1)].decode("utf-16-le", errors="ignore").rstrip() + "…"


def fingerprint(text: str) -> str:
    """Return the SHA-256, in hex, by which a text is recognised after Whaticket has touched it.

    Format characters, the amount of white space, the spaces put between braces and a leading ``*name:*`` line make
    no difference.
    """
    bare = NAME_LINE.sub("", _without_format(_storable(text)).strip())
    collapsed = " ".join(SPACED_BRACES.sub("{", bare).split())
    return hashlib.sha256(unicodedata.normalize("NFC", collapsed).encode()).hexdigest()


def _fits(row: Row, status: int, error: str, retry_after_seconds: float | None) -> bool:
    if row.wait is Wait.AS_TOLD and retry_after_seconds is None:
        return False
    return fnmatchcase(str(status), row.status) and fnmatchcase(error, row.error)


def _label(row: Row, error: str) -> str:
    """Name the error by our own row or by a bare code: free text might quote the number or our words."""
    if row.error != "*":
        return row.error
    return error if not error or error in {PAGE, TEXT, CUT} or ERROR_CODE.fullmatch(error) else UNLISTED


def _wait(row: Row, now: datetime, retry_after_seconds: float | None) -> float | None:
    if not isinstance(row.wait, Wait):
        return row.wait
    return retry_after_seconds if retry_after_seconds is not None else 60 - now.second - now.microsecond / 1e6


def _storable(text: str) -> str:
    """Drop what neither JSON over UTF-8 nor PostgreSQL can carry: NUL and lone surrogates."""
    return "".join(character for character in text if character != "\0" and unicodedata.category(character) != "Cs")


def _without_format(text: str) -> str:
    return "".join(character for character in text if unicodedata.category(character) != "Cf")
