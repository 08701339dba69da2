"""Which fields of which shape are the customer's phone number."""

from __future__ import annotations

from typing import Any

import pytest

from secretaria.whaticket.numbers import first_number, identity_key
from secretaria.whaticket.payload import read_payload

CUSTOMER = "5520900000101"
OTHER = "5520900000202"
LID_USER = "120000000000991"
LID = f"{LID_USER}@lid"


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (f"{CUSTOMER}@s.whatsapp.net", CUSTOMER),
        (f"{CUSTOMER}@c.us", CUSTOMER),
        (f" {CUSTOMER}@C.US ", CUSTOMER),
        (f"{CUSTOMER}:12@s.whatsapp.net", CUSTOMER),
        (f"{CUSTOMER}_1:12@s.whatsapp.net", CUSTOMER),
        (f"{CUSTOMER}:1_2@s.whatsapp.net", CUSTOMER),
        ("552030000101@c.us", "552030000101"),
        ("2090000101@c.us", "2090000101"),
        ("20900000101@c.us", "20900000101"),
        ("12345678@c.us", "12345678"),
        ("123456789012345@c.us", "123456789012345"),
        ("1234567@c.us", None),
        ("1234567890123456@c.us", None),
        (f"+{CUSTOMER}@c.us", None),
        ("abc5520900000101@c.us", None),
        ("５５２０９００００１０１@c.us", None),
        ("@c.us", None),
        (f"{CUSTOMER}@lid", None),
        (f"{CUSTOMER}@g.us", None),
        (f"{CUSTOMER}@example.com", None),
        (f"{CUSTOMER}@", None),
        (CUSTOMER, CUSTOMER),
        (5520900000101, CUSTOMER),
        (5520900000101.0, CUSTOMER),
        ("+55 (20) 90000-0101", CUSTOMER),
        ("\u202a+55 20 90000\u20110101\u202c", CUSTOMER),
        (" 20 90000-0101 ", CUSTOMER),
        (20900000101, CUSTOMER),
        ("(20) 3000-0101", "552030000101"),
        ("20800000101", None),
        ("+20800000101", "20800000101"),
        ("+12345678", "12345678"),
        ("+1234567", None),
        ("+1234567890123456", None),
        ("123456789012", "123456789012"),
        ("123456789012345", "123456789012345"),
        ("1234567890123456", None),
        ("900000101", None),
        ("90000101", None),
        ("LID", None),
        ("lid", None),
        ("5520900000101a", None),
        ("55209OOOO0101", None),
        ("552090000010²", None),
        ("٥٥٢٠٩٠٠٠٠٠١٠١", CUSTOMER),
        ("５５２０９０００００１０１", CUSTOMER),
        ("", None),
        ("+", None),
        (-5520900000101, None),
        (0, None),
        (True, None),
        (None, None),
        (float("nan"), None),
        (float("inf"), None),
        (5520900000101.5, None),
        ({"number": CUSTOMER}, None),
        ([CUSTOMER], None),
        ("1" * 100_000, None),
        (10**100, None),
    ],
)
def test_what_is_a_phone_number(value: object, number: str | None) -> None:
    """An address keeps its digits, a plain field gains the country only when it is Brazilian national."""
    assert first_number([[value]]) == number


def proto(fields: dict[str, object], **key: object) -> dict[str, Any]:
    """Build a Baileys message with the given key."""
    return {"key": {"id": "1", **key}, "message": {"conversation": "oi"}, **fields}


def wwebjs(fields: dict[str, object], remote: object) -> dict[str, Any]:
    """Build a whatsapp-web.js event of the given chat."""
    return {"message": {"id": {"remote": remote, "id": "1"}, "type": "chat", "body": "oi"}, **fields}


C, O_ = CUSTOMER, f"{OTHER}@s.whatsapp.net"


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(proto({"number": OTHER, "from": O_}, remoteJid=f"{C}@c.us", senderPn=O_), id="remoteJid"),
        pytest.param(proto({"number": OTHER}, remoteJid=LID, remoteJidAlt=f"{C}@c.us", senderPn=O_), id="alt"),
        pytest.param(proto({"contact": {"number": OTHER}}, remoteJid=LID, senderPn=f"{C}@c.us"), id="senderPn"),
        pytest.param(proto({"contact": {"number": O_}}, remoteJid=LID, senderPn=C), id="key-beats-envelope"),
        pytest.param(proto({}, remoteJid=LID, sender_pn=f"{C}:3@s.whatsapp.net"), id="sender_pn"),
        pytest.param(
            proto({"contact": {"number": C}, "ticket": {"contact": {"number": OTHER}}, "number": OTHER}, remoteJid=LID),
            id="contact",
        ),
        pytest.param(proto({"ticket": {"contact": {"number": C}}, "number": OTHER}, remoteJid=LID), id="ticket"),
        pytest.param(proto({"number": C, "from": OTHER}, remoteJid=LID), id="number"),
        pytest.param(proto({"from": C}, remoteJid=LID), id="from"),
        pytest.param(proto({"from": f"{C}@c.us", "number": OTHER}, remoteJid=LID), id="address-beats-plain"),
        pytest.param(proto({"contact": {"number": LID_USER}, "number": C}, remoteJid=LID), id="lid-digits-plain"),
        pytest.param(proto({"number": C}, remoteJid=f"{LID_USER}:7@lid", senderPn=f"{LID_USER}@c.us"), id="lid-as-jid"),
        pytest.param(proto({"contact": {"number": LID_USER}, "number": C}, senderLid=LID), id="senderLid"),
        pytest.param(proto({"contact": {"number": "LID"}, "number": C}, remoteJid=LID), id="lid-word"),
        pytest.param({"message": proto({}, remoteJid=LID), "contact": {"number": C}}, id="wrapped-contact"),
        pytest.param({"messages": [proto({}, remoteJid=LID)], "number": C}, id="batch-of-one"),
        pytest.param(wwebjs({"contact": {"number": OTHER}}, f"{C}@c.us"), id="wwebjs-chat"),
        pytest.param(wwebjs({}, {"_serialized": f"{C}@c.us"}), id="wwebjs-object"),
        pytest.param(
            wwebjs({"contact": {"number": C}, "ticket": {"contact": {"number": OTHER}}}, LID), id="ww-contact"
        ),
        pytest.param(
            wwebjs({"contact": {"number": LID_USER}, "ticket": {"contact": {"number": C}}}, LID), id="ww-ticket"
        ),
        pytest.param({"mensagem": "oi", "sender": C, "ticketData": {"contact": {"number": OTHER}}}, id="sender"),
        pytest.param({"mensagem": "oi", "sender": {"number": C}}, id="sender-number"),
        pytest.param({"mensagem": "oi", "sender": f"{C}@s.whatsapp.net"}, id="sender-address"),
        pytest.param({"mensagem": "oi", "sender": "LID", "ticketData": {"contact": {"number": C}}}, id="ticketData"),
        pytest.param({"mensagem": "oi", "chamado": {"contact": {"number": C}}}, id="chamado"),
        pytest.param({"mensagem": {"body": "oi", "contact": {"number": C}}}, id="mensagem-contact"),
        pytest.param({"text": "oi", "number": C, "contact": {"number": OTHER}}, id="native-number"),
        pytest.param({"text": "oi", "number": OTHER, "from": f"{C}@c.us"}, id="native-address-beats-plain"),
        pytest.param({"text": "oi", "from": C, "contact": {"number": OTHER}}, id="native-from"),
        pytest.param({"text": "oi", "contact": {"number": C, "phone": OTHER}}, id="native-contact"),
        pytest.param({"text": "oi", "contact": {"phone": C}, "ticket": {"contact": {"number": OTHER}}}, id="phone"),
        pytest.param({"text": "oi", "ticket": {"contact": {"number": C, "phone": OTHER}}}, id="native-ticket"),
        pytest.param({"text": "oi", "ticket": {"contact": {"phone": C}}}, id="native-ticket-phone"),
        pytest.param({"text": "oi", "number": LID, "contact": {"number": C}}, id="native-lid-resolved"),
    ],
)
def test_each_shape_has_its_order_of_fields(payload: dict[str, Any]) -> None:
    """The first usable field of the shape's own list is the customer, whatever stands in the later ones."""
    (reading,) = read_payload(payload)
    assert (reading.outcome, reading.number) == ("message", CUSTOMER)


@pytest.mark.parametrize(
    ("payload", "verdict"),
    [
        (proto({}, remoteJid=LID), ("ignored", "unresolved_lid")),
        (proto({"contact": {"number": LID_USER}}, remoteJid=LID), ("ignored", "unresolved_lid")),
        (proto({"contact": {"number": "LID"}}, remoteJid=LID), ("ignored", "unresolved_lid")),
        (proto({"meta": {"jid": f"{C}@c.us"}}, remoteJid=LID, participant=f"{C}@c.us"), ("ignored", "unresolved_lid")),
        (wwebjs({}, LID), ("ignored", "unresolved_lid")),
        ({"mensagem": "oi", "sender": LID}, ("ignored", "unresolved_lid")),
        ({"text": "oi", "from": LID}, ("ignored", "unresolved_lid")),
        (proto({"meta": {"jid": f"{C}@c.us"}}), ("rejected", "no_number")),
        (wwebjs({"number": C}, "x"), ("rejected", "no_number")),
        ({"mensagem": "oi", "number": C}, ("rejected", "no_number")),
        ({"text": "oi", "remoteJid": f"{C}@c.us", "sender": C, "phone": C}, ("rejected", "no_number")),
    ],
)
def test_a_number_is_not_searched_elsewhere(payload: dict[str, Any], verdict: tuple[str, str]) -> None:
    """Fields outside the shape's list are not a number: a hidden chat is alerted, anything else refused."""
    (reading,) = read_payload(payload)
    assert (reading.outcome, reading.reason) == verdict
    assert reading.number is None


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("5520900000101", "552000000101", True),
        ("5520900000101", "5520900000101", True),
        ("5520900000101", "5521900000101", False),
        ("552030000101", "5520930000101", True),
        ("5520800000101", "552000000101", False),
        ("120900000101", "12000000101", False),
        ("5420900000101", "542000000101", False),
    ],
)
def test_the_ninth_digit_does_not_make_another_person(one: str, other: str, same: bool) -> None:  # noqa: FBT001 - a column of the table
    """Numbers with and without the Brazilian ninth digit share their key; nothing else does."""
    assert (identity_key(one) == identity_key(other)) is same
