"""A probe's contact leaves the tables as they were, whatever became of it on the way."""

from __future__ import annotations

from sqlmodel import SQLModel

from secretaria.replies.volatile import VolatileContext
from secretaria.rights.probe import remove_probe
from secretaria.whaticket.probing import PROBE_NUMBER
from tests.answering import BUBBLES, Scene, a_draft
from tests.builders import rows
from tests.scripted_model import ScriptedModel, says


def test_after_a_probe_every_table_is_as_before(scene: Scene, model: ScriptedModel) -> None:
    """A customer was answered, then the probe was: every row of the customer stays, every one of the probe goes."""
    for number in ("5520900000999", PROBE_NUMBER):
        before = {name: rows(scene.engine, name) for name in SQLModel.metadata.tables}
        scene.customer_writes("quanto custa a limpeza?", number=number)
        scene.quiet()
        model.endings.append(says(a_draft(bubbles=BUBBLES)))
        scene.answer(max(turn["id"] for turn in scene.turns()))
    grown = {name for name in before if len(rows(scene.engine, name)) > len(before[name])}
    assert {"contact", "conversation", "inbox_event", "message", "turn", "reply", "outbox_item", "feed_entry"} <= grown
    assert remove_probe(scene.engine, VolatileContext()) > len(grown)
    assert {name: rows(scene.engine, name) for name in before} == before
    assert remove_probe(scene.engine, VolatileContext()) == 0
