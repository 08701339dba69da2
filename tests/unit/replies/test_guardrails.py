"""The checks over a draft: what they mend, what they refuse and the verdict each leaves."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secretaria.context.schema import Draft
from secretaria.replies.evidence import Evidence, Limits
from secretaria.replies.guardrails import GUARDS, Guarded, guard_draft

KNOWN = Evidence(
    now=datetime(2026, 8, 10, 12, 14, tzinfo=UTC),
    timezone=ZoneInfo("America/Sao_Paulo"),
    chunks={
        "faq.md#faq-04": "Tem estacionamento?\nNo Centro, no número 430.",
        "servicos-e-precos.md#limpeza": "Limpeza\nLimpeza: R$ 180. Dura cerca de 50 minutos.",
    },
)
ALL_WELL = dict.fromkeys(("bubbles", "length", "sources", "marks", *GUARDS), "passed")


def _guard(*bubbles: str, sources: tuple[str, ...] = (), characters: int = 20, limit: int = 2) -> Guarded:
    draft = Draft.model_construct(
        intention="preco", sentiment=0, answerable="base", handoff_needed=False, sources=sources, bubbles=bubbles
    )
    return guard_draft(draft, KNOWN, Limits(max_characters=characters, max_bubbles=limit))


def test_good_draft_passes_untouched() -> None:
    """A draft within every limit is said as it is."""
    guarded = _guard("A limpeza: R$ 180.", "Quer marcar?", sources=("faq.md#faq-04",))
    assert guarded == Guarded(("A limpeza: R$ 180.", "Quer marcar?"), ("faq.md#faq-04",), ALL_WELL)


def test_invented_sources_are_removed() -> None:
    """A source outside the base is not kept, and the verdict says so; the real ones stay in order."""
    guarded = _guard("Sim.", sources=("inventada.md#x", "servicos-e-precos.md#limpeza", "faq.md#faq-99"))
    assert guarded.sources == ("servicos-e-precos.md#limpeza",)
    assert guarded.checks["sources"] == "invented_source_removed"


@pytest.mark.parametrize(
    ("bubbles", "limit", "said"),
    [
        (("um", "dois", "três"), 2, ("um", "dois")),
        (("um", "dois", "três"), 5, ("um", "dois")),
        (("um", "dois"), 1, ("um",)),
        (("", "dois"), 1, ("dois",)),
        ((" \u200e\u200b\n", "dois"), 2, ("dois",)),
        (("\u2060", "\ufeff "), 2, ()),
    ],
)
def test_bubbles_are_dropped(bubbles: tuple[str, ...], limit: int, said: tuple[str, ...]) -> None:
    """More bubbles than the owner allows, and such as show nothing, are not said."""
    guarded = _guard(*bubbles, limit=limit)
    assert guarded.bubbles == said
    assert guarded.checks["bubbles"] == "dropped"


def test_twice_the_limit_is_tolerated() -> None:
    """A bubble is only cut beyond twice the owner's limit."""
    assert _guard("a" * 40).checks == ALL_WELL
    assert _guard("a" * 41).checks["length"] == "cut"


def test_long_bubble_is_cut_at_a_word() -> None:
    """The cut falls between words and shows that something is missing."""
    guarded = _guard("A limpeza custa R$ 180 e dura cerca de cinquenta minutos.")
    assert guarded.bubbles == ("A limpeza custa R$ 180 e dura cerca de…",)
    assert guarded.checks["length"] == "cut"


def test_long_word_is_cut_inside() -> None:
    """A word longer than a bubble does not make the rest of it disappear."""
    assert _guard("Veja " + "x" * 100).bubbles == ("Veja " + "x" * 34 + "…",)


def test_bubbles_lose_outer_white_space() -> None:
    """White space around a bubble is no reason to say that something was dropped."""
    assert _guard("  Sim.\n").bubbles == ("Sim.",)
    assert _guard("  Sim.\n").checks == ALL_WELL


@given(st.lists(st.text(max_size=120), max_size=4), st.integers(1, 60), st.integers(1, 3))
def test_no_draft_gets_around_the_limits(bubbles: list[str], characters: int, limit: int) -> None:
    """Whatever is proposed: at most two bubbles, none too long, none that shows nothing."""
    guarded = _guard(*bubbles, characters=characters, limit=limit)
    assert len(guarded.bubbles) <= min(limit, 2)
    for bubble in guarded.bubbles:
        assert len(bubble) <= 2 * characters
        assert any(unicodedata.category(character) != "Cf" and not character.isspace() for character in bubble)
