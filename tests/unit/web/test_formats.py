"""How values are written on a page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from markupsafe import Markup

from secretaria.web.panel import formats

ZONE = ZoneInfo("America/Sao_Paulo")
NOW = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)  # 23:00 of the day before in São Paulo


@pytest.mark.parametrize("trick", ["\u202e", "\u2066", "\u200f", "\x1b", "\x00", "\x85", "\ufeff", "\u2028"])
def test_what_is_not_seen_is_shown(trick: str) -> None:
    """A text reads as it is written."""
    assert formats.neutralised(f"pix{trick}gpj") == "pix\ufffdgpj"


def test_what_is_written_stays() -> None:
    """Accents, emojis with joiners, other scripts, lines, and markup of ours."""
    text = "Olá, ção! 👩‍👧 שלום\n\tfim"
    assert formats.neutralised(text) == text
    assert formats.neutralised(Markup("\u202e")) == "\u202e"


@pytest.mark.parametrize(
    ("at", "written"),
    [
        (NOW - timedelta(hours=1), "22:00"),
        (NOW - timedelta(hours=30), "23/11 17:00"),
        (NOW - timedelta(days=400), "20/10/2025"),
    ],
)
def test_a_moment_is_as_short_as_it_is_clear(at: datetime, written: str) -> None:
    """In the zone of the business, whose day is another than UTC's."""
    assert formats.short_moment(at, ZONE, NOW) == written


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(None, "–"), (0.4, "0 s"), (59, "59 s"), (125, "2 min"), (3900, "1 h 05"), (190_000, "2 d 4 h")],
)
def test_a_span_is_rounded_to_what_matters(seconds: float | None, written: str) -> None:
    """Two units at most."""
    assert formats.span(seconds) == written


def test_numbers_are_written_as_in_brazil() -> None:
    """Point for thousands, comma for parts; what is unknown is no zero."""
    assert formats.number(1234567.891, 2) == "1.234.567,89"
    assert formats.number(None) == formats.percent(None) == formats.dollars(None) == "–"
    assert formats.dollars(1234) == "US$ 0,0012"
    assert formats.dollars(12_340_000) == "US$ 12,34"
    assert formats.percent(0.256) == "26%"
