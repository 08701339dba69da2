"""A ticket is handed to people at Whaticket after the bubbles that announce it, whatever its API says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from secretaria.database.transaction import transaction
from secretaria.outbox import store
from secretaria.outbox.delivery import DispatchRoom, deliver_item
from secretaria.outbox.reconcile import ReconcileRoom, reconcile_item
from secretaria.queue.jobs import DELIVER_ITEM
from tests.answering import BUBBLES, FIRST, SECOND, Scene, WhaticketSite, captured_lines
from tests.builders import NUMBER, Nudge, rows

DEPARTMENT = 4
TRANSFER = 3
BRIEF = "Juliana quer marcar limpeza."


@pytest.fixture
def handing(answered: Scene, dispatch: DispatchRoom, whaticket: WhaticketSite) -> Iterator[DispatchRoom]:
    """Two bubbles and the transfer behind them wait; the customer's ticket is open with the secretary's user."""
    place(answered.engine, answered)
    whaticket.book.receive(NUMBER, "quero marcar")
    with closing(whaticket.panel()) as panel:
        yield replace(dispatch, panel=panel, department_id=DEPARTMENT)


def place(engine: Engine, scene: Scene) -> None:
    """Place the transfer as settling does."""
    first = scene.item()
    with transaction(engine) as session:
        store.place_transfer(
            session,
            conversation_id=1,
            turn_id=1,
            correlation_id=first["correlation_id"],
            position=2,
            number=NUMBER,
            brief=BRIEF,
            inbound_seq=1,
            now=scene.clock.now(),
        )


def say_both(scene: Scene, room: DispatchRoom) -> None:
    """Send the two bubbles."""
    deliver_item(room, FIRST)
    scene.clock.advance(1)
    deliver_item(room, SECOND)


def ticket(site: WhaticketSite) -> tuple[str, int | None, int | None]:
    """Return how the customer's first ticket stands."""
    found = site.book.ticket(1)
    assert found is not None
    return found.status, found.user_id, found.queue_id


def test_ticket_goes_to_the_department(answered: Scene, handing: DispatchRoom, whaticket: WhaticketSite) -> None:
    """After the last bubble, not before, the ticket waits in the queue with nobody, and nobody is told "seen"."""
    deliver_item(handing, TRANSFER)
    assert ticket(whaticket) == ("pending", None, None)
    say_both(answered, handing)
    assert answered.nudges.published[-1] == Nudge(DELIVER_ITEM, str(TRANSFER), 0.0)
    deliver_item(handing, TRANSFER)
    assert ticket(whaticket) == ("pending", None, DEPARTMENT)
    item = answered.item(TRANSFER)
    assert (item["state"], item["message_id"], item["reason"]) == ("sent", None, None)
    assert answered.conversation()["ticket_id"] == whaticket.book.tickets()[0].id
    assert whaticket.bodies() == BUBBLES
    assert whaticket.book.seen == []


def test_ticket_of_a_person_is_left_with_them(answered: Scene, handing: DispatchRoom, whaticket: WhaticketSite) -> None:
    """Whoever took the ticket at Whaticket meanwhile keeps it."""
    whaticket.book.change(whaticket.book.tickets()[0], {"status": "open", "userId": 7})
    say_both(answered, handing)
    deliver_item(handing, TRANSFER)
    assert ticket(whaticket) == ("open", 7, None)
    assert answered.item(TRANSFER)["state"] == "sent"


def test_newer_message_drops_bubbles_and_not_the_transfer(
    answered: Scene, handing: DispatchRoom, whaticket: WhaticketSite
) -> None:
    """A customer who writes on still needs the person."""
    deliver_item(handing, FIRST)
    answered.customer_writes("alô?")
    answered.clock.advance(1)
    deliver_item(handing, SECOND)
    assert answered.nudges.published[-1].identifier == str(TRANSFER)
    deliver_item(handing, TRANSFER)
    assert [item["state"] for item in rows(answered.engine, "outbox_item")] == ["sent", "superseded", "sent"]
    assert ticket(whaticket) == ("pending", None, DEPARTMENT)


def test_person_who_speaks_makes_it_needless(answered: Scene, handing: DispatchRoom, whaticket: WhaticketSite) -> None:
    """A person's word drops the transfer with everything else."""
    answered.person_writes()
    deliver_item(handing, FIRST)
    assert [item["state"] for item in rows(answered.engine, "outbox_item")] == ["superseded"] * 3
    assert ticket(whaticket) == ("pending", None, None)


def test_conflict_is_tried_again(answered: Scene, handing: DispatchRoom, whaticket: WhaticketSite) -> None:
    """A ticket that may not move now is tried again with a growing wait, and moves when it can."""
    say_both(answered, handing)
    panel = handing.panel
    assert panel is not None
    find = panel.find_tickets
    whaticket.book.change(whaticket.book.tickets()[0], {"status": "closed"})
    stale = find(NUMBER)
    whaticket.book.receive(NUMBER, "oi de novo")
    panel.find_tickets = lambda number: stale  # type: ignore[method-assign]  # noqa: ARG005  # a listing that is a moment old
    deliver_item(handing, TRANSFER)
    item = answered.item(TRANSFER)
    assert (item["state"], item["reason"], answered.item_wait(TRANSFER)) == ("pending", "ERR_OTHER_OPEN_TICKET", 2)
    panel.find_tickets = find  # type: ignore[method-assign]  # and now it is fresh
    answered.clock.advance(2)
    deliver_item(handing, TRANSFER)
    assert answered.item(TRANSFER)["state"] == "sent"
    assert [(one.status, one.queue_id) for one in whaticket.book.tickets()] == [
        ("pending", DEPARTMENT),
        ("closed", None),
    ]


def test_answer_is_checked_and_not_believed(answered: Scene, handing: DispatchRoom, whaticket: WhaticketSite) -> None:
    """A 200 with the ticket as it was is no hand-over."""
    say_both(answered, handing)
    change = whaticket.book.change
    whaticket.book.change = lambda *_: True  # type: ignore[method-assign]  # it says yes and does nothing
    deliver_item(handing, TRANSFER)
    assert (answered.item(TRANSFER)["state"], answered.item(TRANSFER)["reason"]) == ("pending", "ticket_not_moved")
    whaticket.book.change = change  # type: ignore[method-assign]  # well again


@pytest.mark.parametrize("missing", ["panel", "department", "ticket"])
def test_transfer_that_cannot_be_made_ends(
    answered: Scene, handing: DispatchRoom, whaticket: WhaticketSite, missing: str
) -> None:
    """Without login, department or ticket the transfer is dead with the reason; the conversation waits all the same."""
    say_both(answered, handing)
    room = {
        "panel": replace(handing, panel=None),
        "department": replace(handing, department_id=0),
        "ticket": handing,
    }[missing]
    if missing == "ticket":
        answered.change("outbox_item", TRANSFER, number="5520900000999")
    deliver_item(room, TRANSFER)
    reason = "no_ticket" if missing == "ticket" else "no_department"
    assert (answered.item(TRANSFER)["state"], answered.item(TRANSFER)["reason"]) == ("dead", reason)
    assert ticket(whaticket) == ("pending", None, None)


def test_wrong_login_rings_and_waits(answered: Scene, handing: DispatchRoom, whaticket: WhaticketSite) -> None:
    """A refused login is a matter for the owner; bubbles of other customers do not wait for it."""
    say_both(answered, handing)
    with closing(whaticket.panel(password="outra")) as closed, captured_lines() as lines:
        deliver_item(replace(handing, panel=closed), TRANSFER)
    assert (answered.item(TRANSFER)["state"], answered.item_wait(TRANSFER)) == ("pending", 60)
    assert [line["level"].name for line in lines] == ["ERROR"]


@pytest.mark.parametrize("moved", [True, False])
def test_transfer_of_a_vanished_worker_is_looked_at(
    answered: Scene, handing: DispatchRoom, whaticket: WhaticketSite, *, moved: bool
) -> None:
    """The ticket itself says whether it was handed over; if not, doing it again does no harm."""
    say_both(answered, handing)
    if moved:
        whaticket.book.change(whaticket.book.tickets()[0], {"queueId": DEPARTMENT})
    until = answered.clock.now() + timedelta(seconds=45)
    answered.change("outbox_item", TRANSFER, state="sending", lease_until=until, attempts=1)
    answered.sweep(46)
    answered.clock.advance(3)
    looking = ReconcileRoom(
        answered.engine, answered.nudges, answered.clock, "community", handing.panel, department_id=DEPARTMENT
    )
    reconcile_item(looking, TRANSFER)
    assert answered.item(TRANSFER)["state"] == ("sent" if moved else "pending")
    deliver_item(handing, TRANSFER)
    assert ticket(whaticket) == ("pending", None, DEPARTMENT)
