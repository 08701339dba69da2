"""Where the file of a message may be found, and what is told of it; nothing told is believed before the file is read."""

from __future__ import annotations

from secretaria.whaticket.fields import first_text
from secretaria.whaticket.proto_content import media_part
from secretaria.whaticket.reading import Media
from secretaria.whaticket.shapes import Event

LONGEST_URL = 2048
LONGEST_TYPE = 100
LONGEST_SECONDS = 86_400
FILE_KINDS = frozenset({"image", "video", "document", "audio", "sticker"})


def media_of(event: Event, kind: str | None) -> Media | None:
    """Return the reference to a message's file, or None where it has none.

    Args:
        event: One item of a payload.
        kind: What the message was read as.
    """
    if kind not in FILE_KINDS:
        return None
    match event.shape:
        case "proto":
            return _media(event.body, media_part(event.body.get("message")), "mediaUrl", "message.mediaUrl")
        case "wwebjs":
            message = event.body.get("message")
            return _media(message, message, "mediaUrl")
        case "painel":
            mensagem = event.body.get("mensagem")
            first = mensagem[0] if isinstance(mensagem, list) and mensagem else mensagem
            return _media(first, first, "mediaUrl", "url")
        case "native":
            part = media_part(event.body.get("message"))
            return _media(event.body, part or event.body.get("message"), "mediaUrl", "message.mediaUrl")


def _media(source: object, described: object, *paths: str) -> Media:
    url = first_text(source, *paths).strip()
    served = url.lower().startswith(("https://", "http://", "/")) and len(url) <= LONGEST_URL
    mime = first_text(described, "mimetype", "mimeType", "_data.mimetype", "mediaType").partition(";")[0]
    return Media(
        url=url if served else "",
        mime=mime.strip().lower()[:LONGEST_TYPE] if "/" in mime else "",
        seconds=_seconds(first_text(described, "seconds", "duration", "_data.duration")),
    )


def _seconds(text: str) -> float | None:
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if 0 < seconds <= LONGEST_SECONDS else None
