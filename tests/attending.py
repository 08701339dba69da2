"""Two people who attend, and a way to let them do something."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sqlmodel import Session

from secretaria.audit.trail import Actor
from secretaria.database.transaction import transaction
from tests.answering import Scene

MARTA = Actor("marta", "panel", "10.0.0.7")
RENATA = Actor("renata", "panel", "10.0.0.8")

T = TypeVar("T")


def done(scene: Scene, act: Callable[[Session], T]) -> T:
    """Do something in a transaction of its own."""
    with transaction(scene.engine) as session:
        return act(session)
