"""Who is let in, what is kept of what is not for us, and that nothing is kept of what is refused."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine

from secretaria.clock import HeldClock
from secretaria.inbox.receive import Door, Knock, PayloadUnusable, Receipt, receive_webhook
from secretaria.queue.jobs import FILE_EVENT
from secretaria.whaticket.payload import PayloadUnreadable
from secretaria.whaticket.signature import SignatureInvalid
from tests.builders import (
    NUMBER,
    SECRET,
    TOKEN,
    PublishedNudges,
    a_text,
    encoded,
    rows,
    signed,
    with_token,
)

NEW_SECRET = "segredo-novo-de-teste-com-mais-de-32-bytes!"
NEW_TOKEN = "token-novo-da-url-de-teste-0002"
SEEN = Receipt()


def test_an_ignored_body_without_an_id_is_noted_once(engine: Engine, door: Door, clock: HeldClock) -> None:
    """A copy of what is not for us leaves no second row either, across the border of five seconds."""
    clock.advance(4.9)
    for _ in range(2):
        assert receive_webhook(door, with_token({"type": "hookMessageStatus", "ack": 3})).ignored == "not_a_message"
        clock.advance(0.2)
    assert len(rows(engine, "inbox_event")) == 1


def test_two_secrets_and_two_tokens_hold_while_they_rotate(door: Door, clock: HeldClock) -> None:
    """During a rotation the old and the new are let in, afterwards only the new."""

    def knocks(name: str) -> dict[str, Knock]:
        event = a_text(message_id=f"{name}-{clock.now():%H%M%S}")
        return {
            "old secret": signed(encoded(event), clock.now(), SECRET),
            "new secret": signed(encoded({**event, "n": 1}), clock.now(), NEW_SECRET),
            "old token": with_token(event, TOKEN),
            "new token": with_token(event, NEW_TOKEN),
        }

    rotating = replace(door, secrets=[NEW_SECRET, SECRET], tokens=[NEW_TOKEN, TOKEN])
    for knock in knocks("DURANTE").values():
        receive_webhook(rotating, knock)
    rotated = replace(door, secrets=[NEW_SECRET], tokens=[NEW_TOKEN])
    after = knocks("DEPOIS")
    receive_webhook(rotated, after["new secret"])
    receive_webhook(rotated, after["new token"])
    for old in ("old secret", "old token"):
        with pytest.raises(SignatureInvalid):
            receive_webhook(rotated, after[old])


@pytest.mark.parametrize("nothing", [[], [""]])
def test_an_empty_secret_closes_the_door(engine: Engine, door: Door, nothing: list[str]) -> None:
    """Without a secret nobody is authentic, not even who signs with nothing or shows nothing."""
    closed, stamp = replace(door, secrets=nothing, tokens=nothing), str(int(door.clock.now().timestamp())).encode()
    body = encoded(a_text())
    by_nothing = hmac.new(b"", stamp + b"." + body, hashlib.sha256).hexdigest().encode()
    for knock in (
        Knock([(b"x-timestamp", stamp), (b"x-signature", by_nothing)], body),
        Knock([], body, path_token=""),
        Knock([(b"x-webhook-token", b""), (b"authorization", b"Bearer ")], body, query=b"token="),
        with_token(a_text(), TOKEN),
        Knock([], body),
    ):
        with pytest.raises(SignatureInvalid):
            receive_webhook(closed, knock)
    assert rows(engine, "inbox_event") == []


def test_nothing_of_an_unauthentic_request_is_kept(
    engine: Engine, door: Door, clock: HeldClock, nudges: PublishedNudges
) -> None:
    """A wrong token, an old signature or a changed byte leave no row and no nudge, and do not burn the genuine one."""
    genuine = signed(encoded(a_text()), clock.now())
    for knock in (
        with_token(a_text(), TOKEN + "x"),
        with_token(a_text(), TOKEN[:-1]),
        replace(genuine, body=genuine.body + b" "),
        signed(encoded(a_text()), clock.now(), SECRET + "x"),
        replace(genuine, headers=[*genuine.headers, genuine.headers[1]]),
    ):
        with pytest.raises(SignatureInvalid):
            receive_webhook(door, knock)
    assert rows(engine, "inbox_event") == []
    assert nudges.published == []
    assert receive_webhook(door, genuine).event


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (a_text(message_id="GRUPO", remoteJid="120363000000000001@g.us"), "group"),
        (a_text(remoteJid="status@broadcast"), "broadcast"),
        (a_text(remoteJid="120363000000000001@newsletter"), "newsletter"),
        (a_text(remoteJid="120000000000077@lid"), "unresolved_lid"),
        ({**a_text(), "message": {"reactionMessage": {"text": "👍"}}}, "reaction"),
        ({**a_text(), "message": {"protocolMessage": {"type": 0}}}, "protocol"),
        ({**a_text(), "message": {"pollCreationMessage": {"name": "dia"}}}, "unsupported"),
        ({**a_text(), "message": None, "messageStubType": 2}, "stub"),
        (a_text("\u200b \ufeff"), "empty"),
        ({**a_text(), "ticket": {"channel": "instagram"}}, "other_channel"),
        ({**a_text(), "acao": "end"}, "not_a_message"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_not_for_us_leaves_only_its_reason(
    engine: Engine, door: Door, nudges: PublishedNudges, event: dict[str, Any], reason: str
) -> None:
    """It is acknowledged and noted, but its words are not kept and nobody is nudged."""
    assert receive_webhook(door, with_token(event)) == Receipt(ignored=reason)
    assert receive_webhook(door, with_token(event)) == Receipt(ignored=reason)
    (kept,) = rows(engine, "inbox_event")
    assert (kept["state"], kept["reason"], kept["body"]) == ("ignored", reason, b"")
    assert nudges.published == []


def test_a_message_that_could_not_be_decrypted_at_first_is_taken_when_it_comes(engine: Engine, door: Door) -> None:
    """WhatsApp sends it again under the same id, a customer's or a person's: what was ignored must not hide it."""
    for from_me, reason in ((False, "stub"), (True, "from_me")):
        genuine = a_text("quero marcar uma limpeza", message_id=f"DEPOIS-{from_me}", fromMe=from_me)
        stub = {**genuine, "message": None, "messageStubType": 2}
        assert receive_webhook(door, with_token(stub)).ignored == reason
        assert receive_webhook(door, with_token(genuine)).ignored == ("from_me" if from_me else "")
        receive_webhook(door, with_token(genuine))
    assert [event["state"] for event in rows(engine, "inbox_event")] == ["ignored", "received"] * 2


@pytest.mark.parametrize(
    "body", [b"{}", b'{"msg":"oi"}', encoded({"message": {"conversation": "oi"}}), encoded({"number": "abc"})]
)
def test_what_nobody_could_answer_is_refused_and_not_kept(engine: Engine, door: Door, body: bytes) -> None:
    """A native event without a usable number is told to its sender and leaves nothing."""
    with pytest.raises(PayloadUnusable) as caught:
        receive_webhook(door, Knock([], body, path_token=TOKEN))
    assert caught.value.reason == "no_number"
    assert rows(engine, "inbox_event") == []


def test_a_batch_beyond_all_measure_is_refused_whole(engine: Engine, door: Door) -> None:
    """One request cannot make more than 500 events; a sender that tries is told and nothing of it is kept."""
    batch = {"messages": [a_text(message_id=f"LOTE-{position}") for position in range(501)]}
    with pytest.raises(PayloadUnusable) as caught:
        receive_webhook(door, with_token(batch))
    assert caught.value.reason == "too_many_items"
    assert rows(engine, "inbox_event") == []


@pytest.mark.parametrize("body", [b"", b"oi", b"[]", b"null", b"\xff\xfe", b'{"a":' * 65 + b"1" + b"}" * 65])
def test_what_is_no_json_object_is_refused_and_not_kept(engine: Engine, door: Door, body: bytes) -> None:
    """An authentic body that nobody can read leaves nothing."""
    with pytest.raises(PayloadUnreadable):
        receive_webhook(door, signed(body, door.clock.now()))
    assert rows(engine, "inbox_event") == []


def test_an_own_message_is_acknowledged_as_ignored_but_looked_at(
    engine: Engine, door: Door, nudges: PublishedNudges
) -> None:
    """What left from our own number goes to filing with its words: a person may have written it."""
    knock = with_token(a_text("já te respondo", fromMe=True))
    assert receive_webhook(door, knock) == Receipt(ignored="from_me")
    (event,) = rows(engine, "inbox_event")
    assert (event["state"], event["reason"], event["body"]) == ("received", "from_me", knock.body)
    assert [nudge.identifier for nudge in nudges.of(FILE_EVENT)] == [str(event["id"])]


def test_a_fault_of_our_reader_parks_the_event(
    engine: Engine, door: Door, nudges: PublishedNudges, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An authentic body on which the reader fails is kept whole for a person, once, and its sender is told so."""

    def fail(_: object, *, closely: bool) -> None:  # noqa: ARG001  # as the reader is called
        raise KeyError(NUMBER)

    monkeypatch.setattr("secretaria.inbox.receive.read_payload", fail)
    knock = with_token(a_text())
    receipt = receive_webhook(door, knock)
    assert receive_webhook(door, knock) == SEEN
    (event,) = rows(engine, "inbox_event")
    assert (event["id"], event["state"], event["reason"]) == (receipt.event, "parked", "KeyError")
    assert event["body"] == knock.body
    assert nudges.published == []
