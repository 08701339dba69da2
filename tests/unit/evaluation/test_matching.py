"""A reply says what it says, however times, money, accents and case are written."""

from __future__ import annotations

import pytest

from secretaria.evaluation.matching import found, missing, says


@pytest.mark.parametrize(
    ("reply", "phrase"),
    [
        ("Abrimos das 15:00 às 18h", "15h"),
        ("às 15 horas", "15h"),
        ("às 15h", "15:00"),
        ("às 9h30", "09:30"),
        ("custa R$ 1.290,00", "R$ 1.290"),
        ("custa R$1290", "R$ 1.290"),
        ("no SÁBADO", "sabado"),
        ("a avaliação é grátis", "GRATIS"),
    ],
)
def test_the_same_fact_written_otherwise_is_said(reply: str, phrase: str) -> None:
    """Times, money, accents and case are compared by what they mean."""
    assert says([reply], phrase)


@pytest.mark.parametrize(
    ("reply", "phrase"),
    [("às 18h", "8h"), ("custa R$ 1.800", "R$ 180"), ("R$ 180", "R$ 18"), ("às 15h30", "15h"), ("linha 1150", "115")],
)
def test_a_longer_number_is_another_fact(reply: str, phrase: str) -> None:
    """A number inside a longer one was not said."""
    assert not says([reply], phrase)


def test_a_phrase_may_stand_in_any_bubble() -> None:
    """All bubbles count, and what is missing or unwanted is named."""
    bubbles = ["Bom dia!", "A limpeza é R$ 180."]
    assert missing(bubbles, ["R$ 180", "50 minutos"]) == ["50 minutos"]
    assert found(bubbles, ["desconto", "bom dia"]) == ["bom dia"]
