"""Each second level heading is one chunk, with an anchor that a reply can point to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secretaria.knowledge.chunks import Chunk, slug, split_chunks


def test_each_heading_is_one_chunk() -> None:
    """Title, anchor and text come from the heading and what follows it."""
    chunks = split_chunks(
        "# Serviços\n\n## Corte e barba\n\nR$ 60.\n\n### Com hora\nSim.\n\n## Criança\nR$ 40.\n", "s.md"
    )
    assert chunks == (
        Chunk("s.md#corte-e-barba", "Corte e barba", "R$ 60.\n\n### Com hora\nSim.", "s.md"),
        Chunk("s.md#crianca", "Criança", "R$ 40.", "s.md"),
    )


def test_text_before_the_first_heading_belongs_to_the_title() -> None:
    """What stands above the first section is a chunk of its own, named after the file's title."""
    first, second = split_chunks("# Serviços e preços\n\nValores de 2026.\n\n## Corte\nR$ 40.", "s.md")
    assert first == Chunk("s.md#servicos-e-precos", "Serviços e preços", "Valores de 2026.", "s.md")
    assert second.source == "s.md#corte"


def test_a_file_without_headings_is_one_chunk() -> None:
    """A plain text is known by the name of its file."""
    assert split_chunks("Abrimos cedo.\n", "avisos.md") == (
        Chunk("avisos.md#avisos", "avisos", "Abrimos cedo.", "avisos.md"),
    )


def test_an_id_in_the_heading_is_the_anchor() -> None:
    """A heading that begins with an id gives it as anchor and keeps the question as title."""
    (chunk,) = split_chunks("## faq-07 É grátis?\nNão.", "faq.md")
    assert (chunk.source, chunk.title) == ("faq.md#faq-07", "É grátis?")


def test_repeated_headings_are_numbered() -> None:
    """Two equal headings get anchors of their own, whatever else is called like that."""
    chunks = split_chunks("## Preço\na\n## Preço\nb\n## Preço 2\nc\n## 🎉\nd", "p.md")
    assert [chunk.source for chunk in chunks] == ["p.md#preco", "p.md#preco-2", "p.md#preco-2-2", "p.md#secao"]


@pytest.mark.parametrize("fence", ["```", "~~~~"])
def test_a_heading_inside_a_code_block_is_text(fence: str) -> None:
    """A fenced block is never cut, also when it shows Markdown."""
    (chunk,) = split_chunks(f"## Exemplo\n{fence}md\n## não é título\n``\n{fence}\nfim", "e.md")
    assert "## não é título" in chunk.text


def test_tables_stay_as_they_were_written() -> None:
    """A table keeps its rows."""
    table = "| Corte | Valor |\n| --- | --- |\n| Curto | R$ 40 |"
    (chunk,) = split_chunks(f"## Preços ##\r\n\r\n{table}\r\n", "p.md")
    assert (chunk.title, chunk.text) == ("Preços", table)


@given(st.text())
def test_no_text_breaks_the_cutting(markdown: str) -> None:
    """Any text is cut into chunks whose sources differ."""
    sources = [chunk.source for chunk in split_chunks(markdown, "x.md")]
    assert len(set(sources)) == len(sources)


@given(st.text())
def test_a_slug_is_plain(text: str) -> None:
    """A slug has only small letters, digits and hyphens, and is its own slug."""
    made = slug(text)
    assert set(made) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert slug(made) == made
