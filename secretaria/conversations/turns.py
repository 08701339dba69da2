"""When a turn is due: a quiet period after each message, never past the deadline of the first one; pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from secretaria.settings import TurnsSection


def deadline_of(rules: TurnsSection, first_at: datetime) -> datetime:
    """Return the moment at which a turn opened at ``first_at`` is answered, whoever is still typing."""
    return first_at + timedelta(seconds=rules.deadline_seconds)


def due_after(rules: TurnsSection, *, message_at: datetime, deadline: datetime, messages: int) -> datetime:
    """Return when the turn may be answered, now that one more message has come.

    Args:
        rules: The ``[turns]`` section.
        message_at: When the newest message arrived.
        deadline: The turn's deadline.
        messages: How many messages the turn holds, this one included.
    """
    if messages >= rules.max_messages:
        return message_at
    return min(message_at + timedelta(seconds=rules.quiet_period_seconds), max(deadline, message_at))
