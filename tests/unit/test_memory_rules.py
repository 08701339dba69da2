"""What may be remembered of a customer: allowed, typed, said in this turn, about themselves, and not sensitive."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secretaria.memory.rules import KEYS, judge_proposal

UNITS = ("centro", "palmeiras")
SAID = ("oi, aqui é a Ana Lúcia", "Palmeiras é melhor pra mim", "prefiro de manhã", "minha filha Bia também vai")


@pytest.mark.parametrize(
    ("key", "value", "quote", "kept", "position"),
    [
        ("nome", "Ana Lúcia", "aqui é a Ana Lúcia", "Ana Lúcia", 0),
        ("nome", "Ana", "AQUI E A  ANA", "Ana", 0),
        ("unidade_preferida", "Palmeiras", "palmeiras é melhor", "palmeiras", 1),
        ("periodo_preferido", "manhã", "prefiro de manhã", "manha", 2),
    ],
)
def test_what_the_customer_said_is_kept(key: str, value: str, quote: str, kept: str, position: int) -> None:
    """Spaces, accents and capitals of the copy do not matter; the value takes the form of its type."""
    verdict = judge_proposal(key, value, quote, SAID, UNITS)
    assert (verdict.refused, verdict.value, verdict.position) == ("", kept, position)


@pytest.mark.parametrize(
    ("key", "value", "quote", "refused"),
    [
        ("gosto_musical", "samba", "oi", "unknown_key"),
        ("convenio", "Dental Mais", "oi", "unknown_key"),
        ("nome", "Beatriz", "meu nome é Beatriz", "quote_not_said"),
        ("nome", "Ana", "", "quote_not_said"),
        ("nome", "Ana", "na Lúc", "quote_not_said"),
        ("nome", "5520900000101", "oi", "wrong_type"),
        ("unidade_preferida", "norte", "Palmeiras é melhor", "wrong_type"),
        ("periodo_preferido", "madrugada", "prefiro de manhã", "wrong_type"),
        ("nome", "Bia", "minha filha Bia também vai", "another_person"),
        ("nome", "Carla", "aqui é a Ana Lúcia", "does_not_follow"),
    ],
)
def test_the_rest_is_refused_with_its_reason(key: str, value: str, quote: str, refused: str) -> None:
    """Each refusal has a code, so that the owner sees why nothing was kept."""
    assert judge_proposal(key, value, quote, SAID, UNITS).refused == refused


@pytest.mark.parametrize(
    "text",
    [
        "sou a Ana e estou grávida",
        "sou a Ana, tenho diabetes",
        "sou a Ana, cpf 529.982.247-25",
        "sou a Ana da igreja batista",
        "sou a Ana, meu convênio é o bronze",
    ],
)
def test_sensitive_words_keep_everything_out(text: str) -> None:
    """A quote that tells of health, documents or religion is not kept, even where the value would be fine."""
    assert judge_proposal("nome", "Ana", text, [text], UNITS).refused == "sensitive"


@given(key=st.sampled_from(KEYS) | st.text(), value=st.text(), quote=st.text(), said=st.lists(st.text(), max_size=3))
def test_any_proposal_is_judged(key: str, value: str, quote: str, said: list[str]) -> None:
    """Whatever a model proposes, what is kept was said in this turn."""
    verdict = judge_proposal(key, value, quote, said, UNITS)
    assert verdict.refused or verdict.value
