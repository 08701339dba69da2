"""An installation as steps that look first whether they are done: interrupted or repeated, it goes on where it stands."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from secretaria.errors import SecretariaError, Unavailable

LOOK_SECONDS = 0.5
Tell = Callable[["Told"], None]


@dataclass(frozen=True)
class Outcome:
    """How a step ended.

    Attributes:
        found: What was done or found, Portuguese.
        before: Whether it was done already, so that nothing was touched.
    """

    found: str
    before: bool = False


@dataclass(frozen=True)
class Step:
    """One step of an installation.

    Attributes:
        name: What it does, Portuguese.
        take: Does it, or finds that it is done.
    """

    name: str
    take: Callable[[], Outcome]


@dataclass(frozen=True)
class Told:
    """What is told of a step.

    Attributes:
        status: ``ok``, ``já feito`` or ``falha``.
        name: The step's.
        found: What was done, found or went wrong.
    """

    status: str
    name: str
    found: str


def take_steps(steps: Iterable[Step], tell: Tell) -> None:
    """Take the steps in order; the first that fails ends it, told like the others.

    Raises:
        SecretariaError: What the step said; taking the steps again goes on from it.
    """
    for step in steps:
        try:
            outcome = step.take()
        except SecretariaError as error:
            tell(Told("falha", step.name, error.message))
            raise
        tell(Told("já feito" if outcome.before else "ok", step.name, outcome.found))


def wait_until(is_so: Callable[[], bool], seconds: float, otherwise: str, hint: str) -> float:
    """Look again and again until something is so.

    Returns:
        How many seconds it took.

    Raises:
        Unavailable: It was not so in time.
    """
    begun = time.monotonic()
    while not is_so():
        if time.monotonic() - begun >= seconds:
            raise Unavailable(otherwise, hint)
        time.sleep(LOOK_SECONDS)
    return time.monotonic() - begun
