"""What a person hands in is refused with every problem in it, each with file, line and reason."""

from __future__ import annotations

from pathlib import Path

import pytest

import secretaria
from secretaria.knowledge.business import BusinessInvalid
from secretaria.knowledge.snapshot import Snapshot
from secretaria.knowledge.soundness import LONGEST_CHUNK, require_sound

SAMPLE = Path(secretaria.__file__).parent / "simulation/clinica-sorriso"
CARD = (SAMPLE / "negocio.toml").read_text(encoding="utf-8")
GOOD = "# Perguntas\n\n## Um\nSim.\n"


def problems(**base: str) -> list[tuple[str, int | None, str]]:
    """Return what is wrong with a base, beside a good card."""
    with pytest.raises(BusinessInvalid) as refused:
        require_sound(Snapshot(CARD, {f"{name}.md": text for name, text in base.items()}))
    assert all(one.reason in refused.value.message for one in refused.value.problems)
    return [(one.file, one.line, one.reason) for one in refused.value.problems]


def test_the_sample_is_sound() -> None:
    """The sample has no problem."""
    base = {file.name: file.read_text(encoding="utf-8") for file in (SAMPLE / "base").glob("*.md")}
    assert len(require_sound(Snapshot(CARD, base)).chunks) == 84


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (f"{GOOD}\n## Um\nNão.\n", 6, "o título 'Um' repete o da linha 3"),
        ("## faq-01 A\nx\n## faq-01 B\ny", 3, "o título 'faq-01 B' repete o da linha 1"),
        (f"{GOOD}\n## Vazio\n\n## Outro\nx", 6, "nada está escrito sob o título 'Vazio'"),
        (f"{GOOD}\n##  \nx", 6, "o título ## está vazio"),
        (f"{GOOD}\n```\n## dentro\n", 6, "o bloco de código aberto aqui nunca fecha"),
        (f"{GOOD}\n## Longo\n{'x' * (LONGEST_CHUNK + 1)}", 6, "divida em unidades"),
        (f"{GOOD}\nnu\0lo", 6, "caractere nulo"),
    ],
)
def test_a_flaw_of_the_base_is_told_with_its_line(text: str, line: int, said: str) -> None:
    """Repeated, empty, endless and unreadable units are told where they stand."""
    ((file, where, reason),) = problems(faq=text)
    assert (file, where) == ("base/faq.md", line)
    assert said in reason


def test_an_empty_file_and_an_empty_base_are_told() -> None:
    """A file that says nothing is named; where none says anything the base is."""
    assert problems(a=GOOD, b="\n") == [("base/b.md", None, "o arquivo está vazio")]
    ((file, line, _),) = problems(a="", b=" ")
    assert (file, line) == ("base", None)


def test_card_and_base_are_told_together() -> None:
    """The owner mends everything in one go."""
    card = CARD.replace('fuso = "America/Sao_Paulo"', 'fuzo = "Lua"')
    with pytest.raises(BusinessInvalid) as refused:
        require_sound(Snapshot(card, {"a b#c.md": "## X\n"}))
    told = refused.value.problems
    assert (told[0].file, told[0].line, told[0].reason) == ("negocio.toml", 2, "falta a chave 'negocio.fuso'")
    assert told[0].key == "negocio.fuso"
    assert {one.file for one in told[1:]} == {"negocio.toml", "base/a b#c.md"}
    assert "base/a b#c.md, linha 1: " in refused.value.message
