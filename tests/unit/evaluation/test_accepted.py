"""Differences are accepted one by one, with a reason and an end; a list that says something else is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from secretaria.evaluation.accepted import AcceptedInvalid, accepted_file, read_accepted, sort_out
from secretaria.evaluation.results import Mismatch

ENTRY = """
[[accepted]]
field = "text"
from = "Bom dia, tudo bem"
to = "^Bom dia!$"
reason = "Greetings are one sentence now."
until = "1.4.0"
"""
GREETED = Mismatch("conversa 7", 12, "text", "Bom dia, tudo bem? Como posso ajudar?", "Bom dia!")
PRICED = Mismatch("conversa 7", 13, "price", ["R$ 10.00"], ["R$ 12.00"])


def listed(folder: Path, written: str) -> Path:
    """Write a list."""
    file = folder / "accepted.toml"
    file.write_text(written, encoding="utf-8")
    return file


def test_the_list_that_is_shipped_can_be_read() -> None:
    """Whoever adds an entry hears of a mistake here and not at a deploy."""
    assert accepted_file().is_file()
    assert isinstance(read_accepted(accepted_file()), list)


def test_what_an_entry_covers_is_accepted_and_nothing_else(tmp_path: Path) -> None:
    """The other difference stays refused."""
    found = sort_out([GREETED, PRICED], read_accepted(listed(tmp_path, ENTRY)), "1.4.0")
    assert found.refused == (PRICED,)
    assert [one for one, _ in found.accepted] == [GREETED]
    assert (found.unused, found.ended) == ((), ())


def test_an_entry_ends_with_its_version(tmp_path: Path) -> None:
    """Afterwards the same difference is a mistake again, and the entry is told."""
    found = sort_out([GREETED], read_accepted(listed(tmp_path, ENTRY)), "1.4.1")
    assert found.refused == (GREETED,)
    assert len(found.ended) == 1


def test_an_entry_that_covers_nothing_is_told(tmp_path: Path) -> None:
    """It may have been written for something that does not happen."""
    assert len(sort_out([PRICED], read_accepted(listed(tmp_path, ENTRY)), "1.3.0").unused) == 1


def test_values_that_are_no_words_are_matched_as_json(tmp_path: Path) -> None:
    """Prices come as a list."""
    entry = '[[accepted]]\nfield = "price"\nto = "12.00"\nreason = "Prices rose in May."\nuntil = "2.0.0"\n'
    assert sort_out([PRICED], read_accepted(listed(tmp_path, entry)), "1.3.0").refused == ()


def test_an_entry_for_one_turn_covers_no_other(tmp_path: Path) -> None:
    """Turn 13 is accepted, turn 14 is not."""
    entry = '[[accepted]]\nfield = "price"\nturn = 13\nreason = "A price was wrong."\nuntil = "2.0.0"\n'
    other = Mismatch("conversa 7", 14, "price", PRICED.expected, PRICED.found)
    assert sort_out([PRICED, other], read_accepted(listed(tmp_path, entry)), "1.3.0").refused == (other,)


def test_no_list_accepts_nothing(tmp_path: Path) -> None:
    """An installation may have none."""
    assert read_accepted(tmp_path / "nada.toml") == []


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (ENTRY.replace("until", "untill"), "chave desconhecida 'untill' (você quis dizer 'until'?)"),
        (ENTRY.replace('reason = "Greetings are one sentence now."', ""), "falta 'reason'"),
        (ENTRY.replace('"1.4.0"', '"soon"'), "until"),
        (ENTRY.replace("^Bom dia!$", "(Bom"), "não é uma expressão regular"),
        ('[[accepted]]\nfield = "text"\nreason = "Whatever it says."\nuntil = "9.0.0"\n', "falta from, to ou turn"),
        (ENTRY.replace("[[accepted]]", "[[acepted]]"), "chave desconhecida 'acepted' (você quis dizer 'accepted'?)"),
        ("accepted = 3", "escreva cada diferença como [[accepted]]"),
        ("[[accepted", "não é um TOML válido"),
    ],
)
def test_a_list_that_is_wrong_is_refused_with_what_is_wrong(tmp_path: Path, written: str, said: str) -> None:
    """An entry that was meant otherwise must not accept something else."""
    with pytest.raises(AcceptedInvalid) as refused:
        read_accepted(listed(tmp_path, written))
    assert said in refused.value.message
