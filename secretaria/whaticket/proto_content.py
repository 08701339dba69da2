"""What a Baileys message object says: the table of content kinds, after unwrapping what is wrapped."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from secretaria.whaticket.fields import at, first_text, is_blank, text_of
from secretaria.whaticket.reading import Kind
from secretaria.whaticket.strict_json import decode_json
from secretaria.whaticket.vcard import vcard_name

MAX_WRAPPERS = 5

_WITHOUT_CONTENT = frozenset({"messageContextInfo", "senderKeyDistributionMessage"})
_WRAPPERS = (
    "ephemeralMessage",
    "viewOnceMessage",
    "viewOnceMessageV2",
    "viewOnceMessageV2Extension",
    "documentWithCaptionMessage",
    "deviceSentMessage",
)
_FILES = ("audioMessage", "imageMessage", "videoMessage", "documentMessage", "stickerMessage")
_EDIT_TYPES = ("MESSAGE_EDIT", 14)
_NO_STUB = (None, False, 0, "0")


class Content(Struct, frozen=True):
    """What was said, or why there is nothing to say about it.

    Attributes:
        kind: What was sent; None when it is ignored.
        text: The words, as received.
        ignored: Name of the reason in the contract; empty when there is content.
    """

    kind: Kind | None = None
    text: str = ""
    ignored: str = ""

    @property
    def is_empty(self) -> bool:
        """Tell whether words were expected and none can be seen; media says something without words."""
        return self.kind in ("text", "interactive", "template") and is_blank(self.text)

    @property
    def tells_nothing(self) -> bool:
        """Tell whether neither words nor media nor a known event were found."""
        return self.is_empty or self.ignored in ("empty", "unsupported")


def read_proto_content(message: object, stub_type: object = None) -> Content:
    """Read the content object of a Baileys message.

    Args:
        message: The object with one key per kind of content, or anything else.
        stub_type: The ``messageStubType`` beside it: calls and messages that could not be decrypted have one.

    Returns:
        The content, or the reason to ignore it: edited, protocol, reaction, stub, empty or unsupported.
    """
    content = _unwrap(message)
    protocol = content.get("protocolMessage")
    if "editedMessage" in content or at(protocol, "type") in _EDIT_TYPES:
        return Content(ignored="edited")
    if protocol is not None:
        return Content(ignored="protocol")
    if "reactionMessage" in content:
        return Content(ignored="reaction")
    if not content:
        return Content(ignored="empty" if stub_type in _NO_STUB else "stub")
    return _first_known(content)


def media_part(message: object) -> object:
    """Return the part of a Baileys content object that describes its file, or None where there is none."""
    content = _unwrap(message)
    return next((content[key] for key in _FILES if isinstance(content.get(key), dict)), None)


def _unwrap(message: object) -> dict[object, object]:
    content = _present(message)
    for _ in range(MAX_WRAPPERS):
        inner = next((at(content[wrapper], "message") for wrapper in _WRAPPERS if wrapper in content), None)
        if inner is None:
            break
        content = _present(inner)
    return content


def _present(message: object) -> dict[object, object]:
    """Keep what is content: no nulls, no key material, no wrapper around nothing."""
    if not isinstance(message, dict):
        return {}
    return {
        key: value
        for key, value in message.items()
        if value is not None
        and key not in _WITHOUT_CONTENT
        and (key not in _WRAPPERS or isinstance(at(value, "message"), dict))
    }


def _first_known(content: dict[object, object]) -> Content:
    """Return the first known kind that says something; a blank one stands only when there is no other."""
    blank: Content | None = None
    for key in _KINDS if len(content) > 1 else content:
        found = content.get(key)
        if key in _KINDS and isinstance(found, str if key == "conversation" else dict):
            kind, read = _KINDS[key]
            candidate = Content(kind, read(found))
            if not candidate.is_empty:
                return candidate
            blank = blank or candidate
    return blank or Content(ignored="unsupported")


def _fields(*names: str) -> Callable[[object], str]:
    return lambda part: first_text(part, *names)


def _interactive_response(part: object) -> str:
    answers = (
        _params_text(at(part, path))
        for path in (
            "nativeFlowResponseMessage.paramsJson",
            "nativeFlowResponseMessage.messageParamsJson",
            "result.paramsJson",
        )
    )
    return first_text(part, "body.text") or next((answer for answer in answers if not is_blank(answer)), "")


def _params_text(params: object) -> str:
    """Read the parameters of a button: an object, the same as JSON text, or a text that is its own answer."""
    if not isinstance(params, str):
        return first_text(params, "id", "title", "description")
    try:
        decoded = decode_json(params)
    except ValueError:
        return params
    return first_text(decoded, "id", "title", "description") or text_of(decoded)


def _template(part: object) -> str:
    hydrated = at(part, "hydratedTemplate")
    words = first_text(hydrated, "hydratedContentText", "contentText", "bodyText") or first_text(part, "contentText")
    lists = (at(hydrated, "buttons"), at(hydrated, "hydratedButtons"), at(part, "buttons"))
    return words or next(filter(None, map(_first_button, lists)), "")


def _first_button(buttons: object) -> str:
    return first_text(buttons[0], "buttonId", "displayText") if isinstance(buttons, list) and buttons else ""


def _location(*names: str) -> Callable[[object], str]:
    return lambda part: first_text(part, *names) or coordinates(part, "degreesLatitude", "degreesLongitude")


def coordinates(part: object, latitude: str, longitude: str) -> str:
    """Return ``lat,long`` as printed in the JSON, or an empty string when one of them is missing."""
    both = text_of(at(part, latitude)), text_of(at(part, longitude))
    return ",".join(both) if all(both) else ""


def _contact(part: object) -> str:
    return first_text(part, "displayName") or vcard_name(at(part, "vcard"))


def _contacts(part: object) -> str:
    contacts = at(part, "contacts")
    return ", ".join(filter(None, map(_contact, contacts))) if isinstance(contacts, list) else ""


_KINDS: dict[str, tuple[Kind, Callable[[object], str]]] = {
    "conversation": ("text", text_of),
    "extendedTextMessage": ("text", _fields("text")),
    "imageMessage": ("image", _fields("caption", "fileName")),
    "videoMessage": ("video", _fields("caption", "fileName")),
    "documentMessage": ("document", _fields("caption", "fileName")),
    "audioMessage": ("audio", _fields()),
    "stickerMessage": ("sticker", _fields()),
    "buttonsResponseMessage": ("interactive", _fields("selectedDisplayText", "selectedButtonId")),
    "templateButtonReplyMessage": ("interactive", _fields("selectedDisplayText", "selectedId")),
    "listResponseMessage": ("interactive", _fields("title", "description", "singleSelectReply.selectedRowId")),
    "interactiveResponseMessage": ("interactive", _interactive_response),
    "templateMessage": ("template", _template),
    "locationMessage": ("location", _location("name", "address", "comment")),
    "liveLocationMessage": ("location", _location("caption")),
    "contactMessage": ("contact", _contact),
    "contactsArrayMessage": ("contact", _contacts),
}
