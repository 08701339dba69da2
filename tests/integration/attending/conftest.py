"""A conversation with an answer that waits to be sent, and two people who attend."""

from __future__ import annotations

import pytest

from secretaria.outbox.delivery import DispatchRoom
from tests.answering import BUBBLES, OpenDispatch, Scene, WhaticketSite, a_draft
from tests.scripted_model import ScriptedModel, says


@pytest.fixture
def asked(scene: Scene) -> Scene:
    """A customer asked for the price of a cleaning and has been quiet long enough."""
    scene.customer_writes("qnt ta a limpeza?")
    scene.quiet()
    scene.nudges.published.clear()
    return scene


@pytest.fixture
def answered(asked: Scene, model: ScriptedModel) -> Scene:
    """The question was answered with two bubbles, which wait to be sent."""
    model.endings.append(says(a_draft(bubbles=BUBBLES)))
    asked.answer()
    asked.nudges.published.clear()
    return asked


@pytest.fixture
def dispatch(open_dispatch: OpenDispatch, whaticket: WhaticketSite) -> DispatchRoom:
    """Deliver to the community edition."""
    return open_dispatch(whaticket)
