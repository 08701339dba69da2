"""What is remembered of a customer across episodes, and how conflicts end; nothing is ever rewritten."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from secretaria.memory.store import recall, remember
from tests.answering import Scene, a_draft
from tests.builders import rows
from tests.scripted_model import ScriptedModel, says

DAY = 24 * 3600.0


def proposing(*proposals: tuple[str, str, str], **changes: object) -> str:
    """Write a draft that would remember."""
    return a_draft(memory=[dict(zip(("key", "value", "quote"), each, strict=True)) for each in proposals], **changes)


def facts(scene: Scene) -> list[dict[str, Any]]:
    """Return all rows."""
    return rows(scene.engine, "customer_fact")


def test_name_given_by_the_customer_is_used_in_a_later_episode(scene: Scene, model: ScriptedModel) -> None:
    """The name WhatsApp shows is not told; the one the customer wrote is, with the words as the proof."""
    scene.customer_writes("oi, aqui é a Ana")
    scene.quiet()
    model.endings.append(says(proposing(("nome", "Ana", "aqui é a Ana"), ("cpf", "1", "oi"))))
    scene.answer()
    (fact,) = facts(scene)
    assert (fact["value"], fact["observer"], fact["quote"], fact["message_id"]) == (
        "Ana",
        "customer",
        "aqui é a Ana",
        1,
    )
    assert rows(scene.engine, "reply")[0]["memory"] == [
        {"key": "nome", "value": "Ana", "verdict": "kept"},
        {"key": "cpf", "refused": "unknown_key"},
    ]
    assert "Juliana" not in model.prompts()[0]
    scene.clock.advance(DAY)
    scene.customer_writes("oi")
    scene.quiet()
    scene.answer(2)
    assert '"nome: Ana"' in model.prompts()[1]


def test_newer_word_of_the_same_source_counts(scene: Scene) -> None:
    """The customer changes their mind: the older fact stays, and names the one that counts instead."""
    scene.customer_writes("oi")
    with Session(scene.engine) as session:
        for unit in ("centro", "palmeiras", "palmeiras"):
            remember(
                session,
                contact_id=1,
                key="unidade_preferida",
                value=unit,
                quote=unit,
                observer="customer",
                now=scene.clock.now(),
            )
        session.commit()
        assert [fact.value for fact in recall(session, 1, scene.clock.now())] == ["palmeiras"]
    assert [(fact["value"], fact["superseded_by"]) for fact in facts(scene)] == [("centro", 2), ("palmeiras", None)]


def test_word_of_the_team_weighs_more(scene: Scene) -> None:
    """What a model read afterwards is kept, but does not count against what an operator wrote."""
    scene.customer_writes("oi")
    with Session(scene.engine) as session:
        for name, observer in (("Ana", "operator"), ("Aninha", "customer")):
            remember(
                session, contact_id=1, key="nome", value=name, quote=name, observer=observer, now=scene.clock.now()
            )
        session.commit()
        assert [fact.value for fact in recall(session, 1, scene.clock.now())] == ["Ana"]
    assert [(fact["value"], fact["superseded_by"]) for fact in facts(scene)] == [("Ana", None), ("Aninha", 1)]


def test_old_facts_are_no_longer_told(scene: Scene) -> None:
    """A taste of half a year ago has to be said again."""
    scene.customer_writes("oi")
    with Session(scene.engine) as session:
        remember(
            session, contact_id=1, key="idioma", value="es", quote="español", observer="customer", now=scene.clock.now()
        )
        session.commit()
        scene.clock.advance(181 * DAY)
        assert recall(session, 1, scene.clock.now()) == []


def test_facts_are_never_rewritten(scene: Scene) -> None:
    """PostgreSQL itself refuses to change a fact, or to bring a superseded one back."""
    scene.customer_writes("oi")
    with Session(scene.engine) as session:
        remember(
            session, contact_id=1, key="nome", value="Ana", quote="Ana", observer="operator", now=scene.clock.now()
        )
        session.commit()
        with pytest.raises(IntegrityError, match="never rewritten"):
            session.execute(text("UPDATE customer_fact SET value = 'Bia'"))
