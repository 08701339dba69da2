"""When the other side answers like a machine, and when it is only a person in a hurry."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from secretaria.replies.loops import ROUNDS, Said, talks_with_machine

BEGUN = datetime(2026, 8, 11, 13, 0, tzinfo=UTC)
AUTOMATIC = "Olá! Recebemos a sua mensagem e logo um atendente fala com você."


def talk(*answers: str, seconds: float) -> list[Said]:
    """Let the secretary speak, and the other side answer, in turns."""
    said, at = [], BEGUN
    for answer in answers:
        said.append(Said(ours=True, text="Em que posso ajudar?", at=at))
        at += timedelta(seconds=seconds)
        said.append(Said(ours=False, text=answer, at=at))
        at += timedelta(seconds=9)
    return said


def test_the_same_words_five_times_are_a_machine() -> None:
    """However slowly they come."""
    assert talks_with_machine(talk(*[AUTOMATIC] * ROUNDS, seconds=120))


def test_four_times_are_not_yet() -> None:
    """A person may repeat a question that was not understood."""
    assert not talks_with_machine(talk(*[AUTOMATIC] * (ROUNDS - 1), seconds=120))


def test_writing_faster_than_a_thumb_is_a_machine() -> None:
    """Other words each time, but none that a person could have typed in two seconds."""
    answers = [f"Claro! Sobre o item {number}, posso enviar mais detalhes se quiser." for number in range(ROUNDS)]
    assert talks_with_machine(talk(*answers, seconds=2))
    assert not talks_with_machine(talk(*answers, seconds=20))


@pytest.mark.parametrize("answer", ["sim", "ok", "pode ser", "Isso mesmo"])
def test_short_answers_are_a_person(answer: str) -> None:
    """To five questions in a row the answer may well be yes."""
    assert not talks_with_machine(talk(*[answer] * ROUNDS, seconds=1))


def test_only_the_last_answers_count() -> None:
    """One answer that a person could have written ends the suspicion."""
    assert not talks_with_machine(talk(*[AUTOMATIC] * 4, "e quanto custa a limpeza?", seconds=30))
    assert talks_with_machine(talk("oi", *[AUTOMATIC] * ROUNDS, seconds=30))


def test_one_who_writes_without_an_answer_is_no_machine() -> None:
    """Ten messages that nobody has answered are one burst."""
    assert not talks_with_machine([Said(ours=False, text=AUTOMATIC, at=BEGUN)] * 10)
