"""One table or one key of the card changes, and every other letter stays as its owner wrote it."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from secretaria.knowledge.business import BusinessInvalid
from secretaria.knowledge.card_editing import TableInvalid, TableNotFound, change_table, change_values, table_text
from secretaria.knowledge.folder import read_folder
from secretaria.knowledge.snapshot import Snapshot
from secretaria.knowledge.soundness import require_sound
from secretaria.simulation import SAMPLE_BUSINESS

WORKSHOP = Path(__file__).parents[2] / "fixtures/oficina-rota"


@pytest.fixture(scope="module", params=[SAMPLE_BUSINESS, WORKSHOP], ids=["clinic", "workshop"])
def snapshot(request: pytest.FixtureRequest) -> Snapshot:
    """Read a business."""
    return read_folder(request.param)


def _changed_lines(before: Snapshot, after: Snapshot) -> tuple[set[str], set[str]]:
    old, new = set(before.card.splitlines()), set(after.card.splitlines())
    return old - new, new - old


def test_a_table_is_shown_and_put_back_as_it_was(snapshot: Snapshot) -> None:
    """Shown for editing and saved unchanged, the card is the same to the letter."""
    for name in tomllib.loads(snapshot.card):
        assert change_table(snapshot, name, table_text(snapshot, name)).card.rstrip() == snapshot.card.rstrip()


def test_one_key_of_a_table_changes_alone(snapshot: Snapshot) -> None:
    """What is edited in a table's text is all that changes, comments included."""
    text = table_text(snapshot, "secretaria")
    name = require_sound(snapshot).card.persona.name
    changed = change_table(snapshot, "secretaria", text.replace(f'"{name}"', '"Lua"', 1))
    assert require_sound(changed).card.persona.name == "Lua"
    gone, come = _changed_lines(snapshot, changed)
    assert len(gone) == len(come) == 1


def test_a_form_changes_keys(snapshot: Snapshot) -> None:
    """Values by dotted key are written, new ones added, None takes a key out; the rest of the card stays."""
    values = {"secretaria.formalidade": "formal", "transferencia.nunca_responder": ["diagnóstico"]}
    changed = change_values(snapshot, values)
    card = require_sound(changed).card
    assert (card.persona.formality, card.handoff.never_answer) == ("formal", ("diagnóstico",))
    back = change_values(changed, {"secretaria.formalidade": None})
    assert require_sound(back).card.persona.formality == "neutra"
    assert change_values(snapshot, {}).card == snapshot.card


def test_a_new_table_stands_at_the_end(snapshot: Snapshot) -> None:
    """A table the card does not have yet is added behind the others."""
    text = '[[consultas]]\nnome = "frete"\n'
    assert change_table(snapshot, "consultas", text).card.endswith(f"\n\n{text}")


@pytest.mark.parametrize(
    ("name", "text", "refused"),
    [
        ("secretaria", "", TableInvalid),
        ("secretaria", '[horarios]\ncentro = "x"\n', TableInvalid),
        ("secretaria", "[secretaria]\nnome =\n", BusinessInvalid),
    ],
)
def test_what_is_not_the_table_is_refused(snapshot: Snapshot, name: str, text: str, refused: type[Exception]) -> None:
    """An empty text, another table, or what is no TOML changes nothing."""
    with pytest.raises(refused):
        change_table(snapshot, name, text)


def test_no_such_table_is_told(snapshot: Snapshot) -> None:
    """A table that is not there can neither be shown nor changed by key."""
    with pytest.raises(TableNotFound):
        table_text(snapshot, "persona")
    with pytest.raises(TableNotFound):
        change_values(snapshot, {"persona.nome": "Lua"})
