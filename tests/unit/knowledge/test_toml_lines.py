"""A wrong key is told with the line it stands on, in whatever way TOML lets it be written."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secretaria.knowledge.business import BusinessInvalid, parse_card
from secretaria.knowledge.toml_lines import line_of_key

TEXT = '''# comment
[negocio]
nome = "a"   # [falso]
nota = """
[outra]
fuso = "dentro de um texto"
"""
fuso = "Lua"

[horarios]
centro = { seg_sex = "08:00-19:00", sab = "x" }
"palmeiras norte".seg_sex = "09:00-20:00"
[transferencia]
sempre = [
  "um = dois",
  "três",
]
[[lista]]
a = 1
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("negocio",), 2),
        (("negocio", "nome"), 3),
        (("negocio", "fuso"), 8),
        (("negocio", "que_falta"), 2),
        (("horarios", "centro", "sab"), 11),
        (("horarios", "palmeiras norte", "seg_sex"), 12),
        (("transferencia", "sempre", 1), 14),
        (("lista", "a"), 19),
        (("nenhuma",), None),
    ],
)
def test_the_line_of_a_key_is_found(path: tuple[str | int, ...], line: int | None) -> None:
    """A key has its own line, what is inside it the same, what is not written the line of its table."""
    tomllib.loads(TEXT)
    assert line_of_key(TEXT, path) == line


@given(st.text(), st.lists(st.text(max_size=3)))
def test_no_text_breaks_the_search(text: str, path: list[str]) -> None:
    """Any text and any path end in a line of the text or in none."""
    line = line_of_key(text, path)
    assert line is None or 1 <= line <= text.count("\n") + 1


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("[a]\nb\n", 2, "falta o sinal ="),
        ("[a]\nb = c\n", 2, "o valor não foi entendido"),
        ('b = "x\n', 1, "faltam as aspas"),
        ("b = [1,\n\n", 3, "linha 3"),
        ("b = 1\nb = 2\n", 2, "duas vezes"),
    ],
)
def test_broken_toml_is_told_with_its_line(text: str, line: int, said: str) -> None:
    """What is no TOML at all is refused with the line where reading stopped and the reason in Portuguese."""
    with pytest.raises(BusinessInvalid) as refused:
        parse_card(text, "negocio.toml")
    (problem,) = refused.value.problems
    assert problem.line == line
    assert said in refused.value.message


def test_each_problem_of_a_card_has_its_line() -> None:
    """All problems come in the order of the file, each with its line."""
    with pytest.raises(BusinessInvalid) as refused:
        parse_card('[negocio]\nid = "Não Pode"\nnome = "x"\nfuzo = "Lua"\n[secretaria]\nnome = 3\n', "n.toml")
    assert [(one.line, one.reason.partition(" '")[0]) for one in refused.value.problems] == [
        (None, "falta a chave"),
        (1, "falta a chave"),
        (2, "valor inválido em"),
        (4, "chave desconhecida"),
        (5, "falta a chave"),
        (6, "valor inválido em"),
    ]
    assert "n.toml: " in refused.value.message
    assert "linha 4: chave desconhecida 'negocio.fuzo'" in refused.value.message
