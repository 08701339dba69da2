"""Is the agenda after a turn as its labels say? A look changes nothing, a change leaves exactly what was agreed; pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Any

from secretaria.evaluation.observed import BookingSeen
from secretaria.evaluation.results import Mismatch
from secretaria.simulation.answers import fold
from secretaria.simulation.labelled_tools import Wanted
from secretaria.simulation.rhythm import SampleConversation, SampleTurn

CANCELLED, CONFIRMED = "cancelled", "confirmed"


def grade_booking(
    conversation: SampleConversation,
    turn: SampleTurn,
    wanted: Wanted | None,
    before: Sequence[BookingSeen],
    after: Sequence[BookingSeen],
    zone: tzinfo,
) -> tuple[Mismatch, ...]:
    """Compare the customer's bookings with what the labels want.

    Args:
        conversation: Where it was said.
        turn: The labels.
        wanted: What the labels want of the agenda; None for nothing.
        before: The customer's bookings before the turn.
        after: And after it.
        zone: Of the business, in which days and times are labelled.
    """
    expected = _expected(wanted, before, zone)
    if expected is None or _fits(wanted, before, after, zone):
        return ()
    return (Mismatch(conversation.id, turn.n, "booking", expected, [told_booking(one, zone) for one in after]),)


def _expected(wanted: Wanted | None, before: Sequence[BookingSeen], zone: tzinfo) -> Any:  # noqa: ANN401  # for people
    if wanted is None or wanted.action in {"look", "other"}:
        return {"unchanged": [told_booking(one, zone) for one in before]}
    when = f"{wanted.day} {wanted.at:%H:%M}" if wanted.day and wanted.at else None
    return {"action": wanted.action, "code": wanted.code, "when": when, "unit": wanted.unit}


def _fits(wanted: Wanted | None, before: Sequence[BookingSeen], after: Sequence[BookingSeen], zone: tzinfo) -> bool:
    if wanted is None or wanted.action in {"look", "other"}:
        return list(before) == list(after)
    known = {one.code: one for one in before}
    if wanted.action == "book":
        fresh = [one for one in after if one.code not in known]
        return len(fresh) == 1 and fresh[0].state != CANCELLED and _at(fresh[0], wanted, zone)
    changed = next((one for one in after if one.code == wanted.code), None)
    if changed is None or len(after) != len(before):
        return False
    match wanted.action:
        case "move":
            return changed.state != CANCELLED and _at(changed, wanted, zone)
        case "cancel":
            return changed.state == CANCELLED
        case _:
            return changed.state == CONFIRMED


def _at(booking: BookingSeen, wanted: Wanted, zone: tzinfo) -> bool:
    local = booking.starts_at.astimezone(zone)
    return (
        (wanted.day is None or local.date() == wanted.day)
        and (wanted.at is None or (local.hour, local.minute) == (wanted.at.hour, wanted.at.minute))
        and (wanted.unit is None or fold(booking.unit) == fold(wanted.unit))
    )


def told_booking(booking: BookingSeen, zone: tzinfo) -> str:
    """Write a booking as reports show it."""
    local: datetime = booking.starts_at.astimezone(zone)
    return " ".join(filter(None, (booking.code, booking.kind, booking.unit, f"{local:%Y-%m-%d %H:%M}", booking.state)))
