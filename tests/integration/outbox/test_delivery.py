"""A bubble reaches the customer once, or is in doubt, or says why not; the ledger of the Whaticket is the oracle."""

from __future__ import annotations

import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
import stamina

from secretaria import metrics
from secretaria.outbox.delivery import DispatchRoom, deliver_item
from secretaria.queue.jobs import DELIVER_ITEM
from secretaria.replies.answer import answer_turn
from secretaria.replies.sweep import sweep
from secretaria.settings import Flavour
from secretaria.whaticket.gateway import Gateway, SendResult
from tests.answering import WHATICKET_TOKEN, Scene, ScriptedModel, WhaticketSite, a_draft, captured_lines, says
from tests.builders import NUMBER, Nudge, rows

FIRST, SECOND = 1, 2
BUBBLES = ["A limpeza custa R$ 180.", "Quer que eu peça um horário?"]
IN_DOUBT = [
    "ERR_SENDING_WAPP_MSG",
    "hang",
    "hang_after_send",
    "reset",
    "reset_after_send",
    "400_after_send",
    "html_502",
]

OpenWhaticket = Callable[..., WhaticketSite]
OpenDispatch = Callable[..., DispatchRoom]


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


@pytest.fixture
def answered(scene: Scene, model: ScriptedModel) -> Scene:
    """A turn was answered with two bubbles, which wait to be sent."""
    model.endings.append(says(a_draft(bubbles=BUBBLES)))
    scene.customer_writes("qnt ta a limpeza?")
    scene.quiet()
    answer_turn(scene.room, 1)
    scene.nudges.published.clear()
    return scene


@pytest.fixture
def dispatch(open_dispatch: OpenDispatch, whaticket: WhaticketSite) -> DispatchRoom:
    """Deliver to the community edition."""
    return open_dispatch(whaticket)


def _item(scene: Scene, identifier: int = FIRST) -> dict[str, Any]:
    return next(item for item in rows(scene.engine, "outbox_item") if item["id"] == identifier)


def _states(scene: Scene) -> list[str]:
    items, messages = rows(scene.engine, "outbox_item"), rows(scene.engine, "message")
    states = [item["state"] for item in items]
    assert [message["delivery"] for message in messages if message["author"] == "secretary"] == states
    return states


def _wait(scene: Scene) -> float:
    wait: timedelta = _item(scene)["not_before"] - scene.clock.now()
    return wait.total_seconds()


def _sweep(scene: Scene, seconds: float = 0.0) -> int:
    scene.clock.advance(seconds)
    return sweep(scene.engine, scene.nudges, scene.clock)


def test_accepted_bubble_is_sent_and_recorded(
    answered: Scene, dispatch: DispatchRoom, whaticket: WhaticketSite
) -> None:
    """One send, one attempt with its outcome, and the next bubble is nudged at once."""
    before = metrics.WHATICKET_SENT._value.get()  # noqa: SLF001  # prometheus_client has no other way to read one
    deliver_item(dispatch, FIRST)
    item, (attempt,) = _item(answered), rows(answered.engine, "delivery_attempt")
    assert (item["state"], item["sent_at"], item["attempts"]) == ("sent", answered.clock.now(), 1)
    assert (item["reason"], item["lease_until"]) == (None, None)
    assert (attempt["outcome"], attempt["status"], attempt["error"]) == ("accepted", 200, "")
    assert attempt["ended_at"] == answered.clock.now()
    assert [(sent.number, sent.body) for sent in whaticket.ledger.sent()] == [(NUMBER, BUBBLES[0])]
    assert _states(answered) == ["sent", "pending"]
    assert answered.nudges.published == [Nudge(DELIVER_ITEM, str(SECOND), 0.0)]
    assert metrics.WHATICKET_SENT._value.get() == before + 1  # noqa: SLF001  # as above


def test_bubbles_leave_in_order(answered: Scene, dispatch: DispatchRoom, whaticket: WhaticketSite) -> None:
    """The second bubble waits for the first, however it is nudged; no nudge is needed but the next one's."""
    deliver_item(dispatch, SECOND)
    assert whaticket.bodies() == []
    deliver_item(dispatch, FIRST)
    deliver_item(dispatch, SECOND)
    assert whaticket.bodies() == BUBBLES
    assert len(answered.nudges.published) == 1


@pytest.mark.parametrize(
    ("flavour", "fault", "state", "wait", "alert"),
    [
        ("community", "ERR_WAPP_CHECK_CONTACT", "pending", 15, True),
        ("community", "ERR_WAPP_NOT_INITIALIZED", "pending", 60, True),
        ("community", "ERR_NO_DEF_WAPP_FOUND", "pending", 60, True),
        ("community", "ERR_WAPP_INVALID_CONTACT", "dead", None, False),
        ("community", "ERR_NO_TICKET_FOUND", "unconfirmed", None, False),
        ("saas", "ERR_RATE_LIMIT_EXCEEDED", "pending", 52, False),
        ("saas", "ERR_COMPANY_DELINQUENT", "pending", 60, True),
        ("saas", "ERR_INVALID_API_TOKEN", "pending", 60, True),
        ("saas", "ERR_CHECK_NUMBER", "dead", None, False),
        ("saas", "ERR_WAPP_CHECK_CONTACT", "unconfirmed", None, False),
        ("saas", "500_after_send", "unconfirmed", None, False),
        ("ticketz", "ERR_SYNTAX", "dead", None, True),
        ("ticketz", "ERR_SUBSCRIPTION_EXPIRED", "pending", 60, True),
        ("ticketz", "ERR_WHATSAPP_NOT_FOUND", "pending", 60, True),
        ("ticketz", "ERR_INTERNAL_ERROR", "unconfirmed", None, False),
        ("ticketz", "500_after_send", "unconfirmed", None, False),
    ],
)
def test_failures_go_where_they_belong(
    answered: Scene,
    open_whaticket: OpenWhaticket,
    open_dispatch: OpenDispatch,
    *,
    flavour: Flavour,
    fault: str,
    state: str,
    wait: float | None,
    alert: bool,
) -> None:
    """What an edition answers decides: again later, never again, or in doubt; a person hears of it where one must."""
    site = open_whaticket(flavour)
    site.faults.fail_next(fault)
    with captured_lines() as lines:
        deliver_item(open_dispatch(site), FIRST)
    item, (attempt,) = _item(answered), rows(answered.engine, "delivery_attempt")
    assert item["state"] == state
    assert item["reason"] == attempt["error"] != ""
    assert attempt["status"] is not None
    if wait is not None:
        assert _wait(answered) == wait
        assert answered.nudges.published == [Nudge(DELIVER_ITEM, str(FIRST), wait)]
    (line,) = lines
    assert (line["message"], line["level"].name) == ("item_not_delivered", "ERROR" if alert else "WARNING")
    assert len(site.bodies()) == (1 if fault.endswith("_after_send") else 0)


@pytest.mark.parametrize("fault", IN_DOUBT)
def test_doubtful_send_is_never_repeated(
    answered: Scene, dispatch: DispatchRoom, whaticket: WhaticketSite, fault: str
) -> None:
    """Whatever may have left is in doubt at once and stays so; no nudge and no sweep sends it a second time."""
    whaticket.faults.fail_next(fault)
    deliver_item(dispatch, FIRST)
    assert _states(answered) == ["unconfirmed", "pending"]
    assert answered.nudges.published == []
    physical = len(whaticket.bodies())
    assert physical == (1 if fault.endswith("_after_send") else 0)
    for _ in range(5):
        deliver_item(dispatch, FIRST)
        deliver_item(dispatch, SECOND)
        _sweep(answered, 100)
    assert len(whaticket.bodies()) == physical
    assert _states(answered) == ["unconfirmed", "pending"]


def test_doubt_is_handed_to_a_person_and_the_rest_goes_on(
    answered: Scene, dispatch: DispatchRoom, whaticket: WhaticketSite
) -> None:
    """Ten minutes after the attempt a doubt is held, and only then the next bubble leaves."""
    whaticket.faults.fail_next("hang_after_send")
    deliver_item(dispatch, FIRST)
    _sweep(answered, 600)
    assert _states(answered) == ["unconfirmed", "pending"]
    _sweep(answered, 1)
    assert _states(answered) == ["held", "pending"]
    assert answered.nudges.published == [Nudge(DELIVER_ITEM, str(SECOND), 0.0)]
    deliver_item(dispatch, SECOND)
    assert _states(answered) == ["held", "sent"]
    assert whaticket.bodies() == BUBBLES


def test_refused_connection_backs_off(answered: Scene, open_dispatch: OpenDispatch, whaticket: WhaticketSite) -> None:
    """While nobody answers the waits grow, no try counts as an attempt, and half an hour later a person has it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        nobody = f"http://127.0.0.1:{listener.getsockname()[1]}"
    room = open_dispatch(whaticket, url=nobody)
    waits = []
    with stamina.set_testing(True):
        while _item(answered)["state"] == "pending":
            deliver_item(room, FIRST)
            waits.append(_wait(answered))
            answered.clock.advance(max(waits[-1], 0))
    assert waits[:6] == [2, 5, 15, 60, 300, 300]
    item, attempts = _item(answered), rows(answered.engine, "delivery_attempt")
    assert (item["state"], item["reason"], item["attempts"]) == ("held", "ConnectError", 1)
    assert len(attempts) == len(waits)
    assert {(attempt["outcome"], attempt["status"]) for attempt in attempts} == {("not_sent", None)}
    assert attempts[-1]["started_at"] - item["created_at"] >= timedelta(minutes=30)
    assert answered.nudges.published[-1] == Nudge(DELIVER_ITEM, str(SECOND), 0.0)


def test_backoff_ends_with_a_success(answered: Scene, dispatch: DispatchRoom, whaticket: WhaticketSite) -> None:
    """A bubble that had to wait is sent once when its time has come, and not a moment earlier."""
    whaticket.faults.fail_next("ERR_WAPP_CHECK_CONTACT")
    deliver_item(dispatch, FIRST)
    answered.clock.advance(14.9)
    deliver_item(dispatch, FIRST)
    assert whaticket.bodies() == []
    answered.clock.advance(0.1)
    deliver_item(dispatch, FIRST)
    item = _item(answered)
    assert (item["state"], item["reason"], item["attempts"]) == ("sent", None, 1)
    assert whaticket.bodies() == BUBBLES[:1]


def test_wrong_token_is_not_hammered(answered: Scene, open_dispatch: OpenDispatch, whaticket: WhaticketSite) -> None:
    """A refused token is tried once a minute with an alarm, not in a loop, and no try reaches a customer."""
    room = open_dispatch(whaticket, token="outra-ficha")
    with captured_lines() as lines:
        for _ in range(3):
            deliver_item(room, FIRST)
    assert len(rows(answered.engine, "delivery_attempt")) == 1
    assert (_item(answered)["state"], _wait(answered)) == ("pending", 60)
    assert [line["level"].name for line in lines] == ["ERROR"]
    answered.clock.advance(60)
    deliver_item(open_dispatch(whaticket), FIRST)
    assert whaticket.bodies() == BUBBLES[:1]


@pytest.mark.parametrize(
    ("flavour", "shown"),
    [
        ("community", "Oi { {name}}, { { {x}}}"),
        ("saas", "Oi { {name}}, { { {x}}}"),
        ("ticketz", "Oi {{name}}, {{{x}}}"),
    ],
)
def test_templates_are_defused(
    answered: Scene, open_whaticket: OpenWhaticket, open_dispatch: OpenDispatch, flavour: Flavour, shown: str
) -> None:
    """What looks like a template reaches the customer as it reads, in the editions that would fill it in."""
    site = open_whaticket(flavour)
    answered.change("outbox_item", FIRST, body="Oi {{name}}, {{{x}}}")
    deliver_item(open_dispatch(site), FIRST)
    assert site.bodies() == [shown]


def test_text_that_shows_nothing_is_dead(answered: Scene, dispatch: DispatchRoom, whaticket: WhaticketSite) -> None:
    """A bubble of marks alone would leave as an empty message: it does not leave, and the next one does."""
    answered.change("outbox_item", FIRST, body="\u200e\u200b")
    deliver_item(dispatch, FIRST)
    assert (_item(answered)["state"], _item(answered)["reason"]) == ("dead", "empty_text")
    deliver_item(dispatch, SECOND)
    assert whaticket.bodies() == BUBBLES[1:]


@pytest.mark.parametrize("mode", ["attended", "paused"])
def test_person_between_two_bubbles_wins(
    answered: Scene, dispatch: DispatchRoom, whaticket: WhaticketSite, mode: str
) -> None:
    """Who takes over after the first bubble is not talked over by the second: it is dropped, with the reason."""
    deliver_item(dispatch, FIRST)
    answered.change("conversation", 1, mode=mode)
    deliver_item(dispatch, SECOND)
    assert _states(answered) == ["sent", "superseded"]
    assert _item(answered, SECOND)["reason"] == f"conversation_{mode}"
    assert _item(answered, SECOND)["attempts"] == 0
    assert whaticket.bodies() == BUBBLES[:1]
    assert len(rows(answered.engine, "delivery_attempt")) == 1


def test_person_before_the_first_bubble_drops_both(
    answered: Scene, dispatch: DispatchRoom, whaticket: WhaticketSite
) -> None:
    """A word from the phone, filed before anything left, drops all that still waits."""
    answered.person_writes()
    deliver_item(dispatch, FIRST)
    assert _states(answered) == ["superseded", "superseded"]
    assert whaticket.bodies() == []


def test_waiting_conversation_is_still_told(
    scene: Scene, model: ScriptedModel, dispatch: DispatchRoom, whaticket: WhaticketSite
) -> None:
    """The sentence that announces the hand-off is sent although the conversation waits for a person by then."""
    model.endings.append(says(a_draft(handoff_needed=True, handoff_reason="agenda", bubbles=["Passei à equipe."])))
    scene.customer_writes("quero marcar")
    scene.quiet()
    answer_turn(scene.room, 1)
    deliver_item(dispatch, FIRST)
    assert whaticket.bodies() == ["Passei à equipe."]


def test_two_workers_send_once(answered: Scene, dispatch: DispatchRoom, whaticket: WhaticketSite) -> None:
    """Of workers with nudges for both bubbles at the same moment, one sends one bubble."""
    whaticket.faults.delay_seconds = 0.2
    together = Barrier(4)

    def work(identifier: int) -> None:
        together.wait()
        deliver_item(dispatch, identifier)

    with ThreadPoolExecutor(4) as pool:
        for future in [pool.submit(work, identifier) for identifier in (FIRST, FIRST, SECOND, SECOND)]:
            future.result()
    assert whaticket.bodies() == BUBBLES[:1]
    assert len(rows(answered.engine, "delivery_attempt")) == 1


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
    assert answered.nudges.published == [Nudge(DELIVER_ITEM, str(FIRST), 0.0)]
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
    item = _item(answered)
    assert (item["state"], item["lease_until"]) == ("sending", answered.clock.now() + timedelta(seconds=45))
    _sweep(answered, 45)
    deliver_item(dispatch, FIRST)
    assert _item(answered)["state"] == "sending"
    _sweep(answered, 1)
    assert _states(answered) == ["unconfirmed", "pending"]
    assert _item(answered)["reason"] == "lease_expired"
    deliver_item(dispatch, FIRST)
    assert whaticket.bodies() == BUBBLES[:1]
    (attempt,) = rows(answered.engine, "delivery_attempt")
    assert (attempt["outcome"], attempt["ended_at"]) == ("", None)
    _sweep(answered, 601)
    assert _states(answered) == ["held", "pending"]


def test_fault_of_ours_while_sending_is_a_doubt(answered: Scene, dispatch: DispatchRoom) -> None:
    """An unforeseen error between claim and result does not put the bubble back."""

    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        deliver_item(replace(dispatch, gateway=Interrupted(dispatch.gateway, [fail])), FIRST)
    _sweep(answered, 46)
    assert _states(answered) == ["unconfirmed", "pending"]


def test_late_result_is_fenced(answered: Scene, dispatch: DispatchRoom, whaticket: WhaticketSite) -> None:
    """A worker that slept past its lease changes neither the doubt nor the bubble and nudges nobody; it says so."""
    slept = Interrupted(dispatch.gateway, [lambda: _sweep(answered, 46)])
    with captured_lines() as lines:
        deliver_item(replace(dispatch, gateway=slept), FIRST)
    assert _states(answered) == ["unconfirmed", "pending"]
    item, (attempt,) = _item(answered), rows(answered.engine, "delivery_attempt")
    assert (item["reason"], item["sent_at"]) == ("lease_expired", None)
    assert attempt["outcome"] == "accepted"
    assert answered.nudges.published == []
    assert "delivery_fenced" in [line["message"] for line in lines]
    assert whaticket.bodies() == BUBBLES[:1]


def test_lines_carry_the_event_and_nothing_private(
    answered: Scene, dispatch: DispatchRoom, whaticket: WhaticketSite
) -> None:
    """Every line of a delivery, good or bad, is found by the event's id and repeats no text, number or token."""
    with captured_lines() as lines:
        for fault in ("ERR_WAPP_CHECK_CONTACT", "html_502"):
            whaticket.faults.fail_next(fault)
            deliver_item(dispatch, FIRST)
            answered.clock.advance(15)
        _sweep(answered, 601)
        deliver_item(dispatch, SECOND)
    delivered = [line for line in lines if line["function"] == "_report"]
    assert len(delivered) == 3
    (turn,) = answered.turns()
    assert {line["extra"]["correlation_id"] for line in delivered} == {str(turn["correlation_id"])}
    written = "\n".join(line["text"] for line in lines)
    for secret in ("limpeza", "horário", NUMBER, WHATICKET_TOKEN):
        assert secret not in written
