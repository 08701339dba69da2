"""The owner hears of an alert once for each state, only of what the hour bears, and also while Redis is away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest
import redis
from prometheus_client import REGISTRY

from secretaria.alarms.memory import ToldAlerts
from secretaria.alarms.telling import AlarmRoom, OwnerNotReached, tell_owner
from secretaria.alarms.wording import Alert
from secretaria.queue.broker import build_redis
from secretaria.whaticket.notices import is_notice
from tests.answering import WhaticketSite, captured_lines

OWNER = "5520900000900"
NO_WORKER = Alert("aa01", firing=True, name="NenhumWorker", summary="Nenhum worker está vivo.", runbook="docs/x.md")
LATE = Alert("aa02", firing=True, name="RespostaAtrasada", summary="Um cliente espera há 3m.")
ENDED = replace(NO_WORKER, firing=False)


@pytest.fixture
def room(valkey: redis.Redis, whaticket: WhaticketSite) -> Iterator[AlarmRoom]:
    """Tell an owner through the community edition."""
    with closing(whaticket.gateway()) as gateway:
        yield AlarmRoom(OWNER, gateway, ToldAlerts(valkey, messages_per_hour=10))


def counted(outcome: str) -> float:
    """Return how many alerts came to an outcome."""
    return REGISTRY.get_sample_value("secretaria_owner_alerts_total", {"outcome": outcome}) or 0.0


def test_one_notice_is_one_message(room: AlarmRoom, whaticket: WhaticketSite) -> None:
    """Several alerts stand in one message, which says what rings and where the page is, and goes to the owner alone."""
    assert tell_owner(room, [NO_WORKER, LATE]) == 2
    (sent,) = whaticket.ledger.sent()
    assert sent.number == OWNER
    assert is_notice(sent.body)
    for told in ("NenhumWorker", NO_WORKER.summary, "O que fazer: docs/x.md", "RespostaAtrasada", LATE.summary):
        assert told in sent.body


def test_what_rings_on_is_told_once(room: AlarmRoom, whaticket: WhaticketSite, valkey: redis.Redis) -> None:
    """Alertmanager repeats itself, to any process of the service; only what is new in a notice is told."""
    tell_owner(room, [NO_WORKER])
    elsewhere = replace(room, told=ToldAlerts(valkey, messages_per_hour=10))
    assert tell_owner(elsewhere, [NO_WORKER]) == 0
    assert tell_owner(elsewhere, [NO_WORKER, LATE]) == 1
    assert [NO_WORKER.name in body for body in whaticket.bodies()] == [True, False]


def test_the_end_is_told_and_what_rings_again_is_news(room: AlarmRoom, whaticket: WhaticketSite) -> None:
    """Each change is told once."""
    for alert in (NO_WORKER, ENDED, ENDED, NO_WORKER):
        tell_owner(room, [alert])
    assert ["Terminou" in body for body in whaticket.bodies()] == [False, True, False]


def test_the_end_of_what_was_never_told_is_no_news(room: AlarmRoom, whaticket: WhaticketSite) -> None:
    """An alert that rang and ended while Whaticket was away leaves nothing to say."""
    assert tell_owner(room, [ENDED]) == 0
    assert whaticket.bodies() == []


def test_a_message_that_did_not_leave_may_be_given_again(room: AlarmRoom, whaticket: WhaticketSite) -> None:
    """While Whaticket is what has failed the notice is refused, and Alertmanager's next try finds it well again."""
    with closing(whaticket.gateway(url="http://127.0.0.1:9")) as nowhere, pytest.raises(OwnerNotReached):
        tell_owner(replace(room, gateway=nowhere), [NO_WORKER])
    assert tell_owner(room, [NO_WORKER]) == 1
    assert len(whaticket.bodies()) == 1


def test_what_may_have_left_is_not_sent_again(room: AlarmRoom, whaticket: WhaticketSite) -> None:
    """The answer was lost and the message had arrived: nobody wants an alarm twice."""
    whaticket.faults.fail_next("reset_after_send")
    tell_owner(room, [NO_WORKER])
    tell_owner(room, [NO_WORKER])
    assert len(whaticket.bodies()) == 1


def test_a_notice_that_somebody_holds_is_put_off(room: AlarmRoom, whaticket: WhaticketSite) -> None:
    """Two processes given the same notice at once send it once; the other asks Alertmanager to come again."""
    assert room.told.begin(NO_WORKER)
    with pytest.raises(OwnerNotReached):
        tell_owner(room, [NO_WORKER])
    assert whaticket.bodies() == []


def test_the_hour_bears_so_much(room: AlarmRoom, whaticket: WhaticketSite, valkey: redis.Redis) -> None:
    """What goes beyond is counted and logged, not sent; nobody is named."""
    few = replace(room, told=ToldAlerts(valkey, messages_per_hour=1))
    before = counted("limited")
    tell_owner(few, [NO_WORKER])
    with captured_lines() as lines:
        assert tell_owner(few, [LATE]) == 0
    assert (len(whaticket.bodies()), counted("limited") - before) == (1, 1.0)
    assert [line["message"] for line in lines] == ["owner_not_told"]
    assert OWNER not in str(lines)


def test_a_redis_that_is_away_is_told_of_too(room: AlarmRoom, whaticket: WhaticketSite) -> None:
    """Then each process remembers alone."""
    with build_redis("redis://127.0.0.1:9", timeout_seconds=0.2) as away:
        alone = replace(room, told=ToldAlerts(away, messages_per_hour=10))
        assert [tell_owner(alone, [alert]) for alert in (NO_WORKER, NO_WORKER, ENDED)] == [1, 0, 1]
    assert len(whaticket.bodies()) == 2


def test_no_person_is_in_the_message(room: AlarmRoom, whaticket: WhaticketSite) -> None:
    """A number that came into the sentence of a rule stays here."""
    tell_owner(room, [replace(LATE, summary="espera de +55 20 90000-0101\ncpf 529.982.247-25")])
    (body,) = whaticket.bodies()
    assert "90000" not in body
    assert "529.982" not in body


def test_without_an_owner_nobody_is_told(room: AlarmRoom, whaticket: WhaticketSite) -> None:
    """The setting is empty until somebody fills it."""
    assert tell_owner(replace(room, owner_number=""), [NO_WORKER]) == 0
    assert whaticket.bodies() == []
