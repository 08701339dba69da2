"""A wish to hear nothing more is recognised in its usual words, and in no honest question."""

from __future__ import annotations

import pytest

from secretaria.replies.consent import wish_of


@pytest.mark.parametrize(
    "said",
    [
        "parar", "PARAR!", "Pare", "stop", "não quero mais receber", "Nao quero receber mais mensagens", "quero parar de receber mensagens",
        "não me mande mais mensagens", "me tira dessa lista", "descadastrar", "pare de me mandar mensagem por favor", "cancelar mensagens",
    ],
)  # fmt: skip
def test_stop(said: str) -> None:
    """These words alone are the wish."""
    assert wish_of([said]) == "stop"


@pytest.mark.parametrize(
    "said",
    [
        "posso parar o carro aí na frente?", "quero parar o tratamento", "não quero mais o horário das 10", "sair", "cancelar consulta",
        "parar de fumar ajuda no clareamento?", "quando posso voltar?", "não recebi a mensagem", "",
    ],
)  # fmt: skip
def test_honest_messages_are_no_wish(said: str) -> None:
    """A question that holds such a word, or a command of Whaticket, is answered as any other."""
    assert wish_of([said]) is None


def test_the_last_wish_of_a_burst_counts() -> None:
    """Who changes their mind at once is taken at the last word."""
    assert wish_of(["parar", "não, voltar"]) == "stop"
    assert wish_of(["parar", "voltar"]) == "return"
