"""A send that may or may not have happened: never repeated, never in the way for long, never overwritten."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from secretaria.outbox.delivery import DispatchRoom, deliver_item
from secretaria.queue.jobs import DELIVER_ITEM
from secretaria.replies.answer import answer_turn
from secretaria.whaticket.gateway import Gateway, SendResult
from tests.answering import BUBBLES, DOUBTS, FIRST, PAUSE_SECONDS, SECOND, Scene, WhaticketSite, a_draft, captured_lines
from tests.builders import Nudge, rows
from tests.scripted_model import ScriptedModel, says


@dataclass
class Interrupted:
    """A way to Whaticket on which something happens after each send, before anybody reads the answer."""

    inner: Gateway
    after: list[Callable[[], object]] = field(default_factory=list)

    def send_text(self, number: str, body: str) -> SendResult:
        """Send, then let it happen."""
        result = self.inner.send_text(number, body)
        if self.after:
            self.after.pop(0)()
        return result

    def ping(self) -> None:
        """Pass on."""
        self.inner.ping()

    def close(self) -> None:
        """Pass on."""
        self.inner.close()


@pytest.mark.parametrize("fault", ["ERR_SENDING_WAPP_MSG", *DOUBTS])
def test_doubtful_send_is_never_repeated(
    answered: Scene, dispatch: DispatchRoom, whaticket: WhaticketSite, fault: str
) -> None:
    """Whatever may have left is in doubt at once and stays so; no nudge and no sweep sends it a second time."""
    whaticket.faults.fail_next(fault)
    deliver_item(dispatch, FIRST)
    assert answered.item_states() == ["unconfirmed", "pending"]
    assert answered.nudges.published == []
    physical = len(whaticket.bodies())
    assert physical == (1 if fault.endswith("_after_send") else 0)
    for _ in range(5):
        deliver_item(dispatch, FIRST)
        deliver_item(dispatch, SECOND)
        answered.sweep(100)
    assert len(whaticket.bodies()) == physical
    assert answered.item_states() == ["unconfirmed", "pending"]


def test_doubt_is_handed_to_a_person_and_the_rest_goes_on(
    answered: Scene, dispatch: DispatchRoom, whaticket: WhaticketSite
) -> None:
    """Ten minutes after the attempt a doubt is held, and only then the next bubble leaves."""
    whaticket.faults.fail_next("hang_after_send")
    deliver_item(dispatch, FIRST)
    answered.sweep(600)
    assert answered.item_states() == ["unconfirmed", "pending"]
    with captured_lines() as lines:
        answered.sweep(1)
    assert ("sends_held_for_a_person", "ERROR") in [(line["message"], line["level"].name) for line in lines]
    assert answered.item_states() == ["held", "pending"]
    assert answered.nudges.of(DELIVER_ITEM) == [Nudge(DELIVER_ITEM, str(SECOND), 0.0)]
    deliver_item(dispatch, SECOND)
    assert answered.item_states() == ["held", "sent"]
    assert whaticket.bodies() == BUBBLES


def test_one_bubble_of_a_number_is_in_flight(answered: Scene, dispatch: DispatchRoom, whaticket: WhaticketSite) -> None:
    """While the second bubble is on its way, a first one that an operator put back waits quietly for its end."""
    answered.change("outbox_item", FIRST, state="held")
    resend = Interrupted(dispatch.gateway)

    def operator_resends() -> None:
        answered.change("outbox_item", FIRST, state="pending")
        deliver_item(dispatch, FIRST)

    resend.after.append(operator_resends)
    deliver_item(replace(dispatch, gateway=resend), SECOND)
    assert whaticket.bodies() == BUBBLES[1:]
    assert answered.nudges.published == [Nudge(DELIVER_ITEM, str(FIRST), PAUSE_SECONDS)]
    answered.clock.advance(PAUSE_SECONDS)
    deliver_item(dispatch, FIRST)
    assert whaticket.bodies() == [BUBBLES[1], BUBBLES[0]]


def test_conversations_do_not_wait_for_each_other(
    answered: Scene, model: ScriptedModel, dispatch: DispatchRoom, whaticket: WhaticketSite
) -> None:
    """A bubble in doubt stops its own conversation only."""
    whaticket.faults.fail_next("hang")
    deliver_item(dispatch, FIRST)
    answered.customer_writes("oi", number="5520900000202")
    answered.quiet()
    model.endings.append(says(a_draft(bubbles=["Oi, Caio!"])))
    answer_turn(answered.room, 2)
    deliver_item(dispatch, 3)
    assert [(sent.number, sent.body) for sent in whaticket.ledger.sent()] == [("5520900000202", "Oi, Caio!")]


def test_vanished_worker_leaves_a_doubt(answered: Scene, dispatch: DispatchRoom, whaticket: WhaticketSite) -> None:
    """A worker killed after the send, before the answer was written: in doubt once its lease is over, never pending."""

    def die() -> None:
        raise SystemExit

    with pytest.raises(SystemExit):
        deliver_item(replace(dispatch, gateway=Interrupted(dispatch.gateway, [die])), FIRST)
    item = answered.item()
    assert (item["state"], item["lease_until"]) == ("sending", answered.clock.now() + timedelta(seconds=45))
    answered.sweep(45)
    deliver_item(dispatch, FIRST)
    assert answered.item()["state"] == "sending"
    answered.sweep(1)
    assert answered.item_states() == ["unconfirmed", "pending"]
    assert answered.item()["reason"] == "lease_expired"
    deliver_item(dispatch, FIRST)
    assert whaticket.bodies() == BUBBLES[:1]
    (attempt,) = rows(answered.engine, "delivery_attempt")
    assert (attempt["outcome"], attempt["ended_at"]) == ("", None)
    answered.sweep(601)
    assert answered.item_states() == ["held", "pending"]


def test_fault_of_ours_while_sending_is_a_doubt(answered: Scene, dispatch: DispatchRoom) -> None:
    """An unforeseen error between claim and result does not put the bubble back."""

    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        deliver_item(replace(dispatch, gateway=Interrupted(dispatch.gateway, [fail])), FIRST)
    answered.sweep(46)
    assert answered.item_states() == ["unconfirmed", "pending"]


def test_late_result_is_fenced(answered: Scene, dispatch: DispatchRoom, whaticket: WhaticketSite) -> None:
    """A worker that slept past its lease changes neither the doubt nor the bubble and nudges nobody; it says so."""
    slept = Interrupted(dispatch.gateway, [lambda: answered.sweep(46)])
    with captured_lines() as lines:
        deliver_item(replace(dispatch, gateway=slept), FIRST)
    assert answered.item_states() == ["unconfirmed", "pending"]
    item, (attempt,) = answered.item(), rows(answered.engine, "delivery_attempt")
    assert (item["reason"], item["sent_at"]) == ("lease_expired", None)
    assert attempt["outcome"] == "accepted"
    assert answered.nudges.published == []
    assert "delivery_fenced" in [line["message"] for line in lines]
    assert whaticket.bodies() == BUBBLES[:1]


def test_result_of_an_older_attempt_is_fenced(answered: Scene, dispatch: DispatchRoom) -> None:
    """A result that comes while another worker already sends the same bubble again does not speak for that one."""
    other = Interrupted(dispatch.gateway, [lambda: answered.change("outbox_item", FIRST, lease_token=99)])
    deliver_item(replace(dispatch, gateway=other), FIRST)
    assert (answered.item()["state"], answered.item()["lease_token"]) == ("sending", 99)
    assert answered.nudges.published == []
