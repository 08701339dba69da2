"""What an event says, whatever its shape."""

from __future__ import annotations

from urllib.parse import unquote

from secretaria.whaticket.fields import at, every, first_text, text_of
from secretaria.whaticket.proto_content import Content, coordinates, read_proto_content
from secretaria.whaticket.reading import Kind
from secretaria.whaticket.shapes import Event
from secretaria.whaticket.vcard import vcard_name

_WWEBJS_BODIES: dict[str, Kind] = {
    "chat": "text",
    "buttons_response": "interactive",
    "list_response": "interactive",
    "template_button_reply": "interactive",
    "image": "image",
    "video": "video",
    "document": "document",
    "audio": "audio",
    "ptt": "audio",
    "sticker": "sticker",
}
_NATIVE_WORDS = ("text", "body", "caption", "content")
_WWEBJS_IGNORED = {"reaction": "reaction", "revoked": "protocol", "protocol": "protocol"}
_PAINEL_KINDS: dict[str, Kind] = {
    "chat": "text",
    "text": "text",
    "conversation": "text",
    "extendedtext": "text",
    "image": "image",
    "video": "video",
    "audio": "audio",
    "ptt": "audio",
    "document": "document",
    "documentwithcaption": "document",
    "application": "document",
    "sticker": "sticker",
    "location": "location",
    "livelocation": "location",
    "contact": "contact",
    "contactsarray": "contact",
    "vcard": "contact",
    "multi_vcard": "contact",
}


def read_content(event: Event) -> Content:
    """Read what an event says.

    Args:
        event: One item of a payload.

    Returns:
        Its kind and words, or the reason to ignore it.
    """
    match event.shape:
        case "proto":
            return read_proto_content(event.body.get("message"), event.body.get("messageStubType"))
        case "wwebjs":
            return _wwebjs(event.body.get("message"))
        case "painel":
            return _painel(event.body.get("mensagem"))
        case "native":
            return _native(event.body)


def _wwebjs(message: object) -> Content:
    sort = text_of(at(message, "type"))
    if sort in _WWEBJS_BODIES:
        return Content(_WWEBJS_BODIES[sort], text_of(at(message, "body")))
    if sort == "location":
        # Never its body: that is a picture of the map, in base64.
        words = first_text(at(message, "location"), "name", "address", "description")
        return Content("location", words or coordinates(at(message, "location"), "latitude", "longitude"))
    if sort in ("vcard", "multi_vcard"):
        cards = at(message, "vCards")
        return Content("contact", ", ".join(filter(None, map(vcard_name, cards if isinstance(cards, list) else []))))
    return Content(ignored=_WWEBJS_IGNORED.get(sort, "unsupported"))


def _painel(mensagem: object) -> Content:
    if isinstance(mensagem, list):
        texts = (first_text(item, "text") for item in mensagem)
        first = mensagem[0] if mensagem else None
        return Content(_painel_kind(at(first, "type"), text_of(at(first, "url"))), "\n".join(filter(None, texts)))
    if not isinstance(mensagem, dict):
        return Content("text", text_of(mensagem))
    body, url = text_of(mensagem.get("body")), text_of(mensagem.get("mediaUrl"))
    return Content(_painel_kind(mensagem.get("mediaType"), url), "" if _is_file_name(body, url) else body)


def _painel_kind(sort: object, url: str = "") -> Kind:
    """Name the kind; builds print Baileys names, library names or media types, and a file is never nothing."""
    plain = text_of(sort).strip().lower().partition("/")[0].removesuffix("message")
    return _PAINEL_KINDS.get(plain, "document" if url else "text")


def _is_file_name(body: str, url: str) -> bool:
    """Tell whether the body only repeats the last path part of the address: then the customer wrote nothing."""
    path = url.partition("#")[0].partition("?")[0]
    last = path.rpartition("/")[2]
    return bool(last) and body.strip() in (last, unquote(last))


def _native(payload: dict[str, object]) -> Content:
    """Read ``message``, then the first of ``messages``, then the fields beside them."""
    messages = payload.get("messages")
    first = at(messages[0], "message") if isinstance(messages, list) and messages else None
    nested = [_native_message(payload.get("message")), _native_message(first)]
    beside = Content("text", first_text(payload, "text", "body", "caption"))
    telling = next((content for content in (*nested, beside) if not content.tells_nothing), None)
    return telling or next((content for content in nested if content.ignored == "unsupported"), beside)


def _native_message(message: object) -> Content:
    """Read a text, a Baileys content object, or an object with its words under a common name."""
    if isinstance(message, str):
        return Content("text", message)
    content = read_proto_content(message)
    if content.tells_nothing and any(value is not None for value in every(message, _NATIVE_WORDS)):
        return Content("text", first_text(message, *_NATIVE_WORDS))
    return content
