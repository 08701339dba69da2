"""How a person names a moment on the command line."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from secretaria.errors import UsageInvalid

AGO = re.compile(r"(\d{1,5})([mhd])")
UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def moment_of(written: str, now: datetime) -> datetime:
    """Read ``30m``, ``12h``, ``7d`` ago, or a date.

    Raises:
        UsageInvalid: It is neither.
    """
    ago = AGO.fullmatch(written.strip())
    if ago is not None:
        return now - timedelta(**{UNITS[ago[2]]: int(ago[1])})
    try:
        moment = datetime.fromisoformat(written.strip())
    except ValueError as error:
        raise UsageInvalid(
            f"não entendi o momento {written!r}", "use 30m, 12h, 7d ou uma data como 2026-11-25"
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
