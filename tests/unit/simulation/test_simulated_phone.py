"""The phone's events have the shape Whaticket posts, as its recorded payloads show."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from secretaria.simulation.phone import KINDS, UnknownEvent, audio_event, events, sign, text_event

PAYLOADS = Path(__file__).parents[2] / "fixtures" / "payloads"
AT = datetime(2026, 8, 10, 12, 14, tzinfo=UTC)
SHAPES = {
    "texto": "saas-n8n-text.json",
    "audio": "saas-n8n-audio.json",
    "botao": "saas-n8n-buttons-response.json",
    "grupo": "saas-group-text.json",
    "fromme": "saas-fromme-echo.json",
    "lid": "saas-n8n-lid-v7.json",
    "editada": "saas-n8n-edited.json",
}
OPTIONAL = {"messageContextInfo", "contextInfo"}


def _shape(value: object) -> object:
    """Replace the leaves by their types, and leave out what older libraries do not send either."""
    if isinstance(value, dict):
        return {key: _shape(item) for key, item in value.items() if key not in OPTIONAL}
    return type(value)


@pytest.mark.parametrize("kind", sorted(SHAPES))
def test_events_have_the_recorded_shape(kind: str) -> None:
    """Field by field, an event looks like the one recorded from the real library."""
    recorded = json.loads((PAYLOADS / SHAPES[kind]).read_text(encoding="utf-8"))
    assert _shape(events(kind, {}, AT)[0]) == _shape(recorded)


def test_overrides_are_taken() -> None:
    """Number, text, name, id and time can all be chosen; a number may be typed with signs."""
    (event,) = events(
        "texto",
        {
            "numero": "+55 20 90000-0101",
            "texto": "tem vaga?",
            "nome": "Ana",
            "id": "3EB0AA",
            "horario": "2026-08-10T09:00:00-03:00",
        },
        AT,
    )
    assert event == text_event("5520900000101", "tem vaga?", "3EB0AA", datetime(2026, 8, 10, 12, tzinfo=UTC), "Ana")


def test_a_time_without_offset_is_of_the_same_zone() -> None:
    """A bare time is read in the zone of the moment given."""
    (event,) = events("texto", {"horario": "2026-08-10T12:00:00"}, AT)
    assert event["messageTimestamp"] == int(datetime(2026, 8, 10, 12, tzinfo=UTC).timestamp())


def test_a_burst_is_three_messages_in_order() -> None:
    """Three texts, three ids, times that rise and end at the moment given."""
    burst = events("rajada", {"id": "3EB0BB"}, AT)
    assert [event["message"]["conversation"] for event in burst] == ["oi bom dia", "qnt ta a limpeza?", "e demora mto?"]
    assert [event["key"]["id"] for event in burst] == ["3EB0BB", "3EB0BB-2", "3EB0BB-3"]
    assert [event["messageTimestamp"] - int(AT.timestamp()) for event in burst] == [-4, -2, 0]


def test_a_burst_can_be_written_by_the_operator() -> None:
    """A bar separates the messages of a burst of one's own."""
    burst = events("rajada", {"texto": "oi | tem vaga?"}, AT)
    assert [event["message"]["conversation"] for event in burst] == ["oi", "tem vaga?"]


def test_a_duplicate_is_the_same_event_twice() -> None:
    """Both posts carry the same id, as WhatsApp redelivers it."""
    first, second = events("duplicado", {}, AT)
    assert first == second


def test_ids_are_new_each_time() -> None:
    """Without a chosen id, two messages are never taken for one."""
    assert events("texto", {}, AT)[0]["key"]["id"] != events("texto", {}, AT)[0]["key"]["id"]


def test_a_voice_message_tells_its_length() -> None:
    """The seconds of a voice message are what was asked."""
    assert audio_event("5520900000101", "3EB0CC", AT, "Ana", seconds=12)["message"]["audioMessage"]["seconds"] == 12


@pytest.mark.parametrize(
    ("kind", "overrides", "told"),
    [
        ("figurinha", {}, list(KINDS)),
        ("texto", {"telefone": "5520900000101"}, ["numero", "texto", "nome", "id", "horario"]),
        ("texto", {"numero": "Ana"}, ["dígitos"]),
        ("texto", {"horario": "amanhã"}, ["2026-08-10T09:14:00-03:00"]),
    ],
)
def test_what_is_not_known_is_refused_with_what_is(kind: str, overrides: dict[str, str], told: list[str]) -> None:
    """A wrong kind, field or value is an error in Portuguese that lists what is accepted."""
    with pytest.raises(UnknownEvent) as refused:
        events(kind, overrides, AT)
    assert all(word in refused.value.hint for word in told)


def test_the_signature_is_the_relay_s() -> None:
    """Hex HMAC-SHA256 over the timestamp, a dot and the raw body."""
    expected = hmac.new(b"segredo-inventado", b'1786363200.{"a": 1}', hashlib.sha256).hexdigest()
    assert sign("segredo-inventado", 1786363200, b'{"a": 1}') == expected
