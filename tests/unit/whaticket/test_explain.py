"""How a pasted body would be read."""

from __future__ import annotations

import json

import pytest

from secretaria.whaticket.explain import explain

CUSTOMER = "5520900000101"
KEYS = ["outcome", "reason", "number", "text", "kind", "message_id", "timestamp"]


def test_a_message_is_explained_in_full() -> None:
    """All seven keys come in their order, without a reason, the time in whole seconds."""
    body = {
        "key": {"remoteJid": f"{CUSTOMER}@c.us", "id": "AB01"},
        "message": {"conversation": " oi "},
        "messageTimestamp": "1762101460123",
    }
    explained = explain(json.dumps(body).encode())
    assert list(explained) == KEYS
    assert list(explained.values()) == ["message", None, CUSTOMER, "oi", "text", "AB01", 1762101460]


@pytest.mark.parametrize(
    ("raw", "outcome", "reason"),
    [
        (b"{", "rejected", "not_json"),
        (b"[1]", "rejected", "not_an_object"),
        (b"[" * 100_000, "rejected", "too_deep"),
        (b"{}", "rejected", "no_number"),
        (b'{"action":"x"}', "ignored", "not_a_message"),
    ],
)
def test_what_is_no_message_is_explained_with_its_reason(raw: bytes, outcome: str, reason: str) -> None:
    """Unreadable, refused and ignored bodies say why, with nothing else."""
    assert list(explain(raw).values()) == [outcome, reason, None, "", None, None, None]


def test_of_several_items_the_first_message_is_explained() -> None:
    """A batch shows its first message, or its first item when it has none."""
    reaction = {"key": {"remoteJid": f"{CUSTOMER}@c.us", "id": "R"}, "message": {"reactionMessage": {}}}
    message = {"key": {"remoteJid": f"{CUSTOMER}@c.us", "id": "M"}, "message": {"conversation": "oi"}}
    assert explain(json.dumps({"messages": [reaction, message]}).encode())["message_id"] == "M"
    assert explain(json.dumps({"messages": [reaction, reaction]}).encode())["reason"] == "reaction"
