"""What is free: openings minus bookings, by zone, notice, period and closed days; never a slot nobody opened."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secretaria.agenda.slots import Opening, Slot, Taken, Wish, free_slots, spans_of
from secretaria.knowledge.business import BusinessCard, parse_card
from tests.agenda_counter import CARD_TEXT

MONDAY = date(2026, 8, 10)
NIGHT_BEFORE = datetime(2026, 8, 10, 2, 0, tzinfo=UTC)
GRADE = """
[agenda.grade.centro]
seg_sex = ["09:00-12:00", "14:00-16:00"]
passo_min = 60
"""


def a_card(more: str = GRADE, zone: str = "America/Sao_Paulo") -> BusinessCard:
    """Write the sample's card with something added."""
    return parse_card(CARD_TEXT.replace("America/Sao_Paulo", zone) + more, "negocio.toml")


def found(
    card: BusinessCard,
    *,
    listed: tuple[Opening, ...] = (),
    taken: tuple[Taken, ...] = (),
    now: datetime = NIGHT_BEFORE,
    wish: Wish | None = None,
) -> list[Slot]:
    """Look for a cleaning on Monday, unless something else is wished for."""
    assert card.agenda is not None
    return free_slots(card, card.agenda, listed, taken, wish or Wish("limpeza", None, MONDAY, MONDAY), now)


def hours(slots: list[Slot]) -> list[str]:
    """Return when they begin in the sample's zone, three hours behind UTC."""
    return [f"{slot.starts_at - timedelta(hours=3):%d %H:%M}" for slot in slots]


def at(hour: int, minute: int = 0) -> datetime:
    """Return a moment of Monday as the clinic's clock shows it."""
    return datetime(2026, 8, 10, hour + 3, minute, tzinfo=UTC)


def test_without_a_grade_or_a_list_nothing_is_free() -> None:
    """Opening hours alone open no agenda: a slot is never invented."""
    assert found(a_card("")) == []


def test_a_grade_opens_what_fits_into_it() -> None:
    """The last cleaning of a stretch ends before it closes, and the break stays free."""
    assert hours(found(a_card())) == ["10 09:00", "10 10:00", "10 11:00", "10 14:00", "10 15:00"]


def test_a_grade_without_hours_has_those_of_the_unit() -> None:
    """And without a step it goes by the length of what is booked: 50 minutes from 8h, until 19h."""
    slots = found(a_card("\n[agenda.grade.centro]\n"))
    assert hours(slots)[:3] == ["10 08:00", "10 08:50", "10 09:40"]
    assert hours(slots)[-1] == "10 18:00"
    assert {slot.unit for slot in slots} == {"centro"}


def test_what_is_booked_is_not_free() -> None:
    """A booking takes every slot it touches; one that ends as another begins touches nothing."""
    taken = (Taken("centro", at(10, 50), at(11, 40)), Taken("palmeiras", at(9), at(10)))
    assert hours(found(a_card(), taken=taken)) == ["10 09:00", "10 10:00", "10 14:00", "10 15:00"]


def test_a_second_seat_is_free_while_one_is_taken() -> None:
    """Two seats: the slot is free on the other lane, and gone when both are taken."""
    card = a_card(GRADE + "vagas = 2\n")
    one, two = Taken("centro", at(9), at(9, 50)), Taken("centro", at(9), at(9, 50), lane=1)
    assert (found(card, taken=(one,))[0].starts_at, found(card, taken=(one,))[0].lane) == (at(9), 1)
    assert found(card, taken=(one, two))[0].starts_at == at(10)


def test_notice_closed_days_and_past() -> None:
    """Two hours of notice count from now; a closed date and a Sunday open nothing, listed slots included."""
    assert hours(found(a_card(), now=at(12, 30)))[0] == "10 15:00"
    assert found(a_card(), now=at(20)) == []
    holiday = date(2026, 9, 7)
    listed = (Opening("centro", datetime(2026, 9, 7, 12, 0, tzinfo=UTC), 1),)
    assert found(a_card(), listed=listed, wish=Wish("limpeza", None, holiday, holiday)) == []
    assert found(a_card(), wish=Wish("limpeza", None, date(2026, 8, 16), date(2026, 8, 16))) == []


@pytest.mark.parametrize(("period", "expected"), [("manha", 3), ("tarde", 2), ("noite", 0), (None, 5)])
def test_periods_of_the_day(period: str | None, expected: int) -> None:
    """Morning ends at noon, the evening begins at six."""
    assert len(found(a_card(), wish=Wish("limpeza", "centro", MONDAY, MONDAY, period))) == expected


def test_a_listed_slot_is_open_where_the_business_listed_it() -> None:
    """It may end after closing time, and stands beside what was imported as under way; a booking inside it counts."""
    listed = (Opening("palmeiras", at(19, 20), 7),)
    assert found(a_card(""), listed=listed)[0].slot_id == 7
    under_way = Taken("palmeiras", at(19), at(19, 40), imported=True)
    assert found(a_card(""), listed=listed, taken=(under_way,))[0].lane == 1
    assert found(a_card(""), listed=listed, taken=(Taken("palmeiras", at(19), at(19, 40)),)) == []
    assert found(a_card(""), listed=listed, taken=(Taken("palmeiras", at(19, 40), at(20), imported=True),)) == []


def test_a_listed_slot_and_the_grade_are_told_once() -> None:
    """Both open nine o'clock: one slot."""
    assert hours(found(a_card(), listed=(Opening("centro", at(9), 1),)))[:2] == ["10 09:00", "10 10:00"]


def test_an_hour_that_the_clocks_skip_is_no_slot() -> None:
    """On the night of the change there is no half past midnight; on the other one each hour comes once."""
    night = '\n[agenda.grade.centro]\ndom = "00:00-04:00"\npasso_min = 30\n'
    card = a_card(night, "America/Santiago")
    spring, autumn = date(2026, 9, 6), date(2026, 4, 5)
    wish = Wish("retorno", "centro", spring, spring)
    slots = found(card, wish=wish)
    local = [f"{slot.starts_at.astimezone(card.identity.timezone):%H:%M}" for slot in slots]
    assert local == ["01:00", "01:30", "02:00", "02:30", "03:00", "03:30"]
    long_night = found(card, wish=Wish("retorno", "centro", autumn, autumn), now=datetime(2026, 4, 1, tzinfo=UTC))
    assert len({slot.starts_at for slot in long_night}) == len(long_night) == 8


@given(st.lists(st.tuples(st.integers(0, 600), st.integers(5, 120)), max_size=8))
def test_whatever_is_booked_no_free_slot_overlaps_it(bookings: list[tuple[int, int]]) -> None:
    """One seat: a free slot and a booking never share a minute."""
    card = a_card()
    taken = tuple(
        Taken("centro", at(8) + timedelta(minutes=start), at(8) + timedelta(minutes=start + length), lane=number)
        for number, (start, length) in enumerate(bookings)
    )
    for slot in found(card, taken=taken):
        assert all(one.ends_at <= slot.starts_at or slot.ends_at <= one.starts_at for one in taken)


def test_somebody_is_there_by_the_hours_the_grade_and_the_closed_dates() -> None:
    """The grade wins over the hours where there is one; a closed date wins over both."""
    card = a_card()
    written = {
        day: [f"{span.opens:%H:%M}-{span.closes:%H:%M}" for span in spans_of(card, "centro", day)]
        for day in (MONDAY, date(2026, 8, 15), date(2026, 8, 16), date(2026, 9, 7))
    }
    assert list(written.values()) == [["09:00-12:00", "14:00-16:00"], ["08:00-12:00"], [], []]
    assert [span.opens.hour for span in spans_of(card, "palmeiras", MONDAY)] == [9]
