"""How a pasted body would be read, for an operator who asks why a message did or did not arrive."""

from __future__ import annotations

from secretaria.whaticket.payload import PayloadUnreadable, decode_body, read_payload
from secretaria.whaticket.reading import Reading


def explain(raw: bytes) -> dict[str, str | int | None]:
    """Read a body without keeping anything of it.

    Args:
        raw: The bytes of the body.

    Returns:
        ``outcome``, ``reason`` (null for a message), ``number``, ``text``, ``kind``, ``message_id`` and ``timestamp``
        (whole epoch seconds or null), in this order. Of several items, the first that is a message, else the first.
    """
    try:
        readings = read_payload(decode_body(raw))
    except PayloadUnreadable as unreadable:
        readings = [Reading("rejected", unreadable.reason)]
    reading = next((item for item in readings if item.outcome == "message"), readings[0])
    return {
        "outcome": reading.outcome,
        "reason": reading.reason or None,
        "number": reading.number,
        "text": reading.text,
        "kind": reading.kind,
        "message_id": reading.message_id,
        "timestamp": int(reading.sent_at.timestamp()) if reading.sent_at else None,
    }
