"""A draft that another publication overtook is made again on top of it, as long as both did not change the same."""

from __future__ import annotations

import pytest

from secretaria.knowledge.card_editing import change_values
from secretaria.knowledge.carrying import ChangesCollide, carried_over
from secretaria.knowledge.editing import add_chunk, change_chunk, remove_chunk
from secretaria.knowledge.folder import read_folder
from secretaria.knowledge.snapshot import Snapshot
from secretaria.knowledge.soundness import require_sound
from secretaria.simulation import SAMPLE_BUSINESS

NAME, TONE = "secretaria.nome", "secretaria.tom"


@pytest.fixture(scope="module")
def began() -> Snapshot:
    """Read the sample."""
    return read_folder(SAMPLE_BUSINESS)


def test_both_changes_stand(began: Snapshot) -> None:
    """Keys and units of either, new, other and gone, each once."""
    draft = remove_chunk(change_values(began, {NAME: "Luna"}), "faq.md#faq-01")
    draft = change_chunk(add_chunk(draft, "avisos.md", "Obra", "Até maio."), "faq.md#faq-02", "faq-02 Vaga", "Há.")
    other = add_chunk(change_values(began, {TONE: "seco", NAME: "Luna"}), "avisos.md", "Férias", "Em julho.")
    carried = require_sound(carried_over(began, draft, other))
    assert (carried.card.persona.name, carried.card.persona.tone) == ("Luna", "seco")
    units = {chunk.source: chunk.text for chunk in carried.chunks}
    assert "faq.md#faq-01" not in units
    assert (units["avisos.md#obra"], units["avisos.md#ferias"]) == ("Até maio.", "Em julho.")
    assert units["faq.md#faq-02"] == "Há."


def test_what_both_changed_is_left_to_people(began: Snapshot) -> None:
    """And named."""
    draft = change_chunk(change_values(began, {NAME: "Luna"}), "faq.md#faq-02", "faq-02 Vaga", "Há.")
    other = remove_chunk(change_values(began, {NAME: "Estela"}), "faq.md#faq-02")
    with pytest.raises(ChangesCollide) as caught:
        carried_over(began, draft, other)
    assert caught.value.names == (NAME, "faq.md#faq-02")
