"""The contract's worked examples through the door and into conversations, on the real tables."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from secretaria.clock import HeldClock
from secretaria.errors import Rejected
from secretaria.inbox.receive import Knock, receive_webhook
from tests.builders import TOKEN, PublishedNudges, a_door, a_filing_room, file_received, rows, signed

PAYLOADS = Path(__file__).parents[2] / "fixtures" / "payloads"
EXPECTED: dict[str, dict[str, Any]] = json.loads((PAYLOADS / "expected.json").read_text(encoding="utf-8"))["cases"]
OF_OUTCOME = {
    outcome: [name for name, expected in EXPECTED.items() if expected["expect"] == outcome]
    for outcome in ("message", "ignored", "rejected")
}


def knock_of(name: str, clock: HeldClock) -> Knock:
    """Post an example as its flavour does: a relay signs, a fork knows only the URL with the token."""
    body = (PAYLOADS / name).read_bytes()
    return signed(body, clock.now()) if name.startswith("native-") else Knock([], body, path_token=TOKEN)


def plain(text: str) -> str:
    """Return a text as the examples compare it: NFC, trimmed, white space collapsed."""
    return " ".join(unicodedata.normalize("NFC", text).split())


@pytest.mark.parametrize("name", OF_OUTCOME["message"])
def test_a_message_reaches_its_conversation(
    engine: Engine, nudges: PublishedNudges, clock: HeldClock, name: str
) -> None:
    """Number, words, kind and id of the example stand in the tables once it is filed, and a turn waits for them."""
    receipt = receive_webhook(a_door(engine, nudges, clock), knock_of(name, clock))
    file_received(a_filing_room(engine, nudges, clock))
    expected = EXPECTED[name]
    (event,), (contact,), (conversation,) = (
        rows(engine, table) for table in ("inbox_event", "contact", "conversation")
    )
    (message,), (turn,) = rows(engine, "message"), rows(engine, "turn")
    assert (event["id"], event["state"]) == (receipt.event, "filed")
    assert contact["number"] == expected["number"]
    assert plain(message["text"]) == expected["text"]
    assert (message["kind"], message["provider_message_id"]) == (expected["kind"], expected["message_id"])
    assert (message["direction"], message["author"], message["event_id"]) == ("inbound", "contact", receipt.event)
    assert (turn["state"], turn["correlation_id"], conversation["mode"]) == ("waiting", receipt.event, "automatic")


@pytest.mark.parametrize("name", OF_OUTCOME["ignored"])
def test_what_is_ignored_opens_no_turn(engine: Engine, nudges: PublishedNudges, clock: HeldClock, name: str) -> None:
    """Its reason is answered and kept; nobody will be answered for it."""
    receipt = receive_webhook(a_door(engine, nudges, clock), knock_of(name, clock))
    file_received(a_filing_room(engine, nudges, clock))
    (event,) = rows(engine, "inbox_event")
    assert receipt.ignored == event["reason"] == EXPECTED[name]["reason"]
    assert (event["state"], event["body"]) == ("ignored", b"")
    assert rows(engine, "turn") == []


@pytest.mark.parametrize("name", OF_OUTCOME["rejected"])
def test_what_is_rejected_leaves_nothing(engine: Engine, nudges: PublishedNudges, clock: HeldClock, name: str) -> None:
    """Its sender is told, and no table knows of it."""
    with pytest.raises(Rejected):
        receive_webhook(a_door(engine, nudges, clock), knock_of(name, clock))
    assert rows(engine, "inbox_event") == rows(engine, "contact") == []


def test_all_examples_together_find_their_people(engine: Engine, nudges: PublishedNudges, clock: HeldClock) -> None:
    """Posted one after another, the examples of one number share one conversation and one turn."""
    door, room = a_door(engine, nudges, clock), a_filing_room(engine, nudges, clock)
    for name in OF_OUTCOME["message"]:
        receive_webhook(door, knock_of(name, clock))
    file_received(room)
    numbers = [EXPECTED[name]["number"] for name in OF_OUTCOME["message"]]
    told = {contact["number"]: contact["id"] for contact in rows(engine, "contact")}
    assert set(told) == set(numbers)
    turns = {turn["conversation_id"]: turn["messages"] for turn in rows(engine, "turn")}
    contacts = {conversation["contact_id"]: conversation["id"] for conversation in rows(engine, "conversation")}
    assert {number: turns[contacts[told[number]]] for number in told} == {
        number: numbers.count(number) for number in told
    }
