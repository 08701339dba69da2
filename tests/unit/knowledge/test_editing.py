"""One unit is added, changed or taken out, and every other letter stays as its owner wrote it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secretaria.knowledge.chunks import split_chunks
from secretaria.knowledge.editing import (
    ChunkInvalid,
    ChunkNotFound,
    add_chunk,
    change_chunk,
    heading_of,
    remove_chunk,
)
from secretaria.knowledge.snapshot import Snapshot

FAQ = "# Perguntas\n\nBem-vindo.\n\n## faq-01 Abre sábado?\nSim.\n\n## Preço\n\n- R$ 40\n- R$ 50\n\n## Fim\nTchau.\n"
BEFORE = Snapshot("", {"faq.md": FAQ})


def chunks(snapshot: Snapshot) -> dict[str, str]:
    """Return the text of each unit by its source."""
    return {
        chunk.source: chunk.text for name, text in sorted(snapshot.base.items()) for chunk in split_chunks(text, name)
    }


def test_a_unit_is_added_at_the_end() -> None:
    """The new unit comes last and the others stay; a new file begins with it."""
    after = add_chunk(BEFORE, "faq.md", "Tem wifi?", "Tem: rede Clínica.")
    assert after.base["faq.md"] == f"{FAQ}\n## Tem wifi?\n\nTem: rede Clínica.\n"
    assert chunks(add_chunk(BEFORE, "novo.md", "# Um", "dois"))["novo.md#um"] == "dois"


def test_a_unit_is_changed_in_its_place() -> None:
    """The heading keeps its id, the neighbours their words and order."""
    heading = heading_of(BEFORE, "faq.md#faq-01")
    after = change_chunk(BEFORE, "faq.md#faq-01", heading, "Não.")
    assert chunks(after) == {**chunks(BEFORE), "faq.md#faq-01": "Não."}
    assert list(chunks(after)) == list(chunks(BEFORE))
    assert change_chunk(after, "faq.md#fim", "Fim", "Até.").base["faq.md"].endswith("## Fim\n\nAté.\n")


def test_a_unit_is_taken_out() -> None:
    """Only it goes; a file whose last unit goes is gone too."""
    after = remove_chunk(BEFORE, "faq.md#preco")
    assert list(chunks(after)) == ["faq.md#perguntas", "faq.md#faq-01", "faq.md#fim"]
    assert remove_chunk(Snapshot("", {"a.md": "# Um\n## Dois\nx"}), "a.md#dois").base == {}


def test_an_unknown_unit_is_named() -> None:
    """A source that is not there is told, whatever is wrong with it."""
    for source in ("faq.md#faq-99", "outro.md#x", "", "#"):
        with pytest.raises(ChunkNotFound):
            remove_chunk(BEFORE, source)


@pytest.mark.parametrize(
    ("title", "text"), [("", "x"), ("x", " \n"), ("##", "x"), ("x", "a\n## b\nc"), ("x", "# b"), ("x", "a\0b")]
)
def test_what_cannot_be_one_unit_is_refused(title: str, text: str) -> None:
    """Nothing empty, and nothing that a heading inside would cut in two."""
    with pytest.raises(ChunkInvalid):
        add_chunk(BEFORE, "faq.md", title, text)


@given(st.text(), st.text())
def test_any_title_and_text_become_one_unit_or_none(title: str, text: str) -> None:
    """Whatever is typed adds exactly one unit and changes no other, or is refused."""
    try:
        after = add_chunk(BEFORE, "faq.md", title, text)
    except ChunkInvalid:
        return
    assert len(chunks(after)) == len(chunks(BEFORE)) + 1
    assert chunks(BEFORE).items() <= chunks(after).items()
