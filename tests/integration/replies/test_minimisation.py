"""What the model is sent holds no number, document, card or address of anybody, wherever it was written."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import redis

from secretaria.replies.volatile import VolatileContext
from tests.answering import BUBBLES, Scene, a_draft
from tests.builders import NUMBER
from tests.scripted_model import ScriptedModel, says

SAID = (
    "meu cpf é 529.982.247-25 e o do meu marido 111.444.777-35",
    "o zap dele é (47) 99188-2034, e o meu e-mail zilda.prado@exemplo.com.br",
    "cartão 4111 1111 1111 1111 cvv 123, cep 89201-300, nasci em 15/08/1992, senha abacaxi99!",
    "quanto custa a limpeza?",
)
PRIVATE = (
    "529.982.247-25", "52998224725", "111.444.777-35", "99188-2034", "991882034", "zilda.prado", "4111 1111", "4111111111111111",
    "89201-300", "15/08/1992", "abacaxi99!",
)  # fmt: skip


@pytest.mark.parametrize("copied", [False, True], ids=["from PostgreSQL", "with the copy in Redis"])
def test_the_model_is_told_no_personal_datum(
    scene: Scene,
    model: ScriptedModel,
    valkey: redis.Redis,
    copied: bool,  # noqa: FBT001  # pytest passes it by name
) -> None:
    """As the burst of the moment, and as the history of the next turn; what was asked is still there."""
    if copied:
        scene.room = replace(scene.room, volatile=VolatileContext(valkey))
    scene.customer_writes(*SAID)
    for turn in (1, 2, 3):
        scene.quiet()
        model.endings.append(says(a_draft(bubbles=BUBBLES)))
        scene.answer(turn)
        scene.change("conversation", 1, mode="automatic")  # such words call a person by rule
        scene.customer_writes("e amanhã, tem horário?")
    sent = [json.dumps(call, ensure_ascii=False) for call in model.asked]
    assert len(sent) >= 3
    assert [
        (place, datum) for place, call in enumerate(sent) for datum in (*PRIVATE, NUMBER, NUMBER[2:]) if datum in call
    ] == []
    assert all("quanto custa a limpeza" in call for call in sent)
