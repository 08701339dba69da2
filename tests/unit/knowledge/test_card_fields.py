"""A form shows the card key by key, and the card says what comes back."""

from __future__ import annotations

from pathlib import Path

import pytest

from secretaria.knowledge.business import BusinessInvalid
from secretaria.knowledge.card_fields import HOLIDAYS, change_fields, fields_of, flaws_of
from secretaria.knowledge.folder import read_folder
from secretaria.knowledge.snapshot import Snapshot
from secretaria.knowledge.soundness import require_sound
from secretaria.simulation import SAMPLE_BUSINESS

WORKSHOP = Path(__file__).parents[2] / "fixtures/oficina-rota"


@pytest.fixture(scope="module", params=[SAMPLE_BUSINESS, WORKSHOP], ids=["clinic", "workshop"])
def snapshot(request: pytest.FixtureRequest) -> Snapshot:
    """Read a business."""
    return read_folder(request.param)


def test_what_comes_back_as_it_was_shown_changes_no_letter(snapshot: Snapshot) -> None:
    """Also as a browser sends it: lists as lines, with carriage returns and an empty field at the end."""
    card = require_sound(snapshot).card
    shown = fields_of(card)
    lines = {key: "\r\n".join([*value, ""]) for key, value in shown.items() if not isinstance(value, str)}
    assert change_fields(snapshot, card, shown) == change_fields(snapshot, card, {**shown, **lines}) == snapshot


def test_only_what_is_other_is_written(snapshot: Snapshot) -> None:
    """A default that the owner never wrote is not written either, and keys that no form has are not looked at."""
    card = require_sound(snapshot).card
    sent = {
        **fields_of(card),
        "secretaria.nome": " Luna\n",
        HOLIDAYS: ["2027-01-01", "", "2026-12-25"],
        "negocio.id": "x",
    }
    changed = change_fields(snapshot, card, sent)
    assert fields_of(require_sound(changed).card) == {
        **fields_of(card),
        "secretaria.nome": "Luna",
        HOLIDAYS: ("2026-12-25", "2027-01-01"),
    }
    assert "formalidade" not in changed.card
    assert require_sound(changed).card.identity == card.identity


def test_what_is_wrong_is_told_by_field(snapshot: Snapshot) -> None:
    """Whichever entry of a list it is, it is the list's field."""
    card = require_sound(snapshot).card
    wrong = {
        "secretaria.nome": "",
        "secretaria.formalidade": "chique",
        "secretaria.max_caracteres_por_mensagem": "muitos",
        "horarios.atendimento_humano.sab": "08:00-",
        HOLIDAYS: ["2026-12-25", "2026-02-30"],
    }
    with pytest.raises(BusinessInvalid) as caught:
        require_sound(change_fields(snapshot, card, wrong))
    flaws = flaws_of(caught.value)
    assert set(flaws) == set(wrong)
    assert flaws["secretaria.nome"] == "não pode ser vazio"


def test_rules_of_hand_off_are_written_where_there_were_none() -> None:
    """The table is new then."""
    snapshot = read_folder(SAMPLE_BUSINESS)
    table = snapshot.card.index("[transferencia]")
    bare = Snapshot(snapshot.card[:table] + snapshot.card[snapshot.card.index("[agenda]") :], snapshot.base)
    changed = change_fields(bare, require_sound(bare).card, {"transferencia.nunca_responder": "diagnóstico\r\n"})
    assert require_sound(changed).card.handoff.never_answer == ("diagnóstico",)
