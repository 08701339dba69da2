"""Is the end of a dialogue as its scenario wants it? Person, agenda, and what was and was not said; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import tzinfo
from typing import Any

from secretaria.evaluation.booking_grader import CANCELLED, told_booking
from secretaria.evaluation.matching import found, missing
from secretaria.evaluation.observed import BookingSeen
from secretaria.evaluation.scenarios import STATES, Wanted, WantedBooking
from secretaria.simulation.answers import fold


def grade_dialogue(
    wanted: Wanted, bubbles: Sequence[str], bookings: Sequence[BookingSeen], handed_off: object, zone: tzinfo
) -> Iterator[tuple[str, Any, Any]]:
    """Yield kind, what was wanted and what was found, for everything that is otherwise.

    Args:
        wanted: By the scenario.
        bubbles: Everything the secretary said.
        bookings: The customer's, as they stand in the end.
        handed_off: Whether a person was called.
        zone: Of the business, in which times without a zone are written.
    """
    if wanted.handoff is not None and wanted.handoff != bool(handed_off):
        yield "handoff", wanted.handoff, bool(handed_off)
    if wanted.bookings is not None and not _stand(wanted.bookings, bookings, zone):
        listed = [one.model_dump(mode="json", exclude_none=True) for one in wanted.bookings]
        yield "booking", listed, [told_booking(one, zone) for one in bookings]
    if unsaid := missing(bubbles, wanted.must_say):
        yield "must_include", unsaid, list(bubbles)
    if said := found(bubbles, wanted.must_not_say):
        yield "must_not_include", said, list(bubbles)


def _stand(wanted: Sequence[WantedBooking], bookings: Sequence[BookingSeen], zone: tzinfo) -> bool:
    """Match one to one; a booking that is live and not wanted is one too many."""
    left = list(bookings)
    for one in wanted:
        match = next((booking for booking in left if _fits(one, booking, zone)), None)
        if match is None:
            return False
        left.remove(match)
    return all(booking.state == CANCELLED for booking in left)


def _fits(wanted: WantedBooking, booking: BookingSeen, zone: tzinfo) -> bool:
    starts_at = wanted.starts_at
    if starts_at is not None and starts_at.tzinfo is None:
        starts_at = starts_at.replace(tzinfo=zone)
    return (
        booking.state == STATES[wanted.state]
        and (wanted.kind is None or fold(wanted.kind) == fold(booking.kind))
        and (wanted.unit is None or fold(wanted.unit) == fold(booking.unit))
        and (starts_at is None or starts_at == booking.starts_at)
    )
