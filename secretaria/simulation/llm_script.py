"""The writer that follows a script: each step waits for a prompt with certain words, and says what stands under them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from secretaria.errors import ConfigurationError
from secretaria.simulation.llm_protocol import Asked, RequestRefused, plainest
from secretaria.simulation.shape import flat_draft, is_draft

UNEXPECTED = 400
HINT = "cada passo tem expect: [trechos] e um de draft: {...}, text: '...' ou status: 503; times e absent são opcionais"
KEYS = frozenset({"expect", "absent", "draft", "text", "status", "times"})


class ScriptInvalid(ConfigurationError):
    """The script cannot be followed; the message names the step."""


@dataclass
class Step:
    """One answer and what it waits for.

    Attributes:
        expect: Fragments that must all stand in the prompt.
        absent: Fragments that must not.
        draft: Fields of the draft that differ from a plain one.
        text: The raw answer, in place of a draft.
        status: An HTTP error, in place of an answer.
        times: How often it may still be said.
    """

    expect: tuple[str, ...]
    absent: tuple[str, ...] = ()
    draft: Mapping[str, Any] = field(default_factory=dict)
    text: str | None = None
    status: int | None = None
    times: int = 1

    def fits(self, prompt: str) -> bool:
        """Say whether this step is for a prompt."""
        return (
            self.times > 0
            and all(fragment in prompt for fragment in self.expect)
            and not any(fragment in prompt for fragment in self.absent)
        )


class Script:
    """Steps in the order of the file; the first that fits and is not used up answers.

    Attributes:
        unexpected: The prompts no step was for.
    """

    def __init__(self, steps: Sequence[Step]) -> None:
        self._steps = list(steps)
        self.unexpected: list[str] = []

    @property
    def left(self) -> int:
        """How many steps were never said; a story that is over has none."""
        return sum(step.times > 0 for step in self._steps)

    def write(self, asked: Asked) -> Mapping[str, Any] | str:
        """Say what the next fitting step says.

        Raises:
            RequestRefused: No step fits, and then the message shows the prompt; or the step is an error.
        """
        step = next((step for step in self._steps if step.fits(asked.prompt)), None)
        if step is None:
            self.unexpected.append(asked.prompt)
            raise RequestRefused(UNEXPECTED, f"no step of the script expects this prompt:\n{asked.prompt}")
        step.times -= 1
        if step.status is not None:
            raise RequestRefused(step.status, "the script says so")
        if step.text is not None:
            return step.text
        if not is_draft(asked):
            return plainest(asked) | dict(step.draft)
        return flat_draft(asked.burst, "outro", "conversation", ["Certo!"]) | dict(step.draft)


def load_script(path: Path) -> Script:
    """Read a script, YAML or JSON.

    Raises:
        ScriptInvalid: It is not a list of steps.
    """
    try:
        told = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ScriptInvalid(f"não consegui ler o roteiro {path}: {error}", HINT) from error
    listed = told.get("steps") if isinstance(told, dict) else told
    if not isinstance(listed, list):
        raise ScriptInvalid(f"o roteiro {path} não é uma lista de passos", HINT)
    return Script([_step(path, number, row) for number, row in enumerate(listed, start=1)])


def _step(path: Path, number: int, row: object) -> Step:
    if (
        not isinstance(row, dict)
        or not set(row) <= KEYS
        or sum(row.get(key) is not None for key in ("draft", "text", "status")) != 1
    ):
        raise ScriptInvalid(f"{path}, passo {number}: não é um passo", HINT)
    return Step(
        expect=_fragments(row.get("expect")),
        absent=_fragments(row.get("absent")),
        draft=row.get("draft") or {},
        text=row.get("text"),
        status=row.get("status"),
        times=int(row.get("times", 1)),
    )


def _fragments(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(str(fragment) for fragment in value) if isinstance(value, list) else ()
