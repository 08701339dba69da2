"""Opening and attendance hours are judged in the zone of the business, with its closed holidays."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

import secretaria
from secretaria.knowledge.business import BusinessCard, parse_card
from secretaria.knowledge.hours import is_attended, is_closed, open_units, opening_lines

SAMPLE = Path(secretaria.__file__).parent / "simulation/clinica-sorriso/negocio.toml"


@pytest.fixture(scope="module")
def card() -> BusinessCard:
    """Return the card of the sample, three hours behind UTC all year."""
    return parse_card(SAMPLE.read_text(encoding="utf-8"), "negocio.toml")


@pytest.mark.parametrize(
    ("moment", "attended", "units"),
    [
        ("2026-08-10T10:59:59Z", False, ()),
        ("2026-08-10T11:00:00Z", True, ("centro",)),
        ("2026-08-10T15:00:00Z", True, ("centro", "palmeiras")),
        ("2026-08-10T21:30:00Z", False, ("centro", "palmeiras")),
        ("2026-08-10T22:00:00Z", False, ("palmeiras",)),
        ("2026-08-11T00:30:00Z", False, ()),
        ("2026-08-15T14:30:00Z", True, ("centro", "palmeiras")),
        ("2026-08-15T15:30:00Z", False, ("palmeiras",)),
        ("2026-08-16T15:00:00Z", False, ()),
        ("2026-11-20T15:00:00Z", False, ()),
        ("2026-08-10T12:00:00-03:00", True, ("centro", "palmeiras")),
    ],
)
def test_moments_are_judged_in_the_local_zone(
    *,
    card: BusinessCard,
    moment: str,
    attended: bool,
    units: tuple[str, ...],
) -> None:
    """The start of an interval is inside, its end is not, and a holiday closes everything."""
    at = datetime.fromisoformat(moment)
    assert is_attended(card, at) is attended
    assert open_units(card, at) == units


def test_late_evening_belongs_to_the_local_day(card: BusinessCard) -> None:
    """Half past nine in the evening before a holiday is not the holiday yet, although it is in UTC."""
    assert open_units(card, datetime(2026, 11, 19, 22, 30, tzinfo=UTC)) == ("palmeiras",)
    assert open_units(card, datetime(2026, 11, 20, 22, 30, tzinfo=UTC)) == ()


def test_closed_days(card: BusinessCard) -> None:
    """Sundays and holidays are closed, a Saturday is not."""
    assert [is_closed(card, date(2026, 11, day)) for day in (19, 20, 21, 22)] == [False, True, False, True]


def test_opening_lines_read_like_a_notice(card: BusinessCard) -> None:
    """There is one line for each unit and one for the team."""
    assert opening_lines(card) == [
        "centro: segunda a sexta 08:00-19:00; sábado 08:00-12:00; domingo fechado",
        "palmeiras: segunda a sexta 09:00-20:00; sábado 09:00-13:00; domingo fechado",
        "equipe humana nas mensagens: segunda a sexta 08:00-18:30; sábado 08:00-12:00; domingo fechado",
    ]
