"""Two customers for one slot: the database refuses one, and nothing is written for them by halves or twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from secretaria.agenda.booking import By, SlotTaken, execute_change
from secretaria.agenda.models import Action, Booking, BookingChange, Source
from secretaria.agenda.offers import Change
from secretaria.database.transaction import transaction
from secretaria.knowledge.business import parse_card
from secretaria.tools.desk import AgendaPlan
from secretaria.tools.running import execute_plan
from tests.agenda_counter import CARD_TEXT, MONDAY, Counter
from tests.builders import rows

FIRST, SECOND = "5520900000201", "5520900000202"
OFFERED = "Tenho amanhã às 19h em Palmeiras. Pode ser?"
SEATS = "\n[agenda.grade.centro]\nvagas = 2\n"


def agreed(clinic: Counter, number: str) -> tuple[AgendaPlan, int]:
    """Bring a customer to a yes for the same slot; return the plan and its turn."""
    clinic.serve("horarios", "tem limpeza amanhã?", bubbles=[OFFERED], number=number, kind="limpeza", date="2026-08-11")
    result = clinic.ask("agendar", "pode ser às 19h", number=number, date="2026-08-11", time="19:00")
    assert isinstance(result.plan, AgendaPlan), result.told
    return result.plan, clinic.turn_id


def together(*writes: Callable[[], None]) -> list[str]:
    """Run writes at the same moment, each in its own thread; return how each ended."""
    barrier = threading.Barrier(len(writes))

    def run(write: Callable[[], None]) -> str:
        barrier.wait()
        try:
            write()
        except SlotTaken:
            return "taken"
        return "written"

    with ThreadPoolExecutor(len(writes)) as pool:
        return sorted(pool.map(run, writes))


def test_of_two_customers_one_gets_the_slot(clinic: Counter) -> None:
    """Both agreed to it and both replies are settled at once: one is written, the other must be drafted anew."""
    plans = [agreed(clinic, number)[0] for number in (FIRST, SECOND)]

    def settle(plan: AgendaPlan) -> Callable[[], None]:
        def write() -> None:
            with transaction(clinic.engine) as session:
                execute_plan(session, plan, clinic.now)

        return write

    assert together(*map(settle, plans)) == ["taken", "written"]
    assert clinic.newest() == ("limpeza", "palmeiras", "2026-08-11 19:00", "booked")
    assert len(clinic.bookings()) == 6


def a_booking(number: int, *, unit: str = "centro", lane: int = 0, minutes: int = 0) -> Booking:
    """Build a booking by hand, past every rule of the program."""
    begins = datetime(2026, 8, 20, 12, 40, tzinfo=UTC) + timedelta(minutes=minutes)
    return Booking(
        code=f"X-{number}",
        kind="limpeza",
        unit=unit,
        lane=lane,
        starts_at=begins,
        ends_at=begins + timedelta(minutes=50),
        source=Source.OPERATOR,
        arranged_at=begins,
        created_at=begins,
    )


def test_the_database_itself_refuses_an_overlap(clinic: Counter) -> None:
    """Without any lock or look of ours, one seat of one unit holds one booking at a time; the next minute is free."""
    with transaction(clinic.engine) as session:
        session.add_all([a_booking(1), a_booking(2, minutes=50), a_booking(3, lane=1), a_booking(4, unit="palmeiras")])
    with pytest.raises(IntegrityError, match="booking_one_a_seat"), transaction(clinic.engine) as session:
        session.add(a_booking(5, minutes=49))


def test_a_seat_more_lets_two_in_and_refuses_the_third(clinic: Counter) -> None:
    """A unit with two seats takes two at once."""
    clinic.card = parse_card(CARD_TEXT + SEATS, "negocio.toml")
    assert clinic.card.agenda is not None
    agenda, begins = clinic.card.agenda, datetime(2026, 8, 19, 17, 0, tzinfo=UTC)
    change = Change(Action.BOOK, "limpeza", "centro", begins, begins + timedelta(minutes=50))

    def write() -> None:
        with transaction(clinic.engine) as session:
            execute_change(session, agenda, change, By("maria@balcao"), clinic.now)

    assert together(write, write, write) == ["taken", "written", "written"]
    assert {one["lane"] for one in clinic.bookings()[-2:]} == {0, 1}


def test_a_turn_writes_once_however_often_it_runs(clinic: Counter) -> None:
    """The same plan again, even at the same moment, books nothing more."""
    plan, _ = agreed(clinic, FIRST)
    for _ in range(2):
        with transaction(clinic.engine) as session:
            execute_plan(session, plan, clinic.now)
    assert len(clinic.bookings()) == 6
    assert [change["action"] for change in rows(clinic.engine, "booking_change")][-2:] == ["book", "book"]
    assert rows(clinic.engine, "booking_change")[-1]["turn_id"] == plan.turn_id


def test_a_reply_that_is_not_written_books_nothing(clinic: Counter) -> None:
    """The gate refuses after the plan was executed: booking, history and offers roll back with the reply."""
    plan, turn = agreed(clinic, FIRST)

    def settle_and_fail() -> None:
        with transaction(clinic.engine) as session:
            execute_plan(session, plan, clinic.now)
            raise KeyError(turn)

    with pytest.raises(KeyError):
        settle_and_fail()
    assert len(clinic.bookings()) == 5


def test_what_was_cancelled_frees_its_time(clinic: Counter) -> None:
    """A cancelled booking blocks neither its slot nor its seat."""
    plan, _ = agreed(clinic, FIRST)
    with transaction(clinic.engine) as session:
        execute_plan(session, plan, clinic.now)
    assert "19:00" not in clinic.ask("horarios", "e terça?", number=SECOND, date="2026-08-11").told
    clinic.serve("cancelar", "não vou poder ir", number=FIRST)
    assert clinic.newest()[3] == "cancelled"
    assert "19:00" in clinic.ask("horarios", "e terça?", number=SECOND, date="2026-08-11").told


def test_a_move_frees_the_old_time_and_keeps_the_code(clinic: Counter) -> None:
    """The history tells from where; the old slot is offered again."""
    plan, _ = agreed(clinic, FIRST)
    with transaction(clinic.engine) as session:
        execute_plan(session, plan, clinic.now)
    code = clinic.bookings()[-1]["code"]
    clinic.serve("remarcar", "da pra quinta?", bubbles=["Quinta às 16h40?"], number=FIRST, date="2026-08-13")
    moved = clinic.serve("remarcar", "pode", number=FIRST, date="2026-08-13", time="16:40")
    assert moved.actions == ("rebooked",)
    assert clinic.booking(code)["starts_at"] == datetime(2026, 8, 13, 19, 40, tzinfo=UTC)
    change = rows(clinic.engine, "booking_change")[-1]
    assert (change["action"], change["moved_from"]) == ("move", datetime(2026, 8, 11, 22, 0, tzinfo=UTC))
    assert "19:00" in clinic.ask("horarios", "e terça?", number=SECOND, date="2026-08-11").told


def test_history_is_only_added_to(clinic: Counter) -> None:
    """The database refuses to change what was once written of a booking."""
    forge = update(BookingChange).values(by="ninguem")
    with pytest.raises(IntegrityError, match="only added to"), transaction(clinic.engine) as session:
        session.execute(forge)


def test_a_booking_that_was_cancelled_meanwhile_is_not_moved(clinic: Counter) -> None:
    """The customer's own second phone was quicker."""
    plan, _ = agreed(clinic, FIRST)
    with transaction(clinic.engine) as session:
        execute_plan(session, plan, clinic.now)
    code = clinic.bookings()[-1]["code"]
    turns = []
    for _ in range(2):
        clinic.ask("horarios", "oi", number=FIRST)
        turns.append(clinic.turn_id)
    move = replace(plan, change=replace(plan.change, action=Action.MOVE, booking=code), turn_id=turns[0])
    cancel = replace(move, change=replace(move.change, action=Action.CANCEL), turn_id=turns[1])
    with transaction(clinic.engine) as session:
        execute_plan(session, cancel, MONDAY)
    with pytest.raises(SlotTaken), transaction(clinic.engine) as session:
        execute_plan(session, move, MONDAY)
