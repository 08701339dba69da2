"""How commands speak: results on standard output, talk on standard error, JSON for programs."""

from __future__ import annotations

import json
import sys
from typing import Any

from rich.console import Console


def talk() -> Console:
    """Return the console for what people read and programs do not: standard error."""
    return Console(stderr=True, highlight=False)


def say(sentence: str) -> None:
    """Tell a person one thing, on standard error, unbroken and as it is."""
    talk().print(sentence, markup=False, soft_wrap=True)


def paper() -> Console:
    """Return the console for results: standard output."""
    return Console(highlight=False)


def print_json(value: Any) -> None:  # noqa: ANN401  # anything that JSON can say
    """Print one JSON value on one line of standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()
