"""Under which id and name an event came."""

from __future__ import annotations

import pytest

from secretaria.whaticket.payload import read_payload

CUSTOMER = "5520900000101"
JID = f"{CUSTOMER}@s.whatsapp.net"


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


@pytest.mark.parametrize(
    ("payload", "message_id"),
    [
        (proto(messageId="no"), "AB01"),
        (proto(key={"remoteJid": JID}), None),
        (proto(key={"remoteJid": JID, "id": ""}), None),
        ({"message": proto()}, "AB01"),
        (wwebjs(), "WW01"),
        ({**wwebjs(id={"remote": JID}), "messageId": "IZ01"}, "IZ01"),
        (painel("oi", id="no"), None),
        (painel({"id": "PA01", "body": "oi"}), "PA01"),
        (painel({"id": 77, "body": "oi"}), "77"),
        (native(messageId="N1", message_id="N2", id="N3"), "N1"),
        (native(message_id="N2", id="N3"), "N2"),
        (native(id=42), "42"),
        (native(id=True), None),
        (native(id={"id": "x"}), None),
        (native(), None),
    ],
)
def test_the_message_id_stands_where_each_shape_puts_it(payload: dict[str, object], message_id: str | None) -> None:
    """Each shape has its own field for the id; a number becomes text and nothing becomes null."""
    (reading,) = read_payload(payload)
    assert reading.message_id == message_id


@pytest.mark.parametrize(
    ("payload", "name"),
    [
        (proto(pushName="  Rosa\n Lima "), "Rosa Lima"),
        (proto(pushName="x" * 500), "x" * 120),
        (proto(pushName=" ", contact={"name": "Rosa"}), "Rosa"),
        ({**wwebjs(_data={"notifyName": "Rosa"}), "contact": {"name": "R."}}, "Rosa"),
        (painel(name="Rosa"), "Rosa"),
        (native(contact={"name": "Rosa"}), "Rosa"),
        (native(), None),
    ],
)
def test_the_name_is_one_line_of_at_most_120_characters(payload: dict[str, object], name: str | None) -> None:
    """The customer's name comes from the message before the contact, on one line, bounded."""
    (reading,) = read_payload(payload)
    assert reading.name == name
