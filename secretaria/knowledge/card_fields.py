"""The part of the card that a form shows, key by key in text, and what becomes of the card when it comes back; pure."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from secretaria.knowledge.business import BusinessCard, BusinessInvalid
from secretaria.knowledge.card_editing import change_card, change_values
from secretaria.knowledge.snapshot import Snapshot
from secretaria.knowledge.tables import Interval

Field = str | Sequence[str]
PERSONA, HOURS, HANDOFF = "secretaria", "horarios", "transferencia"
HOLIDAYS = f"{HOURS}.feriados_fechado"
LISTS = frozenset({HOLIDAYS, f"{HANDOFF}.sempre", f"{HANDOFF}.nunca_responder"})
NUMBERS = frozenset({f"{PERSONA}.max_caracteres_por_mensagem", f"{PERSONA}.max_mensagens_por_resposta"})


def fields_of(card: BusinessCard) -> dict[str, Field]:
    """Return what a form shows, by dotted key of the card; a span is ``HH:MM-HH:MM``, empty where nobody is there."""
    teams = {"atendimento_humano": card.hours.human, **card.hours.units}
    return {
        **_written(PERSONA, card.persona),
        **{key: value for name, hours in teams.items() for key, value in _written(f"{HOURS}.{name}", hours).items()},
        HOLIDAYS: tuple(sorted(day.isoformat() for day in card.hours.closed_dates)),
        **_written(HANDOFF, card.handoff),
    }


def change_fields(snapshot: Snapshot, card: BusinessCard, fields: Mapping[str, Field]) -> Snapshot:
    """Return a snapshot whose card says what a form says; what the form leaves as it is, is not touched.

    Args:
        snapshot: What there is.
        card: The same, read.
        fields: By key, as ``fields_of`` gives them; other keys are not looked at.
    """
    shown = fields_of(card)
    given = {key: _tidy(key, value) for key, value in fields.items() if key in shown}
    changed = {key: _value(key, value) for key, value in given.items() if value != shown[key]}
    if any(key.startswith(f"{HANDOFF}.") for key in changed) and HANDOFF not in tomllib.loads(snapshot.card):
        snapshot = change_card(snapshot, f"{snapshot.card.rstrip()}\n\n[{HANDOFF}]\n")
    return change_values(snapshot, changed)


def flaws_of(error: BusinessInvalid) -> dict[str, str]:
    """Say what is wrong with each field, by its key; what concerns no field stands under the empty key."""
    flaws: dict[str, str] = {}
    for problem in error.problems:
        key = next((key for key in LISTS if problem.key.startswith(f"{key}.")), problem.key)
        flaws.setdefault(key, problem.flaw or problem.reason)
    return flaws


def _written(table: str, part: BaseModel) -> dict[str, Field]:
    return {
        f"{table}.{field.alias or name}": _text(getattr(part, name)) for name, field in type(part).model_fields.items()
    }


def _text(value: Any) -> Field:  # noqa: ANN401  # whatever a field of the card holds
    if isinstance(value, Interval):
        return f"{value.opens:%H:%M}-{value.closes:%H:%M}"
    if isinstance(value, tuple):
        return tuple(map(str, value))
    return "" if value is None else str(value)


def _tidy(key: str, value: Field) -> Field:
    """Bring what a browser sends into the shape in which it is shown: no empty lines, no control characters."""
    if key in LISTS:
        lines = value.splitlines() if isinstance(value, str) else value
        kept = dict.fromkeys(line for line in map(_plain, lines) if line)
        return tuple(sorted(kept) if key == HOLIDAYS else kept)
    return _plain(value if isinstance(value, str) else " ".join(value))


def _plain(text: str) -> str:
    return " ".join("".join(c if c >= " " and c != "\x7f" else " " for c in text).split())


def _value(key: str, value: Field) -> Any:  # noqa: ANN401  # as TOML writes it
    if isinstance(value, str):
        return int(value) if key in NUMBERS and value.isascii() and value.isdecimal() else value
    return list(value)
