"""Who asks for no automatic messages gets one confirmation and then none, until they ask for them again."""

from __future__ import annotations

from dataclasses import replace

from secretaria.replies.consent import BACK, STOPPED
from tests.answering import BUBBLES, Scene, a_draft
from tests.builders import rows
from tests.scripted_model import ScriptedModel, says


def says_and_is_heard(scene: Scene, said: str, turn: int) -> None:
    """Let the customer write and the secretary take the turn up."""
    scene.customer_writes(said)
    scene.quiet()
    scene.answer(turn)


def test_parar_is_confirmed_once_and_drops_what_waits(answered: Scene) -> None:
    """The pending bubbles are superseded and one sentence says that nothing more comes, and how to come back."""
    says_and_is_heard(answered, "PARAR", 2)
    assert [(item["body"], item["state"]) for item in rows(answered.engine, "outbox_item")] == [
        (BUBBLES[0], "superseded"),
        (BUBBLES[1], "superseded"),
        (STOPPED, "pending"),
    ]
    assert rows(answered.engine, "contact")[0]["opted_out_at"] == answered.clock.now()


def test_afterwards_a_person_answers_or_nobody(scene: Scene) -> None:
    """Another message is handed to a person without a word of ours; saying it again changes nothing."""
    says_and_is_heard(scene, "não quero mais receber mensagens", 1)
    says_and_is_heard(scene, "quanto custa a limpeza?", 2)
    says_and_is_heard(scene, "parar", 3)
    assert scene.bubbles() == [STOPPED]
    assert [turn["reason"] for turn in scene.turns()] == ["noticed", "opted_out", "opted_out"]
    assert rows(scene.engine, "conversation")[0]["mode"] == "waiting"


def test_voltar_is_the_way_back(scene: Scene, model: ScriptedModel) -> None:
    """The return is confirmed, and the next question is answered as before."""
    says_and_is_heard(scene, "parar", 1)
    says_and_is_heard(scene, "voltar", 2)
    model.endings.append(says(a_draft(bubbles=BUBBLES)))
    says_and_is_heard(scene, "qnt ta a limpeza?", 3)
    assert scene.bubbles() == [STOPPED, BACK, *BUBBLES]


def test_a_first_contact_is_told_who_answers(asked: Scene, model: ScriptedModel) -> None:
    """The notice stands before the first answer, and never again."""
    notice = "Atendimento automático da Clínica Sorriso; seus dados: privacidade@exemplo.com."
    asked.room = replace(asked.room, notice=notice)
    for turn, said in ((1, ""), (2, "e o clareamento?")):
        model.endings.append(says(a_draft(bubbles=BUBBLES)))
        if said:
            asked.customer_writes(said)
            asked.quiet()
        asked.answer(turn)
    assert asked.bubbles() == [notice, *BUBBLES, *BUBBLES]
