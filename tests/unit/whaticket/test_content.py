"""What whatsapp-web.js, painel and native events say."""

from __future__ import annotations

import pytest

from secretaria.whaticket.content import read_content
from secretaria.whaticket.shapes import Event, Shape

URL = "https://painel.example/public/empresa%201/1762101460000.jpeg?v=1"


def content_of(shape: Shape, payload: dict[str, object]) -> tuple[str | None, str, str]:
    """Read a payload as an event of the given shape."""
    content = read_content(Event(shape, payload, payload))
    return content.kind, content.text, content.ignored


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"type": "chat", "body": "oi"}, ("text", "oi", "")),
        ({"type": "buttons_response", "body": "Sim"}, ("interactive", "Sim", "")),
        ({"type": "list_response", "body": "Sim"}, ("interactive", "Sim", "")),
        ({"type": "template_button_reply", "body": "Sim"}, ("interactive", "Sim", "")),
        ({"type": "image", "body": "legenda"}, ("image", "legenda", "")),
        ({"type": "video", "body": ""}, ("video", "", "")),
        ({"type": "document", "body": "a.pdf"}, ("document", "a.pdf", "")),
        ({"type": "audio"}, ("audio", "", "")),
        ({"type": "ptt", "body": None}, ("audio", "", "")),
        ({"type": "sticker", "body": ""}, ("sticker", "", "")),
        (
            {"type": "location", "body": "/9j/", "location": {"name": "Casa", "address": "Rua"}},
            ("location", "Casa", ""),
        ),
        ({"type": "location", "body": "/9j/", "location": {"address": "Rua"}}, ("location", "Rua", "")),
        ({"type": "location", "body": "/9j/", "location": {"description": "Ali"}}, ("location", "Ali", "")),
        ({"type": "location", "location": {"latitude": -1.5, "longitude": 2}}, ("location", "-1.5,2", "")),
        ({"type": "location", "body": "/9j/"}, ("location", "", "")),
        ({"type": "vcard", "vCards": ["BEGIN:VCARD\nFN:Rosa\nEND:VCARD"]}, ("contact", "Rosa", "")),
        ({"type": "multi_vcard", "vCards": ["FN:Rosa", "N:x", "FN:Ivo", 7]}, ("contact", "Rosa, Ivo", "")),
        ({"type": "multi_vcard", "vCards": None}, ("contact", "", "")),
        ({"type": "reaction", "body": "👍"}, (None, "", "reaction")),
        ({"type": "revoked"}, (None, "", "protocol")),
        ({"type": "protocol"}, (None, "", "protocol")),
        ({"type": "call_log", "body": "x"}, (None, "", "unsupported")),
        ({"body": "x"}, (None, "", "unsupported")),
        ({"type": ["chat"], "body": "x"}, (None, "", "unsupported")),
    ],
)
def test_wwebjs_types(message: dict[str, object], expected: tuple[str | None, str, str]) -> None:
    """The type of a whatsapp-web.js message decides its kind and where its words are."""
    assert content_of("wwebjs", {"message": message}) == expected


@pytest.mark.parametrize(
    ("mensagem", "expected"),
    [
        ("oi", ("text", "oi", "")),
        (5, ("text", "5", "")),
        (None, ("text", "", "")),
        ([], ("text", "", "")),
        ([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], ("text", "a\nb", "")),
        ([{"type": "image", "url": URL}, {"type": "text", "text": "a"}, "x", {"text": ""}], ("image", "a", "")),
        ([{"type": "file", "url": URL}], ("document", "", "")),
        ([{"text": "a"}], ("text", "a", "")),
        ({"body": "oi", "mediaType": "chat"}, ("text", "oi", "")),
        ({"body": "oi", "mediaType": "extendedTextMessage"}, ("text", "oi", "")),
        ({"body": "oi"}, ("text", "oi", "")),
        ({"body": "legenda", "mediaType": "image", "mediaUrl": URL}, ("image", "legenda", "")),
        ({"body": "1762101460000.jpeg", "mediaType": "image", "mediaUrl": URL}, ("image", "", "")),
        (
            {"body": "a b.pdf", "mediaType": "application", "mediaUrl": "https://x.example/a%20b.pdf"},
            ("document", "", ""),
        ),
        ({"body": "a%20b.pdf", "mediaType": "document", "mediaUrl": "/public/a%20b.pdf"}, ("document", "", "")),
        ({"body": "public", "mediaType": "video", "mediaUrl": "/public/a.mp4"}, ("video", "public", "")),
        ({"body": "", "mediaType": "ptt", "mediaUrl": "/public/"}, ("audio", "", "")),
        ({"body": "x", "mediaType": "application/zip", "mediaUrl": URL}, ("document", "x", "")),
        ({"body": "x", "mediaType": "novidade", "mediaUrl": URL}, ("document", "x", "")),
        ({"body": "x", "mediaType": "sticker", "mediaUrl": None}, ("sticker", "x", "")),
        ({"body": "x", "mediaType": {"a": 1}, "mediaUrl": ["http://["]}, ("text", "x", "")),
    ],
)
def test_painel_mensagem(mensagem: object, expected: tuple[str | None, str, str]) -> None:
    """A painel says its words as a text, a list or a row whose body may only repeat the file name."""
    assert content_of("painel", {"mensagem": mensagem}) == expected


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({"message": "oi", "text": "no"}, ("text", "oi", "")),
        ({"message": " ", "text": "oi"}, ("text", "oi", "")),
        ({"message": {"conversation": "oi", "text": "no"}}, ("text", "oi", "")),
        ({"message": {"conversation": ""}, "body": "oi"}, ("text", "oi", "")),
        ({"message": {"imageMessage": {}}, "body": "no"}, ("image", "", "")),
        ({"message": {"ephemeralMessage": {"message": {"conversation": "oi"}}}}, ("text", "oi", "")),
        ({"message": {"text": "a", "body": "b"}}, ("text", "a", "")),
        ({"message": {"body": "b", "caption": "c"}}, ("text", "b", "")),
        ({"message": {"caption": "c", "content": "d"}}, ("text", "c", "")),
        ({"message": {"content": "d"}, "text": "no"}, ("text", "d", "")),
        ({"message": {"body": 1}}, ("text", "1", "")),
        ({"message": {"body": True}}, ("text", "", "")),
        ({"message": {"text": ""}}, ("text", "", "")),
        ({"messages": [{"message": "oi"}, {"message": "no"}]}, ("text", "oi", "")),
        ({"messages": [{"message": {"videoMessage": {"fileName": "a.mp4"}}}], "text": "no"}, ("video", "a.mp4", "")),
        ({"messages": [{"message": {"body": "oi"}}]}, ("text", "oi", "")),
        ({"message": {"outro": 1}, "messages": [{"message": "oi"}]}, ("text", "oi", "")),
        ({"messages": ["x"], "caption": "oi"}, ("text", "oi", "")),
        ({"text": "a", "body": "b", "caption": "c"}, ("text", "a", "")),
        ({"text": "", "body": "b", "caption": "c"}, ("text", "b", "")),
        ({"caption": "c", "content": "d"}, ("text", "c", "")),
        ({"content": "d", "msg": "e"}, ("text", "", "")),
        ({"message": {"pollUpdateMessage": {}}}, (None, "", "unsupported")),
        ({"message": {"protocolMessage": {"type": 14}}, "text": "no"}, (None, "", "edited")),
        ({"message": {"protocolMessage": {"type": 3}}, "text": "no"}, (None, "", "protocol")),
        ({"message": {"reactionMessage": {}}, "text": "no"}, (None, "", "reaction")),
    ],
)
def test_native_words(payload: dict[str, object], expected: tuple[str | None, str, str]) -> None:
    """Our own format looks at the message, then the first of the messages, then the fields beside them."""
    assert content_of("native", payload) == expected
