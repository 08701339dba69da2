"""A send in doubt is looked for: found, it is sent; shown for two minutes to be absent, it is sent once more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from secretaria import metrics
from secretaria.conversations.store import bind_echo
from secretaria.database.transaction import transaction
from secretaria.outbox.delivery import DispatchRoom, deliver_item
from secretaria.outbox.reconcile import ReconcileRoom, reconcile_item
from secretaria.queue.jobs import DELIVER_ITEM, RECONCILE_ITEM
from secretaria.replies.sweep import sweep
from secretaria.settings import Flavour
from secretaria.whaticket.panel import Ticket
from tests.answering import BUBBLES, FIRST, SECOND, OpenDispatch, OpenWhaticket, Scene, WhaticketSite, captured_lines
from tests.builders import NUMBER, rows

LOOKS = [3, 10, 30, 60, 120]


@pytest.fixture
def looking(answered: Scene, whaticket: WhaticketSite) -> Iterator[ReconcileRoom]:
    """Look at the community edition."""
    with closing(whaticket.panel()) as panel:
        yield ReconcileRoom(answered.engine, answered.nudges, answered.clock, "community", panel)


def live(scene: Scene, room: ReconcileRoom, seconds: int, step: int = 1) -> list[int]:
    """Let seconds pass with a sweep now and then, and run the looks it nudges; return when there were some."""
    looked = []
    for second in range(step, seconds + 1, step):
        scene.nudges.published.clear()
        scene.sweep(step)
        if scene.nudges.of(RECONCILE_ITEM):
            looked.append(second)
        for nudge in scene.nudges.of(RECONCILE_ITEM):
            reconcile_item(room, int(nudge.identifier))
    return looked


@pytest.mark.parametrize("fault", ["hang_after_send", "reset_after_send", "400_after_send"])
def test_message_that_left_is_found(
    answered: Scene, dispatch: DispatchRoom, whaticket: WhaticketSite, looking: ReconcileRoom, fault: str
) -> None:
    """The first look, three seconds later, finds it: sent, its id is known, and the next bubble may go."""
    before = metrics.SENDS_CONFIRMED.labels(by="readback")._value.get()  # noqa: SLF001  # there is no other way
    whaticket.faults.fail_next(fault)
    deliver_item(dispatch, FIRST)
    assert live(answered, looking, 3) == [3]
    item = answered.item()
    assert (item["state"], item["confirmed_by"], item["reason"]) == ("sent", "readback", None)
    assert item["provider_message_id"] == whaticket.ledger.sent()[0].message_id
    assert (item["look_at"], item["lease_until"], item["attempts"]) == (None, None, 1)
    assert answered.item_states() == ["sent", "pending"]
    assert [nudge.identifier for nudge in answered.nudges.of(DELIVER_ITEM)] == [str(SECOND)]
    assert metrics.SENDS_CONFIRMED.labels(by="readback")._value.get() == before + 1  # noqa: SLF001  # as above
    deliver_item(dispatch, SECOND)
    assert whaticket.bodies() == BUBBLES


@pytest.mark.parametrize(("shown_after", "looks"), [(5, 2), (29, 3), (45, 4), (100, 5)])
def test_message_shown_late_is_found(
    answered: Scene,
    dispatch: DispatchRoom,
    whaticket: WhaticketSite,
    looking: ReconcileRoom,
    *,
    shown_after: float,
    looks: int,
) -> None:
    """Whaticket may take its time to show what it sent: the looks become rarer, and nothing is sent again."""
    whaticket.faults.shown_after_seconds = shown_after
    whaticket.faults.fail_next("400_after_send")
    deliver_item(dispatch, FIRST)
    assert live(answered, looking, 130) == LOOKS[:looks]
    assert answered.item_states()[0] == "sent"
    assert whaticket.bodies() == BUBBLES[:1]


def test_message_that_did_not_leave_is_sent_once_more(
    answered: Scene, dispatch: DispatchRoom, whaticket: WhaticketSite, looking: ReconcileRoom
) -> None:
    """After five looks in two minutes it is absent, sent again, and reaches the customer once."""
    whaticket.faults.fail_next("hang")
    deliver_item(dispatch, FIRST)
    assert live(answered, looking, 119) == LOOKS[:4]
    assert answered.item_states() == ["unconfirmed", "pending"]
    assert live(answered, looking, 1) == [1]
    item = answered.item()
    assert (item["state"], item["reason"], item["looks"], item["attempts"]) == ("pending", "absent", 5, 1)
    assert [nudge.identifier for nudge in answered.nudges.of(DELIVER_ITEM)] == [str(FIRST)]
    deliver_item(dispatch, FIRST)
    assert (answered.item()["state"], answered.item()["attempts"]) == ("sent", 2)
    assert whaticket.bodies() == BUBBLES[:1]


def test_owner_may_want_no_repetition(
    answered: Scene, dispatch: DispatchRoom, whaticket: WhaticketSite, looking: ReconcileRoom
) -> None:
    """Where Whaticket shows its sends late, even what is absent goes to a person, and nothing is sent twice."""
    whaticket.faults.shown_after_seconds = 200
    whaticket.faults.fail_next("400_after_send")
    deliver_item(dispatch, FIRST)
    live(answered, replace(looking, policy="hold_all"), 121)
    assert (answered.item()["state"], answered.item()["reason"]) == ("held", "absent")
    assert whaticket.bodies() == BUBBLES[:1]


def test_worker_that_dies_while_it_looks_costs_half_a_minute(
    answered: Scene,
    dispatch: DispatchRoom,
    whaticket: WhaticketSite,
    looking: ReconcileRoom,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another worker looks again after thirty seconds, and finds what had left."""

    class Killed(BaseException):
        """The process is gone."""

    def die(_: str) -> list[Ticket]:
        raise Killed

    whaticket.faults.fail_next("400_after_send")
    deliver_item(dispatch, FIRST)
    answered.clock.advance(3)
    assert looking.panel is not None
    with monkeypatch.context() as patch:
        patch.setattr(looking.panel, "find_tickets", die)
        with pytest.raises(Killed):
            reconcile_item(looking, FIRST)
    assert live(answered, looking, 29) == []
    assert live(answered, looking, 1) == [1]
    assert answered.item()["state"] == "sent"


def test_second_absence_is_for_a_person(
    answered: Scene, dispatch: DispatchRoom, whaticket: WhaticketSite, looking: ReconcileRoom
) -> None:
    """What was lost twice is not tried a third time: a person decides, and the next bubble goes on."""
    whaticket.faults.fail_next("hang", times=2)
    before = metrics.SENDS_HELD._value.get()  # noqa: SLF001  # there is no other way to read one
    for _ in range(2):
        deliver_item(dispatch, FIRST)
        with captured_lines() as lines:
            live(answered, looking, 120, step=10)
    assert answered.item_states() == ["held", "pending"]
    assert "ERROR" in [line["level"].name for line in lines if line["message"] == "doubt_settled"]
    assert metrics.SENDS_HELD._value.get() == before + 1  # noqa: SLF001  # as above
    deliver_item(dispatch, SECOND)
    assert whaticket.bodies() == BUBBLES[1:]


def test_first_copy_counts_after_the_second_attempt(
    answered: Scene, dispatch: DispatchRoom, whaticket: WhaticketSite, looking: ReconcileRoom
) -> None:
    """A first copy that shows after the second attempt is found by it: no third one is made."""
    whaticket.faults.shown_after_seconds = 125
    whaticket.faults.fail_next("400_after_send")
    deliver_item(dispatch, FIRST)
    live(answered, looking, 120, step=10)
    whaticket.faults.fail_next("hang")
    deliver_item(dispatch, FIRST)
    live(answered, looking, 10)
    assert answered.item_states()[0] == "sent"
    assert whaticket.bodies() == BUBBLES[:1]


def test_look_counts_only_if_whaticket_answers(
    answered: Scene, dispatch: DispatchRoom, whaticket: WhaticketSite, looking: ReconcileRoom
) -> None:
    """While Whaticket is away nothing is proved: absence needs three looks that were answered."""
    whaticket.faults.fail_next("hang")
    deliver_item(dispatch, FIRST)
    site = replace(whaticket, url="http://127.0.0.1:1")
    with closing(site.panel()) as nobody:
        live(answered, replace(looking, panel=nobody), 125, step=5)
    assert (answered.item()["state"], answered.item()["looks"]) == ("unconfirmed", 0)
    assert len(live(answered, looking, 40)) == 3
    assert answered.item_states()[0] == "pending"


def test_whaticket_that_stays_away_leaves_it_to_a_person(
    answered: Scene, dispatch: DispatchRoom, whaticket: WhaticketSite, looking: ReconcileRoom
) -> None:
    """After ten minutes without any proof the doubt is held."""
    whaticket.faults.fail_next("hang_after_send")
    deliver_item(dispatch, FIRST)
    with closing(replace(whaticket, url="http://127.0.0.1:1").panel()) as nobody:
        live(answered, replace(looking, panel=nobody), 620, step=20)
    assert answered.item_states() == ["held", "pending"]
    assert whaticket.bodies() == BUBBLES[:1]


def test_old_reply_is_not_sent_again(
    answered: Scene, dispatch: DispatchRoom, whaticket: WhaticketSite, looking: ReconcileRoom
) -> None:
    """A reply older than ten minutes would come out of the blue: absent, it is for a person."""
    answered.clock.advance(9 * 60)
    whaticket.faults.fail_next("hang")
    deliver_item(dispatch, FIRST)
    live(answered, looking, 120, step=10)
    assert answered.item_states()[0] == "held"


def test_vanished_worker_is_looked_after(
    answered: Scene, owner: Engine, dispatch: DispatchRoom, looking: ReconcileRoom
) -> None:
    """A worker killed after the send: its lease ends, the look finds the message, the customer gets the next one."""
    deliver_item(dispatch, FIRST)
    lost = {"state": "sending", "lease_until": answered.clock.now() + timedelta(seconds=45), "sent_at": None}
    with owner.begin() as other:  # what the row says when the worker dies before it writes the outcome
        other.exec_driver_sql("ALTER TABLE outbox_item DISABLE TRIGGER USER")
    answered.change("outbox_item", FIRST, **lost)
    answered.change("delivery_attempt", 1, outcome="", ended_at=None)
    with owner.begin() as other:
        other.exec_driver_sql("ALTER TABLE outbox_item ENABLE TRIGGER USER")
    assert live(answered, looking, 60) == [49]
    assert (answered.item()["state"], answered.item()["confirmed_by"]) == ("sent", "readback")


@pytest.mark.parametrize("seconds", [1, 5])
def test_same_words_of_an_earlier_reply_are_not_taken_for_it(
    answered: Scene, dispatch: DispatchRoom, whaticket: WhaticketSite, looking: ReconcileRoom, seconds: int
) -> None:
    """A copy older than the customer's last message, whose id both sides know, belongs to another reply."""
    whaticket.book.receive(NUMBER, "qnt ta a limpeza?")
    whaticket.book.store_sent(whaticket.book.tickets()[0], BUBBLES[0], stored=True, shown_after=timedelta(0))
    answered.clock.advance(seconds)
    whaticket.book.receive(NUMBER, "e aí?", message_id="3EB0000000000001")
    answered.change("message", 1, provider_message_id="3EB0000000000001")
    whaticket.faults.fail_next("hang")
    deliver_item(dispatch, FIRST)
    live(answered, looking, 110, step=10)
    assert answered.item_states()[0] == "unconfirmed"
    live(answered, looking, 10, step=10)
    assert answered.item_states()[0] == "pending"


def test_clocks_are_not_compared(
    answered: Scene, dispatch: DispatchRoom, whaticket: WhaticketSite, looking: ReconcileRoom
) -> None:
    """With a message that both sides know, an hour between our clock and Whaticket's does not hide the copy."""
    whaticket.book.receive(NUMBER, "qnt ta a limpeza?", message_id="3EB0000000000001")
    whaticket.faults.fail_next("400_after_send")
    deliver_item(dispatch, FIRST)
    hour = timedelta(hours=1)
    for table, column in (("message", "received_at"), ("delivery_attempt", "started_at")):
        answered.change(table, 1, **{column: rows(answered.engine, table)[0][column] + hour})
    live(answered, looking, 3)
    assert answered.item_states()[0] == "sent"


def test_two_bubbles_with_the_same_words_are_told_apart(
    answered: Scene, dispatch: DispatchRoom, whaticket: WhaticketSite, looking: ReconcileRoom
) -> None:
    """The copy of a bubble that surely arrived does not stand for another with the same words."""
    answered.change("outbox_item", SECOND, body=BUBBLES[0])
    deliver_item(dispatch, FIRST)
    answered.clock.advance(2)
    whaticket.faults.fail_next("hang")
    deliver_item(dispatch, SECOND)
    live(answered, looking, 10)
    assert answered.item_states() == ["sent", "unconfirmed"]


def test_what_a_person_wrote_is_not_taken_for_it(
    answered: Scene, dispatch: DispatchRoom, whaticket: WhaticketSite, looking: ReconcileRoom
) -> None:
    """An own message that is known to be a person's is bound to that person."""
    whaticket.faults.fail_next("hang")
    deliver_item(dispatch, FIRST)
    written = whaticket.book.store_sent(
        whaticket.book.receive(NUMBER, "oi"), BUBBLES[0], stored=True, shown_after=timedelta(0)
    )
    answered.person_writes("Bom dia")
    (person,) = [one for one in rows(answered.engine, "message") if one["author"] == "attendant"]
    answered.change("message", person["id"], provider_message_id=written.id)
    live(answered, looking, 30)
    assert answered.item()["state"] == "unconfirmed"


def test_many_messages_since_are_read_page_by_page(
    answered: Scene, dispatch: DispatchRoom, whaticket: WhaticketSite, looking: ReconcileRoom
) -> None:
    """A copy behind fifty newer messages is found; an older ticket of the person is not opened for it."""
    closed = whaticket.book.receive(NUMBER, "ontem")
    whaticket.book.change(closed, {"status": "closed"})
    answered.clock.advance(24 * 3600)
    answered.change("outbox_item", FIRST, created_at=answered.clock.now())
    whaticket.faults.fail_next("400_after_send")
    deliver_item(dispatch, FIRST)
    for _ in range(50):
        whaticket.book.receive(NUMBER, "?")
    live(answered, looking, 3)
    assert answered.item_states()[0] == "sent"
    assert whaticket.book.seen == [2, 2, 2]


def test_echo_confirms(answered: Scene, dispatch: DispatchRoom, whaticket: WhaticketSite) -> None:
    """Once filing has seen our own message, the doubt ends without any look; so does one held for a person."""
    for state, seconds in (("unconfirmed", 0), ("held", 601)):
        identifier = FIRST if state == "unconfirmed" else SECOND
        whaticket.faults.fail_next("400_after_send")
        answered.clock.advance(1)
        deliver_item(dispatch, identifier)
        answered.sweep(seconds)
        item = answered.item(identifier)
        assert item["state"] == state
        with transaction(answered.engine) as session:
            assert bind_echo(
                session,
                1,
                text=item["body"],
                provider_message_id=f"3EB0FF{identifier}",
                since=item["created_at"],
            )
            assert not bind_echo(session, 1, text="Oi, Renata", provider_message_id="3EB0EE", since=item["created_at"])
        answered.sweep()
        item = answered.item(identifier)
        assert (item["state"], item["confirmed_by"], item["provider_message_id"]) == (
            "sent",
            "echo",
            f"3EB0FF{identifier}",
        )
    assert answered.item_states() == ["sent", "sent"]


def test_queueing_edition_proves_no_absence(
    answered: Scene, open_whaticket: OpenWhaticket, open_dispatch: OpenDispatch
) -> None:
    """Where Whaticket only queues, a copy that shows confirms; one that does not show is never sent again by itself."""
    site = open_whaticket("ticketz")
    room = open_dispatch(site)
    with closing(site.panel()) as panel:
        looking = ReconcileRoom(answered.engine, answered.nudges, answered.clock, "ticketz", panel)
        site.faults.fail_next("hang")
        deliver_item(room, FIRST)
        live(answered, looking, 200, step=10)
        assert answered.item_states()[0] == "unconfirmed"
        answered.sweep(401)
        assert answered.item_states()[0] == "held"
        site.faults.fail_next("500_after_send")
        deliver_item(room, SECOND)
        live(answered, looking, 3)
        assert answered.item_states() == ["held", "sent"]


@pytest.mark.parametrize("flavour", ["community", "ticketz"])
def test_owner_may_prefer_a_double_to_a_silence(
    answered: Scene, open_whaticket: OpenWhaticket, open_dispatch: OpenDispatch, flavour: Flavour
) -> None:
    """Without any way to look, ``resend_once`` sends it once more after ten minutes, and then a person has it."""
    site = open_whaticket(flavour)
    room = open_dispatch(site)
    blind = ReconcileRoom(answered.engine, answered.nudges, answered.clock, flavour, None)
    site.faults.fail_next("hang", times=2)
    for state in ("pending", "held"):
        deliver_item(room, FIRST)
        assert live(answered, blind, 130, step=10) == [10]
        answered.clock.advance(471)
        sweep(answered.engine, answered.nudges, answered.clock, "resend_once")
        assert answered.item_states()[0] == state
    assert answered.item()["attempts"] == 2


def test_look_that_is_not_due_asks_nothing(
    answered: Scene, dispatch: DispatchRoom, whaticket: WhaticketSite, looking: ReconcileRoom
) -> None:
    """A nudge that comes early, twice, or for what is settled shows the customer no "seen"."""
    whaticket.faults.fail_next("400_after_send")
    deliver_item(dispatch, FIRST)
    reconcile_item(looking, FIRST)
    reconcile_item(looking, SECOND)
    assert whaticket.book.seen == []
    answered.clock.advance(3)
    reconcile_item(looking, FIRST)
    reconcile_item(looking, FIRST)
    assert whaticket.book.seen == [1]


def test_doubt_settled_meanwhile_is_left_alone(
    answered: Scene, dispatch: DispatchRoom, whaticket: WhaticketSite, looking: ReconcileRoom
) -> None:
    """What an operator decided while Whaticket was being asked stands."""
    whaticket.faults.fail_next("400_after_send")
    deliver_item(dispatch, FIRST)
    answered.clock.advance(3)
    panel = whaticket.panel()
    find = panel.find_tickets

    def decide(number: str) -> object:
        answered.change("outbox_item", FIRST, state="dead")
        return find(number)

    panel.find_tickets = decide  # type: ignore[method-assign,assignment]  # something happens during the look
    with closing(panel), captured_lines() as lines:
        reconcile_item(replace(looking, panel=panel), FIRST)
    assert answered.item()["state"] == "dead"
    assert [line["message"] for line in lines] == ["look_fenced"]
