"""A customer who asked something."""

from __future__ import annotations

import pytest

from tests.answering import Scene


@pytest.fixture
def asked(scene: Scene) -> Scene:
    """A customer asked for the price of a cleaning and has been quiet long enough."""
    scene.customer_writes("qnt ta a limpeza?")
    scene.quiet()
    return scene
