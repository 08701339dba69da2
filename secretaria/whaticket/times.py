"""Reads the many ways in which forks print a moment."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from secretaria.whaticket.fields import at

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LARGEST_SECONDS = 10**11
_NUMERIC = re.compile(r"\d{1,20}(?:\.\d{1,20})?", re.ASCII)


def read_time(value: object) -> datetime | None:
    """Read a moment.

    Args:
        value: Seconds or, above 10^11, milliseconds since 1970, as a number, a numeric string or a Long object
            (``low``, ``high``); or an ISO 8601 text, UTC when it names no zone.

    Returns:
        An aware datetime in UTC, or None when the value is unusable.
    """
    number = _number(value)
    try:
        if number is not None:
            seconds = number / 1000 if number > _LARGEST_SECONDS else number
            moment = _EPOCH + timedelta(seconds=seconds)
        elif isinstance(value, str):
            moment = datetime.fromisoformat(value.strip())
            moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        else:
            return None
    except (ValueError, OverflowError):
        return None
    return moment if moment > _EPOCH else None


def _number(value: object) -> int | float | None:
    if isinstance(value, dict):
        return _long(at(value, "low"), at(value, "high"))
    if isinstance(value, str) and _NUMERIC.fullmatch(value.strip()):
        return float(value) if "." in value else int(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    return None


def _long(low: object, high: object) -> int | None:
    """Join the halves of a 64-bit number; JavaScript prints the lower one as signed."""
    if isinstance(low, bool) or isinstance(high, bool) or not isinstance(low, int) or not isinstance(high, int):
        return None
    return (low & 0xFFFFFFFF) + high * 2**32
