"""Customers who write while something breaks, and people who answer them from the phone."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tests.chaos.shop import ChaosShop

QUESTIONS = (
    "quanto custa a limpeza?",
    "e o clareamento?",
    "onde fica a clinica?",
    "tem estacionamento?",
    "voces atendem aos sabados?",
    "quais convenios aceitam?",
)
GAP_SECONDS = 0.2
SPEAKS_AFTER = (0.2, 3.0)


@dataclass(frozen=True, slots=True)
class Crowd:
    """How customers write.

    Attributes:
        repeated: How often Whaticket posts each message.
        backwards: Whether what was written first arrives last.
        posted: Whether Whaticket tells us of them at all.
        answered: Whether a person answers them, in the middle of it.
    """

    repeated: int = 1
    backwards: bool = False
    posted: bool = True
    answered: bool = False


@contextmanager
def writing(shop: ChaosShop, numbers: Sequence[str], crowd: Crowd, *, seconds: float, seed: int) -> Iterator[None]:
    """Let each customer write two messages at some moment of the block's first seconds; wait for all at its end."""
    drawn = random.Random(seed)  # noqa: S311  # the same campaign every time; nothing secret

    def write(number: str, after: float, texts: Sequence[str], speaks_after: float) -> None:
        time.sleep(after)
        now = datetime.now(UTC)
        for position, text in enumerate(texts):
            at = now - timedelta(seconds=position) if crowd.backwards else None
            shop.write(number, text, at=at, repeated=crowd.repeated, posted=crowd.posted)
            time.sleep(GAP_SECONDS)
        if crowd.answered:
            time.sleep(speaks_after)
            shop.person_writes(number)
            shop.write(number, texts[0])

    with ThreadPoolExecutor(len(numbers)) as threads:
        begun = [
            threads.submit(
                write, number, drawn.uniform(0, seconds), drawn.sample(QUESTIONS, 2), drawn.uniform(*SPEAKS_AFTER)
            )
            for number in numbers
        ]
        yield
        for one in begun:
            one.result()
