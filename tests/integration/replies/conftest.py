"""A customer who asked something, for every test of answering."""

from __future__ import annotations

import pytest

from tests.answering import BUBBLES, Scene, a_draft
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
