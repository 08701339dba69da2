"""What every table of negocio.toml is made of: closed to unknown keys, frozen, with spans of the day."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import time
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

INTERVAL = re.compile(r"(\d{2}:\d{2})\s*-\s*(\d{2}:\d{2})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Interval:
    """From when (inclusive) until when (exclusive) somebody is there, in the business's zone."""

    opens: time
    closes: time


def _interval(value: object) -> object:
    if not isinstance(value, str):
        return value
    if not value.strip():
        return None
    match = INTERVAL.fullmatch(value.strip())
    try:
        opens, closes = map(time.fromisoformat, match.groups() if match else ())
    except ValueError:
        raise PydanticCustomError("interval", 'use "HH:MM-HH:MM", ou "" quando não abre') from None
    if closes <= opens:
        raise PydanticCustomError("interval_order", "o fim precisa ser depois do começo, no mesmo dia")
    return Interval(opens, closes)


def _intervals(value: object) -> object:
    """One span, a list of them for a day with a break, or "" for a day without any."""
    if value is None:
        return None
    listed = value if isinstance(value, list | tuple) else [value]
    return tuple(interval for interval in map(_interval, listed) if interval is not None)


Words = Annotated[str, Field(min_length=1)]
Span = Annotated[Interval | None, BeforeValidator(_interval)]
Stretch = Annotated[Interval, BeforeValidator(_interval)]
Spans = Annotated[tuple[Interval, ...] | None, BeforeValidator(_intervals)]


class Table(BaseModel):
    """One table of negocio.toml: frozen, and closed to keys it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)
