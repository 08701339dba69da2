"""Switches that tests turn to make the doubles fail the way the real services do."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Literal, get_args

SendFault = Literal[
    "hang", "hang_after_send", "reset_after_send", "400_after_send", "500_after_send", "html_502", "reset"
]
LlmMode = Literal[
    "answer", "timeout", "html", "broken_json", "empty", "error_500",
    "rate_limited", "slow", "reset", "cut", "drip", "huge", "length", "refusal", "words_around", "wrong_enum",
    "unknown_source",
]  # fmt: skip
LLM_MODES: tuple[LlmMode, ...] = get_args(LlmMode)


class SendFaults:
    """What goes wrong with the next sends of the simulated Whaticket.

    Attributes:
        delay_seconds: How long every send takes before anything happens; a caller who leaves cuts it short.
        shown_after_seconds: How late a sent message appears in its ticket's list of messages.
    """

    KINDS: tuple[str, ...] = get_args(SendFault)

    def __init__(self) -> None:
        self.delay_seconds = 0.0
        self.shown_after_seconds = 0.0
        self._next: deque[str] = deque()

    def fail_next(self, fault: str, times: int = 1) -> None:
        """Let the next sends fail; calls add up, in order.

        Args:
            fault: ``hang`` and ``reset`` (nothing is sent), ``hang_after_send``, ``reset_after_send``,
                ``400_after_send`` and ``500_after_send`` (the customer got it), ``html_502`` (a proxy in front, nothing
                is sent), or an error text of Whaticket such as ``ERR_WAPP_CHECK_CONTACT`` (nothing is sent).
            times: For how many sends.
        """
        if fault not in self.KINDS and not fault.startswith("ERR_"):
            raise ValueError(_unknown(fault, (*self.KINDS, "ERR_...")))
        self._next.extend([fault] * times)

    def take(self) -> str | None:
        """Return the fault of this send and forget it; None when it goes well."""
        return self._next.popleft() if self._next else None


class LlmFaults:
    """How the simulated model misbehaves.

    Attributes:
        mode: What every call does until it is changed; ``answer`` is the healthy one. ``timeout`` never answers,
            ``slow`` does after ``slow_seconds``, ``drip`` sends a few bytes at a time, ``reset`` and ``cut`` break the
            connection before and inside the answer, ``rate_limited`` is a 429 that says when to come back, ``length``
            stops in the middle for want of tokens, ``huge`` says a megabyte. The others answer in time with what a
            draft must not be: ``empty``, ``broken_json``, ``refusal``, ``words_around`` it, ``wrong_enum``, a source
            that is ``unknown_source``.
        slow_seconds: How long ``slow`` takes.
        retry_after_seconds: What ``rate_limited`` asks for.
    """

    def __init__(self, mode: LlmMode = "answer") -> None:
        self.mode: LlmMode = mode
        self.slow_seconds = 3.0
        self.retry_after_seconds = 2
        self._next: deque[LlmMode] = deque()

    def fail_next(self, times: int, mode: LlmMode) -> None:
        """Let the next calls misbehave in one way, whatever ``mode`` says; calls add up, in order."""
        if mode not in LLM_MODES:
            raise ValueError(_unknown(mode, LLM_MODES))
        self._next.extend([mode] * times)

    def take(self) -> LlmMode:
        """Return the mode of this call."""
        return self._next.popleft() if self._next else self.mode


def _unknown(fault: str, known: Iterable[str]) -> str:
    return f"unknown fault {fault!r}; known: {', '.join(known)}"
