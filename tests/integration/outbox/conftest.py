"""Two bubbles that wait to be sent, and the way to send them."""

from __future__ import annotations

import pytest

from secretaria.outbox.delivery import DispatchRoom
from secretaria.replies.answer import answer_turn
from tests.answering import BUBBLES, OpenDispatch, Scene, WhaticketSite, a_draft
from tests.scripted_model import ScriptedModel, says


@pytest.fixture
def answered(scene: Scene, model: ScriptedModel) -> Scene:
    """A turn was answered with two bubbles, which wait to be sent."""
    model.endings.append(says(a_draft(bubbles=BUBBLES)))
    scene.customer_writes("qnt ta a limpeza?")
    scene.quiet()
    answer_turn(scene.room, 1)
    scene.nudges.published.clear()
    return scene


@pytest.fixture
def dispatch(open_dispatch: OpenDispatch, whaticket: WhaticketSite) -> DispatchRoom:
    """Deliver to the community edition."""
    return open_dispatch(whaticket)
