"""The breaker of each model: what counts as its failure, that an open one is skipped, and that turns count once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from secretaria.breaker import Breaker, State
from secretaria.clock import HeldClock
from secretaria.context.schema import json_schema
from secretaria.llm.chat import ChatMisconfigured, ChatRequest, ChatUnavailable, breaker_name
from secretaria.llm.openai_chat import OpenAIChat
from tests.answering import a_chat, a_draft
from tests.scripted_model import Ending, ScriptedModel, answers, says

MAIN, RESERVE = "modelo-principal", "modelo-reserva"


@pytest.fixture
def breaker(valkey: redis.Redis, clock: HeldClock) -> Breaker:
    """Build the breakers."""
    return Breaker(valkey, clock)


@pytest.fixture
def alone(model: ScriptedModel, breaker: Breaker) -> Iterator[OpenAIChat]:
    """Connect to one model."""
    client = a_chat(model.url, timeout_seconds=1.0, breaker=breaker)
    yield client
    client.close()


@pytest.fixture
def pair(model: ScriptedModel, breaker: Breaker) -> Iterator[OpenAIChat]:
    """Connect to a model and its reserve."""
    client = a_chat(model.url, fallback_model=RESERVE, breaker=breaker)
    yield client
    client.close()


def ask(chat: OpenAIChat, unit: str = "") -> str:
    """Ask once; return the model that answered, or why none did."""
    request = ChatRequest(
        messages=({"role": "user", "content": "oi"},), schema_name="resposta", schema=json_schema(), unit=unit
    )
    try:
        return chat.complete(request).model
    except (ChatUnavailable, ChatMisconfigured) as error:
        return error.cause


def state(breaker: Breaker, model: ScriptedModel, name: str = MAIN) -> State:
    """Return how the breaker of a model stands."""
    name = breaker_name(model.url, name)
    return breaker.states([name])[name]


@pytest.mark.parametrize(
    "ending", [answers(500, b""), answers(429, b""), answers(200, b"<html>"), answers(200, b'{"choices": []}')]
)
def test_failing_model_is_left_alone(alone: OpenAIChat, model: ScriptedModel, breaker: Breaker, ending: Ending) -> None:
    """After five calls that the service failed the next one costs nothing, and says why."""
    model.endings.extend([ending] * 5)
    for _ in range(5):
        ask(alone)
    assert state(breaker, model) is State.OPEN
    assert ask(alone) == "breaker_open"
    assert len(model.asked) == 5


def test_time_outs_count(alone: OpenAIChat, model: ScriptedModel, breaker: Breaker) -> None:
    """A model that never answers is the one a breaker is most needed for."""
    model.faults.mode = "timeout"
    assert [ask(alone) for _ in range(6)] == ["timeout"] * 5 + ["breaker_open"]
    assert state(breaker, model) is State.OPEN


@pytest.mark.parametrize(
    "ending", [answers(400, b"{}"), answers(401, b"{}"), answers(404, b"{}"), answers(422, b"{}"), says("")]
)
def test_our_mistakes_do_not_count(alone: OpenAIChat, model: ScriptedModel, breaker: Breaker, ending: Ending) -> None:
    """A service that refuses what we ask, or has nothing to say to it, is well."""
    model.endings.extend([ending] * 8)
    for _ in range(8):
        ask(alone)
    assert state(breaker, model) is State.CLOSED
    assert len(model.asked) == 8


def test_reserve_takes_over_without_a_wait(pair: OpenAIChat, model: ScriptedModel, breaker: Breaker) -> None:
    """Each model has its own breaker: while the first one's is open, only the reserve is asked."""
    for _ in range(5):
        model.endings.extend([answers(500, b""), says(a_draft())])
        assert ask(pair) == RESERVE
    asked = len(model.asked)
    model.endings.append(says(a_draft()))
    assert ask(pair) == RESERVE
    assert len(model.asked) == asked + 1
    assert (state(breaker, model), state(breaker, model, RESERVE)) == (State.OPEN, State.CLOSED)


def test_first_model_comes_back(pair: OpenAIChat, model: ScriptedModel, breaker: Breaker, clock: HeldClock) -> None:
    """After its rest the first model is probed with a real question, and asked first again when that goes well."""
    for _ in range(5):
        model.endings.extend([answers(500, b""), says(a_draft())])
        ask(pair)
    clock.advance(30)
    assert state(breaker, model) is State.HALF_OPEN
    assert [ask(pair), ask(pair)] == [MAIN, MAIN]
    assert state(breaker, model) is State.CLOSED


def test_probe_that_is_refused_closes(
    alone: OpenAIChat, model: ScriptedModel, breaker: Breaker, clock: HeldClock
) -> None:
    """A service that refuses our key during the probe is up: what is wrong now is said by its own name."""
    model.endings.extend([answers(500, b"")] * 5 + [answers(401, b"{}")] * 2)
    for _ in range(5):
        ask(alone)
    clock.advance(30)
    assert [ask(alone), ask(alone)] == ["unauthorized", "unauthorized"]
    assert state(breaker, model) is State.CLOSED


def test_turn_that_is_drafted_anew_counts_once(alone: OpenAIChat, model: ScriptedModel, breaker: Breaker) -> None:
    """One customer who keeps writing into a failing model does not open the breaker for all."""
    model.endings.extend([answers(500, b"")] * 6)
    for _ in range(6):
        ask(alone, "turn:7")
    assert state(breaker, model) is State.CLOSED


def test_probing_for_structure_is_one_call(alone: OpenAIChat, model: ScriptedModel, breaker: Breaker) -> None:
    """Going down the ladder of structured output asks for leave once."""
    refusal = answers(400, b'{"error": {"message": "response_format is not supported"}}')
    model.endings.extend([refusal, refusal, says(a_draft())])
    assert ask(alone) == MAIN
    assert state(breaker, model) is State.CLOSED


@pytest.mark.parametrize(
    ("base_url", "name"),
    [
        ("", "llm:api.openai.com:m"),
        ("https://modelos.example/v1", "llm:modelos.example:m"),
        ("http://usuario:senha@127.0.0.1:8080/v1", "llm:127.0.0.1:8080:m"),
    ],
)
def test_name_holds_no_secret(base_url: str, name: str) -> None:
    """A breaker is named by provider and model, never by what stands in the address besides."""
    assert breaker_name(base_url, "m") == name
