"""A turn is answered from what is published at its moment, says which version that was, and counts what it lacked."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Engine

from secretaria.clock import HeldClock
from secretaria.database.transaction import transaction
from secretaria.knowledge.changing import edit_published
from secretaria.knowledge.editing import add_chunk
from secretaria.knowledge.library import PublishedLibrary
from secretaria.knowledge.missing import answer_once, list_missing
from secretaria.simulation import SAMPLE_BUSINESS
from tests.answering import Scene, a_draft
from tests.builders import OWNER, rows
from tests.scripted_model import ScriptedModel, says


def test_an_edit_is_obeyed_by_the_next_turn(
    asked: Scene, engine: Engine, clock: HeldClock, model: ScriptedModel
) -> None:
    """A worker that goes on tells the model the new text at the next turn, and each reply keeps its version."""
    asked.room = replace(asked.room, library=PublishedLibrary(engine, SAMPLE_BUSINESS, clock))
    asked.answer()
    with transaction(engine) as session:
        edit_published(
            session,
            lambda kept: add_chunk(kept, "avisos.md", "Reforma", "Entrada pela rua de trás."),
            origin="edit",
            by=OWNER,
            now=clock.now(),
            note="obra",
        )
    asked.customer_writes("por onde entro?")
    asked.quiet()
    asked.answer(2)
    first, second = model.prompts()[0], model.prompts()[-1]
    assert ("rua de trás" in first, "rua de trás" in second) == (False, True)
    versions = [row["fingerprint"] for row in rows(engine, "business_version")]
    assert [reply["business_version"] for reply in rows(engine, "reply")] == versions


def test_what_was_not_known_is_answered_once(
    asked: Scene, engine: Engine, clock: HeldClock, model: ScriptedModel
) -> None:
    """A turn without an answer leaves its question, counted once; the owner answers it, and the next turn is told."""
    asked.room = replace(asked.room, library=PublishedLibrary(engine, SAMPLE_BUSINESS, clock))
    unknown = {"answerable": "not_known", "sources": [], "asked": "fazem acupuntura?", "bubbles": ["Isso eu não sei."]}
    model.endings.append(says(a_draft(**unknown)))
    asked.answer()
    with transaction(engine) as session:
        assert [(question.asked, question.times) for question in list_missing(session)] == [("fazem acupuntura?", 1)]
    answer_once(engine, 1, "Acupuntura só com a parceira Agulha Boa.", by=OWNER, now=clock.now())
    known = {"sources": ["perguntas-respondidas.md#fazem-acupuntura"], "bubbles": ["Só com a parceira Agulha Boa."]}
    model.endings.append(says(a_draft(**known)))
    asked.customer_writes("fazem acupuntura?")
    asked.quiet()
    asked.answer(2)
    assert "parceira Agulha Boa" in model.prompts()[-1]
    assert asked.bubbles()[-1] == "Só com a parceira Agulha Boa."
    with transaction(engine) as session:
        assert list_missing(session) == []


def test_what_no_owner_would_add_is_not_counted(asked: Scene, model: ScriptedModel) -> None:
    """An attempt to misuse her, or a question about something else altogether, is no gap in the base."""
    changes = {"intention": "manipulacao", "answerable": "not_known", "sources": [], "bubbles": ["Isso eu não sei."]}
    model.endings.append(says(a_draft(**changes)))
    asked.answer()
    assert rows(asked.engine, "missing_question") == []
