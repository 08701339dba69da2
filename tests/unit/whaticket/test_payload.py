"""Payloads of every shape, from whole bodies to readings."""

from __future__ import annotations

import json
import unicodedata
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from secretaria.errors import Rejected
from secretaria.whaticket.payload import PayloadUnreadable, decode_body, read_payload
from secretaria.whaticket.reading import Reading

PAYLOADS = Path(__file__).parents[2] / "fixtures" / "payloads"
CASES: dict[str, dict[str, Any]] = json.loads((PAYLOADS / "expected.json").read_text("utf-8"))["cases"]

CUSTOMER = "5520900000101"
JID = f"{CUSTOMER}@s.whatsapp.net"
OTHER = "5520900000202"
LID = "120000000000991@lid"


def proto(content: object = None, **fields: object) -> dict[str, object]:
    """Build a Baileys message from a customer."""
    message = {"conversation": "oi"} if content is None else content
    return {"key": {"remoteJid": JID, "fromMe": False, "id": "AB01"}, "message": message, **fields}


def wwebjs(**message: object) -> dict[str, object]:
    """Build a whatsapp-web.js event from a customer."""
    known = {"id": {"remote": f"{CUSTOMER}@c.us", "id": "WW01", "fromMe": False}, "type": "chat", "body": "oi"}
    return {"message": {**known, **message}}


def painel(mensagem: object = "oi", **fields: object) -> dict[str, object]:
    """Build a painel event from a customer."""
    return {"mensagem": mensagem, "sender": CUSTOMER, "acao": "start", "fromMe": False, **fields}


def native(**fields: object) -> dict[str, object]:
    """Build an event of our own format from a customer."""
    return {"number": CUSTOMER, "text": "oi", **fields}


def read_one(payload: dict[str, object]) -> Reading:
    """Send a payload through its bytes and return the only reading."""
    (reading,) = read_payload(decode_body(json.dumps(payload).encode()))
    return reading


def comparable(text: str) -> str:
    """Bring a text to the form in which the worked examples are compared."""
    return " ".join(unicodedata.normalize("NFC", text).split())


@pytest.mark.parametrize("name", sorted(CASES))
def test_worked_examples_are_read_as_the_contract_says(name: str) -> None:
    """Every worked example comes out with the outcome, reason, number, text, kind and id written beside it."""
    case = CASES[name]
    (reading,) = read_payload(decode_body((PAYLOADS / name).read_bytes()))
    assert reading.outcome == case["expect"]
    assert reading.reason == case.get("reason", "no_number" if case["expect"] == "rejected" else "")
    for field in ("number", "kind", "message_id"):
        if field in case:
            assert getattr(reading, field) == case[field]
    assert comparable(reading.text) == comparable(case.get("text", reading.text))


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        pytest.param({"type": "hookMessageStatus", "ack": 3}, "not_a_message", id="izing-ack"),
        pytest.param({"type": "hookSessionStatus", "number": CUSTOMER}, "not_a_message", id="izing-session"),
        pytest.param({"action": "tag-sync", "number": CUSTOMER, "text": "oi"}, "not_a_message", id="action"),
        pytest.param(painel(acao="end"), "not_a_message", id="acao-end"),
        pytest.param(painel(acao="closed"), "not_a_message", id="acao-closed"),
        pytest.param(painel(acao="close"), "not_a_message", id="acao-close"),
        pytest.param(painel(acao="ticket:closed"), "not_a_message", id="acao-ticket-closed"),
        pytest.param(native(event="message.ack"), "not_a_message", id="event-ack"),
        pytest.param(native(event=""), "not_a_message", id="event-empty"),
        pytest.param({**proto(), "event": "connection.update"}, "not_a_message", id="event-beside-key"),
        pytest.param(native(event=7), "", id="event-no-string"),
        pytest.param(native(event="message"), "", id="event-message"),
        pytest.param(native(event="message.received"), "", id="event-received"),
        pytest.param({"event": "messages.upsert", "messages": [proto()]}, "", id="event-upsert"),
        pytest.param(native(action=None), "", id="action-null"),
        pytest.param(painel(acao="start"), "", id="acao-start"),
        pytest.param(
            {"message": {"text": "oi", "mid": "m1"}, "whatsapp": {"channel": "facebook"}},
            "other_channel",
            id="facebook",
        ),
        pytest.param(native(ticket={"channel": "instagram"}), "other_channel", id="instagram"),
        pytest.param(painel(ticketData={"channel": "telegram"}), "other_channel", id="ticketData"),
        pytest.param(painel(chamado={"channel": "webchat"}), "other_channel", id="chamado"),
        pytest.param(painel(ticketData={"channel": "whatsapp"}), "", id="channel-whatsapp"),
        pytest.param(native(ticket={"channel": None}), "", id="channel-null"),
        pytest.param(native(action="x", ticket={"channel": "facebook"}), "not_a_message", id="action-before-channel"),
        pytest.param(proto(isGroup=True), "group", id="isGroup"),
        pytest.param(proto(ticket={"isGroup": True}), "group", id="ticket-isGroup"),
        pytest.param(painel(ticketData={"isGroup": True}), "group", id="ticketData-isGroup"),
        pytest.param(painel(isGroup=False, ticketData={"isGroup": False}), "", id="no-group"),
        pytest.param(proto(key={"remoteJid": "status@broadcast", "id": "X"}), "broadcast", id="status"),
        pytest.param(proto(key={"remoteJid": "1234@broadcast", "id": "X"}), "broadcast", id="broadcast-list"),
        pytest.param(proto(key={"remoteJid": "1203@newsletter", "id": "X"}), "newsletter", id="newsletter"),
        pytest.param(proto(key={"remoteJid": f"{CUSTOMER}-1@g.us", "id": "X"}), "group", id="old-group"),
        pytest.param(
            proto(key={"remoteJid": "120363@g.us", "fromMe": True, "participant": JID}), "group", id="group-before-me"
        ),
        pytest.param(wwebjs(id={"remote": "120363@g.us", "id": "X"}), "group", id="wwebjs-group"),
        pytest.param(
            wwebjs(id={"remote": {"_serialized": "120363@g.us"}, "id": "X"}), "group", id="wwebjs-remote-object"
        ),
        pytest.param(wwebjs(isStatus=True), "broadcast", id="wwebjs-status"),
        pytest.param(wwebjs(id={"id": "X"}, **{"from": "120363@g.us"}), "group", id="wwebjs-from"),
        pytest.param(
            wwebjs(id={"id": "X"}, fromMe=True, to="120363@g.us", **{"from": JID}), "group", id="wwebjs-to-when-from-me"
        ),
        pytest.param(native(number="120363@g.us"), "group", id="native-number-jid"),
        pytest.param(native(**{"from": "status@broadcast"}), "broadcast", id="native-from-jid"),
        pytest.param(proto(key={"remoteJid": JID, "fromMe": True}), "from_me", id="key-fromMe"),
        pytest.param(proto(key={"remoteJid": JID, "fromMe": "true"}), "from_me", id="key-fromMe-text"),
        pytest.param(proto(key={"remoteJid": JID, "fromMe": "false"}), "", id="key-fromMe-false-text"),
        pytest.param(proto(key={"remoteJid": JID, "fromMe": 1}), "", id="key-fromMe-one"),
        pytest.param(proto(fromMe=True), "from_me", id="top-fromMe"),
        pytest.param({"message": proto(), "fromMe": True}, "from_me", id="envelope-fromMe"),
        pytest.param(wwebjs(fromMe=True), "from_me", id="wwebjs-fromMe"),
        pytest.param(wwebjs(id={"fromMe": True, "remote": JID, "id": "X"}), "from_me", id="wwebjs-id-fromMe"),
        pytest.param(painel({"body": "oi", "fromMe": True, "mediaType": "chat"}), "from_me", id="mensagem-fromMe"),
        pytest.param(painel(fromMe="true"), "from_me", id="painel-fromMe"),
        pytest.param(native(fromMe=True), "from_me", id="native-fromMe"),
    ],
)
def test_what_is_not_for_us_is_ignored_by_name(payload: dict[str, object], reason: str) -> None:
    """Events, channels, chats and writers that get no answer are ignored with the contract's reason."""
    reading = read_one(payload)
    assert (reading.outcome, reading.reason) == ("ignored" if reason else "message", reason)


@pytest.mark.parametrize("blank", ["", " ", "\n\t", "\u200b", "\u200e\ufeff \u2060", "\u00a0"])
def test_words_that_show_nothing_are_empty(blank: str) -> None:
    """Text, interactive and template without anything visible are ignored as empty."""
    for content in (
        {"conversation": blank},
        {"extendedTextMessage": {"text": blank}},
        {"buttonsResponseMessage": {"selectedDisplayText": blank}},
        {"templateMessage": {"hydratedTemplate": {"hydratedContentText": blank}}},
    ):
        assert read_one(proto(content)).reason == "empty"


@pytest.mark.parametrize(
    "content",
    [
        {"imageMessage": {}},
        {"audioMessage": {}},
        {"stickerMessage": {}},
        {"documentMessage": {"caption": "\u200b"}},
        {"locationMessage": {}},
        {"contactMessage": {}},
    ],
)
def test_media_without_words_is_a_message(content: dict[str, object]) -> None:
    """Media, location and contact say something even without a caption."""
    assert read_one(proto(content)).outcome == "message"


@pytest.mark.parametrize(
    ("payload", "verdict"),
    [
        ({}, ("rejected", "no_number")),
        ({"msg": "oi"}, ("rejected", "no_number")),
        ({"number": "12", "text": ""}, ("rejected", "no_number")),
        ({"message": {"pollCreationMessage": {}}}, ("rejected", "no_number")),
        ({"number": CUSTOMER}, ("ignored", "empty")),
        ({"number": CUSTOMER, "message": {"pollCreationMessage": {}}}, ("ignored", "unsupported")),
        ({"message": {"reactionMessage": {"text": "x"}}}, ("ignored", "reaction")),
        ({"number": LID, "text": "oi"}, ("ignored", "unresolved_lid")),
        (proto({"conversation": ""}, key={}), ("ignored", "empty")),
        (proto(key={"id": "X"}), ("rejected", "no_number")),
        (painel("", sender="LID"), ("ignored", "empty")),
        (painel(sender="LID"), ("rejected", "no_number")),
    ],
)
def test_only_our_own_format_looks_at_the_number_before_the_words(
    payload: dict[str, object], verdict: tuple[str, str]
) -> None:
    """A relay without a number is refused even when it says nothing; other shapes are ignored first."""
    reading = read_one(payload)
    assert (reading.outcome, reading.reason) == verdict


def test_own_messages_keep_what_a_handoff_needs() -> None:
    """A message of the business carries the customer's chat, the words, the id and the time, but not its own name."""
    reading = read_one(
        wwebjs(
            id={"fromMe": True, "id": "WW09"},
            to=f"{CUSTOMER}@c.us",
            timestamp=1762101460,
            body="Já te respondo",
            _data={"notifyName": "Loja"},
            **{"from": f"{OTHER}@c.us"},
        )
    )
    assert reading == Reading(
        outcome="ignored",
        reason="from_me",
        number=CUSTOMER,
        text="Já te respondo",
        kind="text",
        message_id="WW09",
        sent_at=datetime(2025, 11, 2, 16, 37, 40, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    "payload",
    [
        proto(
            key={"remoteJid": LID, "fromMe": True, "senderPn": f"{OTHER}@s.whatsapp.net"}, contact={"number": CUSTOMER}
        ),
        painel(fromMe=True, sender=OTHER, ticketData={"contact": {"number": CUSTOMER}}),
        native(fromMe=True, **{"from": f"{OTHER}@c.us"}),
    ],
)
def test_own_messages_never_name_the_business_as_the_customer(payload: dict[str, object]) -> None:
    """Fields that tell who wrote are not the customer when the business wrote."""
    assert read_one(payload).number == CUSTOMER


def test_an_unresolved_lid_keeps_what_a_person_needs() -> None:
    """When nobody can be answered, the words, the id and the name are kept for a person."""
    reading = read_one(proto(key={"remoteJid": LID, "id": "L1"}, pushName="Rosa"))
    assert (reading.reason, reading.number, reading.text) == ("unresolved_lid", None, "oi")
    assert (reading.message_id, reading.name) == ("L1", "Rosa")


def test_a_batch_reads_every_item_on_its_own() -> None:
    """One item that is a reaction or no object does not hide the others."""
    other = proto(key={"remoteJid": f"{OTHER}@c.us", "id": "AB02"})
    readings = read_payload({"messages": [proto(), proto({"reactionMessage": {}}), "x", other, {"message": {}}]})
    assert [(reading.outcome, reading.reason, reading.number) for reading in readings] == [
        ("message", "", CUSTOMER),
        ("ignored", "reaction", CUSTOMER),
        ("rejected", "not_an_object", None),
        ("message", "", OTHER),
        ("ignored", "empty", None),
    ]


def test_the_envelope_of_a_batch_speaks_for_one_chat_only() -> None:
    """The contact beside a batch resolves its only chat, and nobody when there are several."""
    contact = {"number": CUSTOMER}
    one, two = proto(key={"remoteJid": LID, "id": "1"}), proto(key={"remoteJid": "120000000000992@lid", "id": "2"})
    assert [item.number for item in read_payload({"messages": [one, one], "contact": contact})] == [CUSTOMER, CUSTOMER]
    assert [item.number for item in read_payload({"messages": [one, two], "contact": contact})] == [None, None]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "not_json"),
        (b"{", "not_json"),
        (b"oi", "not_json"),
        (b'{"a": NaN}', "not_json"),
        (b'{"a": -Infinity}', "not_json"),
        (b'{"a": 1e999}', "not_json"),
        (b'{"a": ' + b"9" * 10_000 + b"}", "not_json"),
        (b'{"a": "\xff"}', "not_json"),
        (b'{"a": "\xed\xa0\x80"}', "not_json"),
        ('{"a": "é"}'.encode("latin-1"), "not_json"),
        ('{"a": 1}'.encode("utf-16"), "not_json"),
        (b"[]", "not_an_object"),
        (b"null", "not_an_object"),
        (b'"oi"', "not_an_object"),
        (b'{"a":' * 65 + b"1" + b"}" * 65, "too_deep"),
        (b"[" * 100_000, "too_deep"),
    ],
)
def test_bodies_that_are_no_usable_object_are_refused_in_portuguese(raw: bytes, reason: str) -> None:
    """A body that cannot be read is refused with a reason and a sentence, and its content is not quoted."""
    with pytest.raises(PayloadUnreadable) as refusal:
        decode_body(raw)
    assert isinstance(refusal.value, Rejected)
    assert refusal.value.reason == reason
    assert "JSON" in refusal.value.message
    assert refusal.value.__suppress_context__ or refusal.value.__context__ is None


def test_values_that_are_no_object_are_one_rejected_reading() -> None:
    """A decoded list, text, number or null is refused without an error."""
    values: list[object] = [[], "oi", 3, None, True]
    for value in values:
        assert read_payload(value) == [Reading("rejected", "not_an_object")]
