"""A turn is answered from what is published at its moment, says which version that was, and counts what it lacked."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Engine

from secretaria.clock import HeldClock
from secretaria.database.transaction import transaction
from secretaria.knowledge.changing import edit_published
from secretaria.knowledge.editing import add_chunk
from secretaria.knowledge.library import PublishedLibrary
from secretaria.simulation import SAMPLE_BUSINESS
from tests.answering import Scene, a_draft
from tests.builders import rows
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
            by="dona",
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


def test_what_was_not_known_is_counted(asked: Scene, model: ScriptedModel) -> None:
    """A turn that ends without an answer leaves its question for the owner, in the same transaction."""
    model.endings.append(
        says(a_draft(answerable="not_known", sources=[], asked="fazem acupuntura?", bubbles=["Isso eu não sei."]))
    )
    asked.answer()
    assert [row["asked"] for row in rows(asked.engine, "missing_question")] == ["fazem acupuntura?"]
