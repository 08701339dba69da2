"""Whaticket JSON of every known shape, read by one rule: the first matching step decides."""

from __future__ import annotations

from secretaria.errors import Rejected
from secretaria.whaticket.content import read_content
from secretaria.whaticket.envelope import message_id_of, name_of, number_of, sent_at_of, ticket_of
from secretaria.whaticket.media import media_of
from secretaria.whaticket.numbers import LID_SERVER, split_jid
from secretaria.whaticket.proto_content import Content
from secretaria.whaticket.reading import Outcome, Reading
from secretaria.whaticket.shapes import Event, closes_ticket, events_of, not_for_us
from secretaria.whaticket.strict_json import MAX_DEPTH, NestedTooDeeply, decode_json

BYTE_ORDER_MARK = "\ufeff"

__all__ = ["MAX_DEPTH", "PayloadUnreadable", "decode_body", "read_payload"]


class PayloadUnreadable(Rejected):
    """The body is authentic but is no JSON object we can work with.

    Attributes:
        reason: What is wrong with it: ``not_json``, ``too_deep`` or ``not_an_object``.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def decode_body(raw: bytes) -> dict[str, object]:
    """Decode the body of an inbound request.

    Args:
        raw: The bytes as received; UTF-8, a byte order mark is allowed.

    Returns:
        The JSON object; its texts hold neither U+0000 nor lone surrogates.

    Raises:
        PayloadUnreadable: The bytes are not UTF-8, not JSON, too deep, or not an object.
    """
    try:
        payload = decode_json(
            raw.decode().removeprefix(BYTE_ORDER_MARK)
        )  # as "utf-8-sig" does, which is written in Python
    except NestedTooDeeply:
        raise PayloadUnreadable("too_deep", f"O JSON tem mais de {MAX_DEPTH} níveis.") from None
    except ValueError:
        # The cause would quote the body, which may hold what a customer wrote.
        raise PayloadUnreadable("not_json", "O corpo não é um JSON válido em UTF-8.") from None
    if not isinstance(payload, dict):
        raise PayloadUnreadable("not_an_object", "O corpo é um JSON, mas não um objeto.")
    return payload


def read_payload(payload: object, *, closely: bool = True) -> list[Reading]:
    """Read a decoded payload.

    Args:
        payload: Any JSON value; only an object can hold messages.
        closely: Whether names, times, tickets and files are looked for too; whether it is a message does not rest on them.

    Returns:
        One reading for each item, in the order received; never empty.
    """
    if not isinstance(payload, dict):
        return [Reading("rejected", "not_an_object")]
    if reason := not_for_us(payload):
        closed = reason == "not_a_message" and closes_ticket(payload)
        number = number_of(Event("painel", payload, payload)) if closed else None
        return [Reading("ignored", reason, number=number, closes_ticket=number is not None)]
    return [
        _read_event(event, closely=closely) if event else Reading("rejected", "not_an_object")
        for event in events_of(payload)
    ]


def _read_event(event: Event, *, closely: bool) -> Reading:
    message_id, sent_at = message_id_of(event), sent_at_of(event) if closely else None
    if not_answered := event.not_answered:
        return Reading("ignored", not_answered, message_id=message_id, sent_at=sent_at)
    content, number = read_content(event), number_of(event)
    outcome, reason = _judge(event, content, number)
    if reason not in ("", "from_me", "unresolved_lid"):
        return Reading(outcome, reason, number=number, message_id=message_id, sent_at=sent_at)
    kind = None if content.is_empty else content.kind  # an own message of nothing is no word of a person
    if not closely:
        return Reading(outcome, reason, number=number, kind=kind, message_id=message_id)
    return Reading(
        outcome,
        reason,
        number=number,
        text=content.text.strip(),
        kind=kind,
        message_id=message_id,
        sent_at=sent_at,
        name=name_of(event),
        ticket_id=ticket_of(event),
        media=media_of(event, kind),
    )


def _judge(event: Event, content: Content, number: str | None) -> tuple[Outcome, str]:
    """Decide what becomes of an item in a chat we answer."""
    if event.from_me:
        return "ignored", "from_me"
    # A relay that sends no number has a fault its owner must see, even when there was nothing to say.
    if number is None and event.shape == "native" and content.tells_nothing:
        return _unreachable(event)
    if content.ignored or content.is_empty:
        return "ignored", content.ignored or "empty"
    return _unreachable(event) if number is None else ("message", "")


def _unreachable(event: Event) -> tuple[Outcome, str]:
    if split_jid(event.chat)[1] == LID_SERVER:
        return "ignored", "unresolved_lid"
    return "rejected", "no_number"
