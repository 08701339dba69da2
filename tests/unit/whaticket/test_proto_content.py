"""The table of Baileys content kinds, as the contract lists it."""

from __future__ import annotations

import json

import pytest

from secretaria.whaticket.proto_content import Content, read_proto_content
from secretaria.whaticket.strict_json import decode_json

OI: dict[str, object] = {"conversation": "oi"}


def interactive(**fields: object) -> dict[str, object]:
    """Build an interactive response."""
    return {"interactiveResponseMessage": fields}


def template(**fields: object) -> dict[str, object]:
    """Build a template message."""
    return {"templateMessage": fields}


@pytest.mark.parametrize(
    ("message", "kind", "text"),
    [
        ({"conversation": "oi"}, "text", "oi"),
        ({"conversation": "", "extendedTextMessage": {"text": "oi"}}, "text", "oi"),
        ({"conversation": "", "imageMessage": {}}, "image", ""),
        ({"extendedTextMessage": {"text": "oi", "title": "site", "description": "prévia"}}, "text", "oi"),
        ({"extendedTextMessage": {"text": "", "contextInfo": {"quotedMessage": OI}}}, "text", ""),
        ({"imageMessage": {"caption": "foto", "fileName": "a.jpg"}}, "image", "foto"),
        ({"imageMessage": {"caption": " ", "fileName": "a.jpg"}}, "image", "a.jpg"),
        ({"videoMessage": {"fileName": "a.mp4"}}, "video", "a.mp4"),
        ({"videoMessage": {"caption": None}}, "video", ""),
        ({"documentMessage": {"fileName": "a.pdf", "title": "t"}}, "document", "a.pdf"),
        ({"audioMessage": {"caption": "x"}}, "audio", ""),
        ({"stickerMessage": {"url": "x"}}, "sticker", ""),
        ({"buttonsResponseMessage": {"selectedDisplayText": "Sim", "selectedButtonId": "b1"}}, "interactive", "Sim"),
        ({"buttonsResponseMessage": {"selectedDisplayText": "", "selectedButtonId": "b1"}}, "interactive", "b1"),
        ({"templateButtonReplyMessage": {"selectedDisplayText": "Sim"}}, "interactive", "Sim"),
        ({"templateButtonReplyMessage": {"selectedId": "t1"}}, "interactive", "t1"),
        ({"listResponseMessage": {"title": "A", "description": "B"}}, "interactive", "A"),
        ({"listResponseMessage": {"description": "B"}}, "interactive", "B"),
        ({"listResponseMessage": {"singleSelectReply": {"selectedRowId": "r1"}}}, "interactive", "r1"),
        ({"listResponseMessage": {"singleSelectReply": "r1"}}, "interactive", ""),
        (
            interactive(body={"text": "Sim"}, nativeFlowResponseMessage={"paramsJson": '{"id":"1"}'}),
            "interactive",
            "Sim",
        ),
        (interactive(nativeFlowResponseMessage={"paramsJson": '{"id":"1","title":"A"}'}), "interactive", "1"),
        (interactive(nativeFlowResponseMessage={"paramsJson": '{"id":7}'}), "interactive", "7"),
        (interactive(nativeFlowResponseMessage={"paramsJson": '{"title":"A"}'}), "interactive", "A"),
        (interactive(nativeFlowResponseMessage={"paramsJson": '{"description":"D"}'}), "interactive", "D"),
        (interactive(nativeFlowResponseMessage={"paramsJson": {"id": "1"}}), "interactive", "1"),
        (interactive(nativeFlowResponseMessage={"messageParamsJson": {"title": "A"}}), "interactive", "A"),
        (interactive(nativeFlowResponseMessage={"messageParamsJson": '{"title":"A"}'}), "interactive", "A"),
        (
            interactive(nativeFlowResponseMessage={"paramsJson": "{}", "messageParamsJson": '{"id":"2"}'}),
            "interactive",
            "2",
        ),
        (interactive(result={"paramsJson": {"id": "r"}}), "interactive", "r"),
        (interactive(result={"paramsJson": '{"title":"T"}'}), "interactive", "T"),
        (interactive(result={"paramsJson": "quero este"}), "interactive", "quero este"),
        (interactive(result={"paramsJson": '"quero este"'}), "interactive", "quero este"),
        (interactive(result={"paramsJson": "[" * 100_000}), "interactive", "[" * 100_000),
        (interactive(result={"paramsJson": '{"id":"a\\u0000b"}'}), "interactive", "ab"),
        (interactive(result={"paramsJson": None}), "interactive", ""),
        (
            template(
                hydratedTemplate={"hydratedContentText": "A", "contentText": "B", "bodyText": "C"}, contentText="D"
            ),
            "template",
            "A",
        ),
        (template(hydratedTemplate={"contentText": "B", "bodyText": "C"}, contentText="D"), "template", "B"),
        (template(hydratedTemplate={"bodyText": "C"}, contentText="D"), "template", "C"),
        (template(contentText="D"), "template", "D"),
        (template(hydratedTemplate={"buttons": [{"buttonId": "b", "displayText": "B"}]}), "template", "b"),
        (template(hydratedTemplate={"buttons": [{"displayText": "B"}, {"buttonId": "c"}]}), "template", "B"),
        (template(buttons=[{"displayText": "B"}]), "template", "B"),
        (template(hydratedTemplate={"buttons": []}), "template", ""),
        ({"locationMessage": {"name": "Casa", "address": "Rua 1", "comment": "c"}}, "location", "Casa"),
        ({"locationMessage": {"address": "Rua 1", "comment": "c"}}, "location", "Rua 1"),
        ({"locationMessage": {"comment": "c", "degreesLatitude": 1, "degreesLongitude": 2}}, "location", "c"),
        ({"locationMessage": {"degreesLatitude": 0, "degreesLongitude": -46}}, "location", "0,-46"),
        ({"locationMessage": {"degreesLatitude": -23.5}}, "location", ""),
        (
            {"liveLocationMessage": {"caption": "indo", "degreesLatitude": 1, "degreesLongitude": 2}},
            "location",
            "indo",
        ),
        ({"liveLocationMessage": {"degreesLatitude": 1.5, "degreesLongitude": 2.5}}, "location", "1.5,2.5"),
        ({"contactMessage": {"displayName": "Rosa", "vcard": "FN:Outra"}}, "contact", "Rosa"),
        (
            {"contactMessage": {"vcard": "BEGIN:VCARD\r\nN:;R;;;\r\nitem1.FN;CHARSET=UTF-8:Ro\r\n sa\\, a 2ª\r\n"}},
            "contact",
            "Rosa, a 2ª",
        ),
        ({"contactMessage": {"vcard": "BEGIN:VCARD\nX-FN:no\nNOFN:no\nEND:VCARD"}}, "contact", ""),
        (
            {"contactsArrayMessage": {"displayName": "2", "contacts": [{"displayName": "A"}, {"vcard": "FN:B"}, 3]}},
            "contact",
            "A, B",
        ),
        ({"contactsArrayMessage": {"contacts": "x"}}, "contact", ""),
    ],
)
def test_each_kind_gives_its_first_words(message: dict[str, object], kind: str, text: str) -> None:
    """Every row of the table yields its kind and the first of its texts that shows anything."""
    content = read_proto_content(message)
    assert (content.kind, content.text, content.ignored) == (kind, text, "")


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ('"degreesLatitude":-25.42840,"degreesLongitude":-49.0', "-25.42840,-49.0"),
        ('"degreesLatitude":1e1,"degreesLongitude":-4.5E-7', "1e1,-4.5E-7"),
        ('"degreesLatitude":-25,"degreesLongitude":49', "-25,49"),
        ('"degreesLatitude":-23.550519999999999,"degreesLongitude":0.10', "-23.550519999999999,0.10"),
        ('"degreesLatitude":"-23.50","degreesLongitude":"1"', "-23.50,1"),
    ],
)
def test_coordinates_are_kept_as_printed(printed: str, expected: str) -> None:
    """Latitude and longitude come out with the very characters of the JSON."""
    assert read_proto_content(decode_json(f'{{"locationMessage":{{{printed}}}}}')).text == expected


@pytest.mark.parametrize(
    ("message", "stub_type", "reason"),
    [
        ({"editedMessage": {"message": OI}}, None, "edited"),
        ({"ephemeralMessage": {"message": {"editedMessage": {"message": OI}}}}, None, "edited"),
        ({"protocolMessage": {"type": "MESSAGE_EDIT", "editedMessage": OI}}, None, "edited"),
        ({"protocolMessage": {"type": 14}}, None, "edited"),
        ({"protocolMessage": {"type": "REVOKE"}}, None, "protocol"),
        ({"protocolMessage": {"type": 0}}, None, "protocol"),
        ({"protocolMessage": {}}, None, "protocol"),
        ({"reactionMessage": {"text": "👍"}}, None, "reaction"),
        ({}, None, "empty"),
        (None, None, "empty"),
        ("oi", None, "empty"),
        ({"messageContextInfo": {}, "senderKeyDistributionMessage": {}}, None, "empty"),
        ({"conversation": None}, 0, "empty"),
        ({"ephemeralMessage": {}}, None, "empty"),
        (None, 2, "stub"),
        (None, "CALL_MISSED_VOICE", "stub"),
        ({"messageContextInfo": {}}, 40, "stub"),
        ({"pollCreationMessage": {"name": "x"}}, None, "unsupported"),
        ({"secretEncryptedMessage": {}}, 2, "unsupported"),
        ({"call": {"callKey": "x"}}, None, "unsupported"),
        ({"conversation": 5}, None, "unsupported"),
        ({"imageMessage": "x"}, None, "unsupported"),
    ],
)
def test_what_is_no_content_is_named(message: object, stub_type: object, reason: str) -> None:
    """Edits, protocol, reactions, stubs, nothing and unknown kinds each have their reason."""
    assert read_proto_content(message, stub_type) == Content(ignored=reason)


@pytest.mark.parametrize(
    "wrapper",
    [
        "ephemeralMessage",
        "viewOnceMessage",
        "viewOnceMessageV2",
        "viewOnceMessageV2Extension",
        "documentWithCaptionMessage",
        "deviceSentMessage",
    ],
)
def test_wrappers_are_opened_up_to_five_times(wrapper: str) -> None:
    """Five wrappers are opened, with the key material beside each; a sixth is not."""

    def wrapped(times: int) -> dict[str, object]:
        message = OI
        for _ in range(times):
            message = {wrapper: {"message": message}, "messageContextInfo": {}}
        return message

    assert [read_proto_content(wrapped(times)).text for times in range(1, 6)] == ["oi"] * 5
    assert read_proto_content(wrapped(6)).ignored == "unsupported"


def test_an_empty_wrapper_does_not_hide_the_content_beside_it() -> None:
    """A wrapper around nothing is passed over."""
    assert read_proto_content(json.loads('{"viewOnceMessage":{},"conversation":"oi"}')).text == "oi"
