"""The circuit breaker around delivery: a Whaticket that does not answer is left alone, and no bubble pays for it."""

from __future__ import annotations

import socket
from dataclasses import replace
from datetime import timedelta

import pytest
import redis
import stamina

from secretaria.breaker import FAILURES, FIRST_OPEN_MS, Breaker, State
from secretaria.outbox.delivery import BREAKER_WAIT_SECONDS, GIVE_UP_AFTER, DispatchRoom, breaker_name, deliver_item
from secretaria.queue.jobs import DELIVER_ITEM
from tests.answering import BUBBLES, FIRST, SECOND, OpenDispatch, Scene, WhaticketSite, captured_lines
from tests.builders import Nudge, rows

NAME = breaker_name("principal")
OPEN_SECONDS = FIRST_OPEN_MS / 1000


@pytest.fixture
def breaker(valkey: redis.Redis, answered: Scene) -> Breaker:
    """Build the breakers, on an empty Valkey."""
    return Breaker(valkey, answered.clock)


@pytest.fixture
def guarded(dispatch: DispatchRoom, breaker: Breaker) -> DispatchRoom:
    """Deliver to a Whaticket that is well, under its breaker."""
    return replace(dispatch, breaker=breaker, channel="principal")


@pytest.fixture
def away(open_dispatch: OpenDispatch, whaticket: WhaticketSite, breaker: Breaker) -> DispatchRoom:
    """Deliver to an address where nobody listens, under the same breaker."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        nobody = f"http://127.0.0.1:{listener.getsockname()[1]}"
    return replace(open_dispatch(whaticket, url=nobody), breaker=breaker, channel="principal")


def open_it(breaker: Breaker) -> None:
    """Let the breaker open, as other conversations of the channel would."""
    for unit in range(FAILURES):
        permit = breaker.allow(NAME, longest_seconds=1, unit=f"item:other-{unit}")
        assert permit is not None
        permit.fail()
    assert breaker.states([NAME])[NAME] is State.OPEN


def test_open_breaker_costs_no_attempt(
    answered: Scene, guarded: DispatchRoom, breaker: Breaker, whaticket: WhaticketSite
) -> None:
    """While it is open nothing is claimed, tried or counted: the bubble waits, and is nudged again."""
    open_it(breaker)
    deliver_item(guarded, FIRST)
    item = answered.item()
    assert (item["state"], item["attempts"], item["lease_token"]) == ("pending", 0, 0)
    assert rows(answered.engine, "delivery_attempt") == []
    assert answered.item_wait() == BREAKER_WAIT_SECONDS
    assert answered.nudges.published == [Nudge(DELIVER_ITEM, str(FIRST), BREAKER_WAIT_SECONDS)]
    assert whaticket.bodies() == []


def test_probe_that_is_answered_closes_it(
    answered: Scene, guarded: DispatchRoom, breaker: Breaker, whaticket: WhaticketSite
) -> None:
    """After half a minute one bubble is the probe, and once it was taken everything flows again."""
    open_it(breaker)
    answered.clock.advance(OPEN_SECONDS)
    deliver_item(guarded, FIRST)
    assert whaticket.bodies() == BUBBLES[:1]
    assert breaker.states([NAME])[NAME] is State.CLOSED


def test_nothing_to_send_gives_the_probe_back(answered: Scene, guarded: DispatchRoom, breaker: Breaker) -> None:
    """A nudge that finds nothing to do does not keep the next one from probing."""
    open_it(breaker)
    answered.clock.advance(OPEN_SECONDS)
    deliver_item(guarded, SECOND)
    assert breaker.allow(NAME, longest_seconds=1) is not None


def test_one_bubble_tried_again_and_again_counts_once(answered: Scene, away: DispatchRoom, breaker: Breaker) -> None:
    """One customer's back-off does not shut the channel for the others."""
    with stamina.set_testing(True):
        for _ in range(FAILURES + 1):
            deliver_item(away, FIRST)
            answered.clock.advance(max(answered.item_wait(), 0.0))
    assert breaker.states([NAME])[NAME] is State.CLOSED


@pytest.mark.parametrize(
    ("fault", "counts"),
    [
        ("400_after_send", True),
        ("html_502", True),
        ("reset", True),
        ("ERR_WAPP_INVALID_CONTACT", False),
        ("ERR_WAPP_CHECK_CONTACT", False),
    ],
)
def test_what_counts_as_a_failure(
    answered: Scene, guarded: DispatchRoom, breaker: Breaker, whaticket: WhaticketSite, fault: str, *, counts: bool
) -> None:
    """Silence, doubt and faults of the server do; a refusal is an answer, and so Whaticket is well."""
    for unit in range(FAILURES - 1):
        permit = breaker.allow(NAME, longest_seconds=1, unit=f"item:other-{unit}")
        assert permit is not None
        permit.fail()
    whaticket.faults.fail_next(fault)
    deliver_item(guarded, FIRST)
    assert breaker.states([NAME])[NAME] is (State.OPEN if counts else State.CLOSED)
    assert answered.item()["attempts"] <= 1


def test_unreachable_counts(answered: Scene, away: DispatchRoom, breaker: Breaker) -> None:
    """Where nobody listens the fifth conversation opens it, and its own bubble is neither lost nor in doubt."""
    for unit in range(FAILURES - 1):
        permit = breaker.allow(NAME, longest_seconds=1, unit=f"item:other-{unit}")
        assert permit is not None
        permit.fail()
    with stamina.set_testing(True):
        deliver_item(away, FIRST)
    assert breaker.states([NAME])[NAME] is State.OPEN
    assert (answered.item()["state"], answered.item()["attempts"]) == ("pending", 0)


def test_half_an_hour_behind_an_open_breaker_goes_to_a_person(
    answered: Scene, guarded: DispatchRoom, breaker: Breaker
) -> None:
    """What could not even be tried for thirty minutes is held with an alarm, and surely was not sent."""
    answered.clock.advance(GIVE_UP_AFTER.total_seconds())
    open_it(breaker)
    with captured_lines() as lines:
        deliver_item(guarded, FIRST)
    item = answered.item()
    assert (item["state"], item["reason"], item["attempts"]) == ("held", "breaker_open", 0)
    assert answered.item_states() == ["held", "pending"]
    assert [(line["message"], line["level"].name) for line in lines] == [("item_not_delivered", "ERROR")]
    assert answered.nudges.published == [Nudge(DELIVER_ITEM, str(SECOND), 0.0)]


def test_person_behind_an_open_breaker_wins(answered: Scene, guarded: DispatchRoom, breaker: Breaker) -> None:
    """Who answers the customer while Whaticket takes nothing from us is not talked over when it does again."""
    open_it(breaker)
    answered.person_writes()
    deliver_item(guarded, FIRST)
    assert answered.item_states() == ["superseded", "superseded"]


def test_without_redis_everything_is_let_through(
    answered: Scene, dispatch: DispatchRoom, whaticket: WhaticketSite
) -> None:
    """The breaker protects, it does not gate: while Redis is away bubbles leave as ever."""
    lost = redis.Redis(host="127.0.0.1", port=1, socket_connect_timeout=0.1)
    deliver_item(replace(dispatch, breaker=Breaker(lost, answered.clock), channel="principal"), FIRST)
    assert whaticket.bodies() == BUBBLES[:1]
    assert answered.clock.now() - answered.item()["created_at"] < timedelta(seconds=1)
