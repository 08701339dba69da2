"""No JSON value, however odd, makes the reader fail."""

from __future__ import annotations

import copy
import json
import random
from datetime import timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from secretaria.whaticket.explain import explain
from secretaria.whaticket.payload import PayloadUnreadable, decode_body, read_payload

PAYLOADS = Path(__file__).parents[2] / "fixtures" / "payloads"
SAMPLES = [json.loads(path.read_text("utf-8")) for path in sorted(PAYLOADS.glob("*.json"))]


def _words(value: object) -> set[str]:
    """Collect every key and text of the samples: the vocabulary that reaches the rules."""
    if isinstance(value, dict):
        return set(value) | {word for item in value.values() for word in _words(item)}
    if isinstance(value, list):
        return {word for item in value for word in _words(item)}
    return {value} if isinstance(value, str) else set()


WORDS = sorted(
    _words(SAMPLES)
    | {"messages", "sender_pn", "phone", "chamado", "createdAt", "location", "paramsJson", "result", "body", "buttons"}
    | {"interactiveResponseMessage", "nativeFlowResponseMessage", "templateMessage", "contactsArrayMessage", "low"}
    | {"ephemeralMessage", "liveLocationMessage", "hydratedTemplate", "contacts", "high", "call", "x@lid", "@", "²"}
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(WORDS)
    | st.sampled_from([10**30, -1, "\ud800", "\x00", "{", '{"id":1}', "BEGIN:VCARD\nFN:", "@s.whatsapp.net", "+"])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=6),
    max_leaves=25,
)


def assert_readable(value: object) -> None:
    """Check what holds for the reading of any value."""
    readings = read_payload(value)
    assert readings
    for reading in readings:
        assert reading.outcome in ("message", "ignored", "rejected")
        assert (reading.outcome == "message") == (reading.reason == "")
        assert reading.number is None or (reading.number.isascii() and reading.number.isdigit())
        assert reading.outcome != "message" or (reading.number is not None and reading.kind is not None)
        assert reading.text == reading.text.strip()
        assert reading.name is None or 0 < len(reading.name) <= 120
        assert reading.sent_at is None or reading.sent_at.utcoffset() == timedelta(0)


@settings(max_examples=400, deadline=None)
@given(VALUES)
def test_any_json_value_is_read(value: object) -> None:
    """Whatever JSON holds, every item comes out as one of the three outcomes."""
    assert_readable(value)


@settings(max_examples=800, deadline=None)
@given(st.sampled_from(SAMPLES), st.randoms(use_true_random=False), st.lists(VALUES, min_size=1, max_size=5))
def test_mutated_samples_are_read(sample: object, dice: random.Random, replacements: list[object]) -> None:
    """Real payloads with parts replaced by anything are still read."""
    payload = copy.deepcopy(sample)
    for replacement in replacements:
        _replace_somewhere(payload, dice, replacement)
    assert_readable(payload)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200) | st.sampled_from(SAMPLES).map(lambda sample: json.dumps(sample).encode()), st.data())
def test_any_bytes_are_read_or_refused(raw: bytes, data: st.DataObject) -> None:
    """Bytes are an object or refused by our own error; what is read can be stored as UTF-8 without U+0000."""
    at = data.draw(st.integers(0, len(raw)))
    raw = (
        raw[:at]
        + data.draw(st.sampled_from([b"", b"\\u0000", b"\\ud83d", b"\x00", b"\xff", b'"', b"[", b"-0e1"]))
        + raw[at:]
    )
    try:
        payload = decode_body(raw)
    except PayloadUnreadable:
        assert explain(raw)["outcome"] == "rejected"
        return
    assert_readable(payload)
    assert b"\x00" not in json.dumps(explain(raw), ensure_ascii=False).encode()


def _replace_somewhere(payload: object, dice: random.Random, replacement: object) -> None:
    """Walk down at random and put the replacement where the walk ends."""
    while isinstance(payload, dict | list) and payload:
        place = dice.choice(list(payload)) if isinstance(payload, dict) else dice.randrange(len(payload))
        child = payload[place]
        if not isinstance(child, dict | list) or not child or dice.random() < 0.25:
            payload[place] = replacement
            return
        payload = child
