"""What is wrong about a person is put right, and nobody is answered by a machine against their will."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from secretaria.audit.trail import Actor
from secretaria.clock import HeldClock
from secretaria.conversations.models import Mode
from secretaria.database.transaction import transaction
from secretaria.memory.store import remember
from secretaria.rights.correction import (
    FactRefused,
    correct_fact,
    correct_name,
    facts_of,
    object_to_automatic,
    withdraw_objection,
)
from secretaria.rights.erasure import PersonNotFound
from tests.answering import BUBBLES, Scene, a_draft
from tests.builders import NUMBER, rows
from tests.scripted_model import ScriptedModel, says

RENATA = Actor("renata", "cli", "balcao")
UNITS = ("centro", "praia")


@pytest.fixture
def known(scene: Scene) -> Scene:
    """A customer wrote once."""
    scene.customer_writes("oi")
    return scene


def told(scene: Scene) -> dict[str, str]:
    """Return what counts as known."""
    return {fact.key: fact.value for fact in facts_of(scene.engine, NUMBER, scene.clock.now())}


def correct(scene: Scene, key: str, value: str) -> None:
    """Correct a fact as the command does."""
    correct_fact(scene.engine, NUMBER, key, value, units=UNITS, actor=RENATA, now=scene.clock.now())


def test_a_name_is_corrected_and_forgotten(known: Scene, engine: Engine, clock: HeldClock) -> None:
    """The audit says that it was changed, and neither what it was nor what it is."""
    correct_name(engine, NUMBER, "  Zilda   Prado ", actor=RENATA, now=clock.now())
    assert rows(known.engine, "contact")[0]["name"] == "Zilda Prado"
    correct_name(engine, NUMBER, "", actor=RENATA, now=clock.now())
    assert rows(known.engine, "contact")[0]["name"] is None
    entries = [entry for entry in rows(engine, "audit_entry") if entry["action"] == "person.corrected"]
    assert [(entry["actor"], entry["after"]) for entry in entries] == [("renata", {"what": "name"})] * 2
    assert "Zilda" not in str(entries)


def test_what_the_team_wrote_stands_against_what_the_model_reads(known: Scene) -> None:
    """A correction is not undone by the next reading."""
    correct(known, "periodo_preferido", "tarde")
    contact_id = rows(known.engine, "contact")[0]["id"]
    with transaction(known.engine) as session:
        again = {"key": "periodo_preferido", "value": "manha", "quote": "de manhã", "observer": "customer"}
        remember(session, contact_id=contact_id, now=known.clock.now(), **again)  # type: ignore[arg-type]  # texts
    assert told(known) == {"periodo_preferido": "tarde"}


def test_what_is_forgotten_is_not_told_again(known: Scene) -> None:
    """An empty value ends a fact."""
    correct(known, "unidade_preferida", "Praia")
    assert told(known) == {"unidade_preferida": "praia"}
    correct(known, "unidade_preferida", "")
    assert told(known) == {}


@pytest.mark.parametrize(
    ("key", "value"),
    [("periodo_preferido", "madrugada"), ("doenca", "asma"), ("nome", "529.982.247-25"), ("unidade_preferida", "lua")],
)
def test_nothing_else_may_be_noted_of_a_person(known: Scene, key: str, value: str) -> None:
    """The team may keep no more than the secretary may."""
    with pytest.raises(FactRefused):
        correct(known, key, value)
    assert told(known) == {}


def test_who_objects_is_answered_by_people_only(known: Scene, model: ScriptedModel) -> None:
    """Until it is withdrawn."""
    object_to_automatic(known.engine, NUMBER, actor=RENATA, now=known.clock.now())
    known.quiet()
    known.answer()
    assert rows(known.engine, "outbox_item") == []
    assert rows(known.engine, "conversation")[0]["mode"] == Mode.WAITING
    withdraw_objection(known.engine, NUMBER, actor=RENATA, now=known.clock.now())
    with known.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE conversation SET mode = 'automatic'")
    known.customer_writes("quanto custa a limpeza?")
    known.quiet()
    model.endings.append(says(a_draft(bubbles=BUBBLES)))
    known.answer(2)
    assert len(rows(known.engine, "outbox_item")) == len(BUBBLES)
    actions = [entry["action"] for entry in rows(known.engine, "audit_entry")]
    assert actions == ["person.objected", "person.objection_withdrawn"]


def test_a_number_nobody_knows_is_told_so(engine: Engine, clock: HeldClock) -> None:
    """Nothing is made up for it."""
    with pytest.raises(PersonNotFound):
        correct_name(engine, "5520900000777", "Ana", actor=RENATA, now=clock.now())
