"""A person is asked only what nobody has answered, and asked again where an answer cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from secretaria.cli.asking import ask_for_missing, with_what_stands
from secretaria.installing.answers import Answers


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Type these answers, one after the other."""
    answers: list[str] = []
    monkeypatch.setattr(typer, "prompt", lambda *_, **__: answers.pop(0))
    return answers


def test_what_stands_in_the_env_file_is_not_asked_again(tmp_path: Path) -> None:
    """A repeated installation needs no file of answers."""
    (tmp_path / ".env").write_text("WHATICKET_URL=https://api.exemplo.com.br\n")
    assert with_what_stands(Answers(mode="local"), tmp_path / ".env").whaticket_url == "https://api.exemplo.com.br"


def test_what_was_answered_stands_above_the_env_file(tmp_path: Path) -> None:
    """An answer is not replaced by what an earlier installation was told."""
    (tmp_path / ".env").write_text("WHATICKET_URL=https://velho.exemplo.com.br\n")
    answers = Answers(whaticket_url="https://novo.exemplo.com.br")
    assert with_what_stands(answers, tmp_path / ".env").whaticket_url == "https://novo.exemplo.com.br"


def test_an_answer_that_cannot_be_used_is_asked_for_again(typed: list[str]) -> None:
    """An unknown edition and an empty required answer come back; the rest takes its default."""
    typed += ["nuvem", "saas", "", "https://api.exemplo.com.br", "token", "", "chave", "", ""]
    answers = ask_for_missing(Answers(mode="local"))
    assert (answers.whaticket_flavour, answers.whaticket_url) == ("saas", "https://api.exemplo.com.br")
    assert (answers.missing(), answers.owner_login, typed) == ([], "dono", [])
