"""What would be said, as the checks read it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reply:
    """A draft's words.

    Attributes:
        text: The bubbles, one under the other.
        sources: What the model says that it rests on.
    """

    text: str
    sources: tuple[str, ...] = ()
