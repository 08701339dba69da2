"""A bubble reaches the customer once, or is in doubt, or says why not; the ledger of the Whaticket is the oracle."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
import stamina

from secretaria import metrics
from secretaria.outbox.delivery import DispatchRoom, deliver_item
from secretaria.queue.jobs import DELIVER_ITEM
from secretaria.replies.answer import answer_turn
from secretaria.settings import Flavour
from tests.answering import (
    BUBBLES,
    FIRST,
    PAUSE_SECONDS,
    SECOND,
    WHATICKET_TOKEN,
    OpenDispatch,
    OpenWhaticket,
    Scene,
    WhaticketSite,
    a_draft,
    captured_lines,
)
from tests.builders import NUMBER, Nudge, rows
from tests.scripted_model import ScriptedModel, says


def test_accepted_bubble_is_sent_and_recorded(
    answered: Scene, dispatch: DispatchRoom, whaticket: WhaticketSite
) -> None:
    """One send, one attempt with its outcome, and the next bubble is nudged for when it could be typed."""
    before = metrics.WHATICKET_SENT._value.get()  # noqa: SLF001  # prometheus_client has no other way to read one
    deliver_item(dispatch, FIRST)
    item, (attempt,) = answered.item(), rows(answered.engine, "delivery_attempt")
    assert (item["state"], item["sent_at"], item["attempts"]) == ("sent", answered.clock.now(), 1)
    assert (item["reason"], item["lease_until"]) == (None, None)
    assert (attempt["outcome"], attempt["status"], attempt["error"]) == ("accepted", 200, "")
    assert attempt["ended_at"] == answered.clock.now()
    assert [(sent.number, sent.body) for sent in whaticket.ledger.sent()] == [(NUMBER, BUBBLES[0])]
    assert answered.item_states() == ["sent", "pending"]
    assert answered.nudges.published == [Nudge(DELIVER_ITEM, str(SECOND), PAUSE_SECONDS)]
    assert metrics.WHATICKET_SENT._value.get() == before + 1  # noqa: SLF001  # as above


def test_bubbles_leave_in_order(answered: Scene, dispatch: DispatchRoom, whaticket: WhaticketSite) -> None:
    """The second bubble waits for the first, however it is nudged; no nudge is needed but the next one's."""
    deliver_item(dispatch, SECOND)
    assert whaticket.bodies() == []
    deliver_item(dispatch, FIRST)
    answered.clock.advance(PAUSE_SECONDS)
    deliver_item(dispatch, SECOND)
    assert whaticket.bodies() == BUBBLES
    assert len(answered.nudges.published) == 1


@pytest.mark.parametrize(("length", "pause"), [(1, 1.0), (40, 1.0), (100, 2.5), (160, 4.0), (900, 4.0)])
def test_bubbles_come_at_a_human_pace(answered: Scene, dispatch: DispatchRoom, length: int, pause: float) -> None:
    """The next bubble waits as long as its typing takes, between one second and four, and not a moment less."""
    answered.change("outbox_item", SECOND, body="a" * length)
    deliver_item(dispatch, FIRST)
    assert (answered.item_wait(SECOND), answered.nudges.published[-1].delay_seconds) == (pause, pause)
    answered.clock.advance(pause - 0.01)
    deliver_item(dispatch, SECOND)
    assert answered.item_states() == ["sent", "pending"]
    answered.clock.advance(0.01)
    deliver_item(dispatch, SECOND)
    assert answered.item_states() == ["sent", "sent"]


def test_newer_message_drops_what_was_left_to_say(
    answered: Scene, dispatch: DispatchRoom, whaticket: WhaticketSite
) -> None:
    """A customer who writes between two bubbles gets a new answer instead of the rest of the old one."""
    deliver_item(dispatch, FIRST)
    answered.customer_writes("e o clareamento?")
    answered.clock.advance(PAUSE_SECONDS)
    with captured_lines() as lines:
        deliver_item(dispatch, SECOND)
    assert [line["extra"]["reason"] for line in lines] == ["newer_message"]
    assert answered.item_states() == ["sent", "superseded"]
    assert (answered.item(SECOND)["reason"], answered.item(SECOND)["attempts"]) == ("newer_message", 0)
    assert whaticket.bodies() == BUBBLES[:1]


def test_newer_message_does_not_stop_the_first_bubble(
    answered: Scene, dispatch: DispatchRoom, whaticket: WhaticketSite
) -> None:
    """What passed the gate whole is begun: only what follows is asked again."""
    answered.customer_writes("oi?")
    deliver_item(dispatch, FIRST)
    assert whaticket.bodies() == BUBBLES[:1]


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
    item, (attempt,) = answered.item(), rows(answered.engine, "delivery_attempt")
    assert item["state"] == state
    assert item["reason"] == attempt["error"] != ""
    assert attempt["status"] is not None
    if wait is not None:
        assert answered.item_wait() == wait
        assert answered.nudges.published == [Nudge(DELIVER_ITEM, str(FIRST), wait)]
    (line,) = lines
    assert (line["message"], line["level"].name) == ("item_not_delivered", "ERROR" if alert else "WARNING")
    assert len(site.bodies()) == (1 if fault.endswith("_after_send") else 0)


def test_refused_connection_backs_off(answered: Scene, open_dispatch: OpenDispatch, whaticket: WhaticketSite) -> None:
    """While nobody answers the waits grow, no try counts as an attempt, and half an hour later a person has it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        nobody = f"http://127.0.0.1:{listener.getsockname()[1]}"
    room = open_dispatch(whaticket, url=nobody)
    waits = []
    with stamina.set_testing(True), captured_lines() as lines:
        while answered.item()["state"] == "pending":
            deliver_item(room, FIRST)
            waits.append(answered.item_wait())
            answered.clock.advance(max(waits[-1], 0))
    assert waits[:6] == [2, 5, 15, 60, 300, 300]
    item, attempts = answered.item(), rows(answered.engine, "delivery_attempt")
    assert (item["state"], item["reason"], item["attempts"]) == ("held", "ConnectError", 0)
    assert len(attempts) == len(waits)
    assert {(attempt["outcome"], attempt["status"]) for attempt in attempts} == {("not_sent", None)}
    assert [line["level"].name for line in lines] == ["WARNING"] * (len(waits) - 1) + ["ERROR"]
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
    item = answered.item()
    assert (item["state"], item["reason"], item["attempts"]) == ("sent", None, 1)
    assert whaticket.bodies() == BUBBLES[:1]


def test_wrong_token_is_not_hammered(answered: Scene, open_dispatch: OpenDispatch, whaticket: WhaticketSite) -> None:
    """A refused token is tried once a minute with an alarm, not in a loop, and no try reaches a customer."""
    room = open_dispatch(whaticket, token="outra-ficha")
    with captured_lines() as lines:
        for _ in range(3):
            deliver_item(room, FIRST)
    assert len(rows(answered.engine, "delivery_attempt")) == 1
    assert (answered.item()["state"], answered.item_wait()) == ("pending", 60)
    assert [line["level"].name for line in lines] == ["ERROR"]
    answered.clock.advance(60)
    deliver_item(open_dispatch(whaticket), FIRST)
    assert whaticket.bodies() == BUBBLES[:1]


def test_wrong_token_stops_the_whole_channel(
    answered: Scene, model: ScriptedModel, open_dispatch: OpenDispatch, whaticket: WhaticketSite
) -> None:
    """While the token is refused the others wait without asking; one a minute asks, and only the first rings."""
    room = open_dispatch(whaticket, token="outra-ficha")
    answered.customer_writes("oi", number="5520900000202")
    answered.quiet()
    model.endings.append(says(a_draft(bubbles=["Oi, Caio!"])))
    answer_turn(answered.room, 2)
    with captured_lines() as lines:
        deliver_item(room, FIRST)
        answered.clock.advance(20)
        deliver_item(room, 3)
        assert (len(rows(answered.engine, "delivery_attempt")), answered.item_wait(3)) == (1, 40)
        assert answered.nudges.published[-1] == Nudge(DELIVER_ITEM, "3", 40)
        answered.clock.advance(40)
        deliver_item(room, 3)
    assert [line["level"].name for line in lines if line["message"] == "item_not_delivered"] == ["ERROR", "WARNING"]
    assert len(rows(answered.engine, "delivery_attempt")) == 2
    answered.clock.advance(60)
    mended = open_dispatch(whaticket)
    deliver_item(mended, FIRST)
    deliver_item(mended, 3)
    assert whaticket.bodies() == [BUBBLES[0], "Oi, Caio!"]


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
    assert (answered.item()["state"], answered.item()["reason"]) == ("dead", "empty_text")
    deliver_item(dispatch, SECOND)
    assert whaticket.bodies() == BUBBLES[1:]


@pytest.mark.parametrize("mode", ["attended", "paused"])
def test_person_between_two_bubbles_wins(
    answered: Scene, dispatch: DispatchRoom, whaticket: WhaticketSite, mode: str
) -> None:
    """Who takes over after the first bubble is not talked over by the second: it is dropped, with the reason."""
    deliver_item(dispatch, FIRST)
    answered.change("conversation", 1, mode=mode)
    answered.clock.advance(PAUSE_SECONDS)
    with captured_lines() as lines:
        deliver_item(dispatch, SECOND)
    assert [(line["message"], line["extra"]["reason"]) for line in lines] == [
        ("bubbles_superseded", f"conversation_{mode}")
    ]
    assert answered.item_states() == ["sent", "superseded"]
    assert answered.item(SECOND)["reason"] == f"conversation_{mode}"
    assert answered.item(SECOND)["attempts"] == 0
    assert whaticket.bodies() == BUBBLES[:1]
    assert len(rows(answered.engine, "delivery_attempt")) == 1


def test_person_before_the_first_bubble_drops_both(
    answered: Scene, dispatch: DispatchRoom, whaticket: WhaticketSite
) -> None:
    """A word from the phone, filed before anything left, drops all that still waits."""
    answered.person_writes()
    deliver_item(dispatch, FIRST)
    assert answered.item_states() == ["superseded", "superseded"]
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


def test_lines_carry_the_event_and_nothing_private(
    answered: Scene, dispatch: DispatchRoom, whaticket: WhaticketSite
) -> None:
    """Every line of a delivery, good or bad, is found by the event's id and repeats no text, number or token."""
    with captured_lines() as lines:
        for fault in ("ERR_WAPP_CHECK_CONTACT", "html_502"):
            whaticket.faults.fail_next(fault)
            deliver_item(dispatch, FIRST)
            answered.clock.advance(15)
        answered.sweep(601)
        deliver_item(dispatch, SECOND)
    delivered = [line for line in lines if line["function"] == "_report"]
    assert len(delivered) == 3
    (turn,) = answered.turns()
    assert {line["extra"]["correlation_id"] for line in delivered} == {str(turn["correlation_id"])}
    written = "\n".join(line["text"] for line in lines)
    for secret in ("limpeza", "horário", NUMBER, WHATICKET_TOKEN):
        assert secret not in written
