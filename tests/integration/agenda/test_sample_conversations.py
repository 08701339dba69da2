"""Every turn of the sample that asks for the agenda: the call, what comes of it, and the booking afterwards."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from tests.agenda_counter import SAMPLE, Counter

AGENDA_INTENTIONS = {"agendar", "remarcar", "cancelar", "confirmar"}


@dataclass(frozen=True)
class Step:
    """One turn of the sample: the call for it, whether it writes, and what the model must have been told."""

    turn: int
    call: str
    arguments: dict[str, Any] = field(default_factory=dict)
    actions: tuple[str, ...] = ()
    told: tuple[str, ...] = ()


OUTCOMES: dict[str, tuple[list[Step], tuple[str, str, str, str]]] = {
    "cs-001": (
        [
            Step(2, "horarios", {"kind": "limpeza", "unit": "Palmeiras", "period": "noite"}, told=("18:30", "19:00", "19:20")),
            Step(3, "agendar", {"date": "2026-08-11", "time": "07:00", "person": "Juliana Prates de Souza"}, ("booked",), ("19:00", "na véspera")),
        ],
        ("limpeza", "palmeiras", "2026-08-11 19:00", "booked"),
    ),
    "cs-003": (
        [
            Step(1, "remarcar", {"booking": "A-2041", "date": "2026-08-17"}, told=("A-2041", "09:00, 10:00, 15:00, 18:00", "faltam 26 h")),
            Step(2, "remarcar", {"date": "2026-08-17", "time": "15:00", "unit": "centro"}, ("rebooked",), ("17/08/2026 15:00",)),
        ],
        ("limpeza", "centro", "2026-08-17 15:00", "booked"),
    ),
    "cs-004": (
        [Step(1, "confirmar", {"booking": "A-2042"}, ("confirmed",), ("manutencao aparelho, palmeiras, terça 11/08/2026 09:30",))],
        ("manutencao_aparelho", "palmeiras", "2026-08-11 09:30", "confirmed"),
    ),
    "cs-009": (
        [Step(1, "cancelar", {"time": "15:40", "date": "2026-08-13"}, ("cancelled",), ("A-2043", "15:40", "faltam 7 h 19 min"))],
        ("retorno", "centro", "2026-08-13 15:40", "cancelled"),
    ),
    "cs-013": (
        [
            Step(2, "horarios", {"unit": "palmeiras", "date": "2026-08-15"}, told=("sábado 15/08/2026: palmeiras 09:00, 10:20, 12:00",)),
            Step(3, "agendar", {"date": "2026-08-15", "time": "10:20", "unit": "palmeiras", "person": "Helena Freitas Pinto"}, ("booked",), ("10:20", "Helena")),
        ],
        ("avaliacao", "palmeiras", "2026-08-15 10:20", "booked"),
    ),
    "cs-017": (
        [
            Step(1, "agendar", {"kind": "avaliação", "unit": "Centro", "date": "2026-08-13", "time": "15:00"}, told=("15:00 está livre", "Ainda não está marcado")),
            Step(2, "agendar", {"date": "2026-08-14", "time": "13:30", "person": "André Luiz Salgado"}, told=("centro 08:40, 13:30, 17:50",)),
            Step(3, "agendar", {"date": "2026-08-14", "time": "13:30", "unit": "centro", "person": "André Luiz Salgado"}, ("booked",), ("13:30", "André Luiz Salgado")),
        ],
        ("avaliacao", "centro", "2026-08-14 13:30", "booked"),
    ),
    "cs-026": (
        [
            Step(1, "horarios", {"kind": "avaliacao", "date": "2026-08-10"}, told=("centro 15:30, 17:00; palmeiras 18:30",)),
            Step(2, "agendar", {"date": "2026-08-10", "time": "17:00", "unit": "centro", "person": "Diego Ramires Alves"}, ("booked",), ("17:00",)),
        ],
        ("avaliacao", "centro", "2026-08-10 17:00", "booked"),
    ),
    "cs-027": (
        [Step(1, "confirmar", {"time": "17:10"}, ("confirmed",), ("17:10", "sexta 14/08/2026"))],
        ("manutencao_aparelho", "centro", "2026-08-14 17:10", "confirmed"),
    ),
    "cs-029": (
        [
            Step(1, "horarios", {"kind": "avaliacao", "unit": "palmeiras", "period": "manha"}, told=("quarta 12/08/2026: palmeiras 10:00", "sexta 14/08/2026: palmeiras 09:30")),
            Step(2, "agendar", {"date": "2026-08-12", "time": "10:00", "unit": "palmeiras", "person": "Vera Lúcia Monteiro"}, ("booked",), ("10:00",)),
        ],
        ("avaliacao", "palmeiras", "2026-08-12 10:00", "booked"),
    ),
}  # fmt: skip
NOT_ASKED = {"cs-006", "cs-031"}  # a person has the word there


@pytest.fixture(scope="module")
def sample() -> dict[str, dict[str, Any]]:
    """Read the labelled conversations."""
    lines = (SAMPLE / "conversations.jsonl").read_text(encoding="utf-8").splitlines()
    return {one["id"]: one for one in map(json.loads, lines)}


def texts_of(conversation: dict[str, Any], turn: dict[str, Any]) -> list[str]:
    """Return the customer's words of a turn."""
    return [conversation["messages"][index]["text"] for index in turn["messages"]]


def moment_of(conversation: dict[str, Any], turn: dict[str, Any]) -> datetime:
    """Return when a turn's last message was written."""
    seconds = conversation["messages"][turn["messages"][-1]]["offset_s"]
    return datetime.fromtimestamp(datetime.fromisoformat(conversation["started_at"]).timestamp() + seconds).astimezone()


def test_no_turn_of_the_agenda_is_left_out(sample: dict[str, dict[str, Any]]) -> None:
    """Every labelled turn about the agenda is below, but those that a person answers."""
    labelled = {
        (identifier, turn["n"])
        for identifier, conversation in sample.items()
        for turn in conversation["turns"]
        if turn["intent"] in AGENDA_INTENTIONS or turn["answer"] == "ferramenta"
    }
    covered = {(identifier, step.turn) for identifier, (steps, _) in OUTCOMES.items() for step in steps}
    assert {turn for turn in labelled if turn[0] not in NOT_ASKED} == covered


@pytest.mark.parametrize("identifier", OUTCOMES)
def test_the_agenda_ends_as_the_sample_says(
    clinic: Counter, sample: dict[str, dict[str, Any]], identifier: str
) -> None:
    """Each call tells what the reference reply says and writes what it claims, and nothing before."""
    conversation, (steps, expected) = sample[identifier], OUTCOMES[identifier]
    number = conversation["contact"]["number"]
    turns = {turn["n"]: turn for turn in conversation["turns"]}
    for step in steps:
        turn = turns[step.turn]
        clinic.now = moment_of(conversation, turn)
        result = clinic.serve(
            step.call, *texts_of(conversation, turn), bubbles=turn["reference_reply"], number=number, **step.arguments
        )
        assert result.actions == step.actions, result.told
        assert [part for part in step.told if part not in result.told] == [], result.told
    written = written_for(clinic, number)
    assert written == [expected]


def written_for(clinic: Counter, number: str) -> Sequence[tuple[str, str, str, str]]:
    """Return the bookings of one number."""
    zone = clinic.card.identity.timezone
    return [
        (one["kind"], one["unit"], f"{one['starts_at'].astimezone(zone):%Y-%m-%d %H:%M}", one["state"])
        for one in clinic.bookings()
        if one["contact_id"] == clinic.contact_id(number)
    ]
