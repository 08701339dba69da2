"""The real client against a model on loopback: how it asks, what it makes of every ending, and how long it waits."""

from __future__ import annotations

import json
import logging
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from secretaria.context.schema import json_schema
from secretaria.llm.chat import ChatMisconfigured, ChatRequest, ChatUnavailable
from secretaria.llm.openai_chat import OpenAIChat
from tests.answering import LLM_KEY, a_chat, a_draft, captured_lines
from tests.scripted_model import Ending, ScriptedModel, a_completion, answers, drips, says

QUESTION = "quanto custa a limpeza, é para a Juliana Prates"
REQUEST = ChatRequest(
    messages=({"role": "system", "content": "Regras inventadas."}, {"role": "user", "content": QUESTION}),
    schema_name="resposta",
    schema=json_schema(),
)
HTML = b"<html><h1>502 Bad Gateway</h1></html>"

Build = Callable[..., OpenAIChat]


@pytest.fixture
def build(model: ScriptedModel) -> Iterator[Build]:
    """Build clients of the model, closed when the test ends."""
    with ExitStack() as stack:

        def one(base_url: str = "", fallback_model: str = "", timeout_seconds: float = 5.0) -> OpenAIChat:
            chat = a_chat(base_url or model.url, fallback_model=fallback_model, timeout_seconds=timeout_seconds)
            stack.callback(chat.close)
            return chat

        yield one


def refuses(message: str, *, status: int = 400, param: str | None = None) -> Ending:
    """Answer with an error in the words of the protocol."""
    error = {"message": message, "type": "invalid_request_error", "param": param, "code": None}
    return answers(status, json.dumps({"error": error}).encode())


def _formats(model: ScriptedModel) -> list[str]:
    return [call.get("response_format", {}).get("type", "text") for call in model.asked]


def _cause(ask: Callable[[], object]) -> str:
    with pytest.raises((ChatUnavailable, ChatMisconfigured)) as refused:
        ask()
    assert isinstance(refused.value, ChatUnavailable | ChatMisconfigured)
    return refused.value.cause


def test_first_answer_carries_text_model_and_cost(build: Build, model: ScriptedModel) -> None:
    """A service that knows schemas is asked once, strictly, and its bill is read."""
    model.endings.append(says(a_draft()))
    answer = build().complete(REQUEST)
    (asked,) = model.asked
    assert asked["response_format"]["json_schema"]["strict"] is True
    assert asked["response_format"]["json_schema"]["schema"] == json_schema()
    assert [message["content"] for message in asked["messages"]] == ["Regras inventadas.", QUESTION]
    assert (answer.text, answer.model) == (a_draft(), "modelo-principal")
    assert (answer.prompt_tokens, answer.completion_tokens) == (900, 90)


@pytest.mark.parametrize(
    ("refusals", "accepted"),
    [(1, "json_object"), (2, "text")],
)
def test_structure_is_probed_once(build: Build, model: ScriptedModel, refusals: int, accepted: str) -> None:
    """What the service does not know is found out in the first call; the second one makes a single request."""
    chat = build()
    for kind in ("json_schema", "json_object")[:refusals]:
        model.endings.append(refuses(f"'response_format' of type '{kind}' is not supported", param="response_format"))
    chat.complete(REQUEST)
    assert _formats(model) == ["json_schema", "json_object", "text"][: refusals + 1]
    chat.complete(REQUEST)
    assert _formats(model)[refusals + 1 :] == [accepted]


def test_shape_is_told_in_words_without_a_schema(build: Build, model: ScriptedModel) -> None:
    """Below json_schema the prompt itself names JSON and every field, before the customer's words."""
    model.endings.append(refuses("response_format json_schema is unavailable"))
    build().complete(REQUEST)
    *_, described, last = model.asked[1]["messages"]
    assert described["role"] == "system"
    assert "JSON" in described["content"]
    assert "handoff_brief" in described["content"]
    assert last["content"] == QUESTION


def test_validation_error_also_goes_down_the_ladder(build: Build, model: ScriptedModel) -> None:
    """Services that refuse an unknown format with 422 instead of 400 are understood as well."""
    model.endings.append(refuses("response_format.type: Input should be 'text' or 'json_object'", status=422))
    build().complete(REQUEST)
    assert _formats(model) == ["json_schema", "json_object"]


def test_forgotten_structure_is_probed_again(build: Build, model: ScriptedModel) -> None:
    """A service that later stops accepting what it accepted is asked one step lower, not given up for ever."""
    chat = build()
    chat.complete(REQUEST)
    model.endings.append(refuses("response_format json_schema is no longer supported"))
    chat.complete(REQUEST)
    chat.complete(REQUEST)
    assert _formats(model) == ["json_schema", "json_schema", "json_object", "json_object"]


def test_other_bad_requests_are_not_probed(build: Build, model: ScriptedModel) -> None:
    """A refusal that is not about the format ends the call after one request."""
    model.endings.append(refuses("This model's maximum context length is 8192 tokens."))
    assert _cause(lambda: build().complete(REQUEST)) == "bad_request"
    assert len(model.asked) == 1


@pytest.mark.parametrize(
    ("ending", "cause"),
    [
        (answers(502, HTML, "text/html"), "server_error"),
        (answers(200, HTML, "text/html"), "not_an_answer"),
        (answers(200, b'{"choices": [', "application/json"), "not_an_answer"),
        (answers(200, b"\xff\xfe{}", "application/json"), "not_an_answer"),
        (answers(200, b"[" * 100_000, "application/json"), "not_an_answer"),
        (answers(200, b"", "application/json"), "not_an_answer"),
        (answers(200, b"null", "application/json"), "not_an_answer"),
        (answers(200, b'"ok"', "application/json"), "not_an_answer"),
        (answers(200, b'{"error": {"message": "overloaded"}}'), "not_an_answer"),
        (answers(200, a_completion("", choices=[])), "not_an_answer"),
        (answers(200, a_completion("", choices=["oi"])), "not_an_answer"),
        (answers(200, a_completion("", choices=[{"index": 0, "message": None}])), "not_an_answer"),
        (answers(200, a_completion("", choices=[{"index": 0, "message": "oi"}])), "empty"),
        (says(None), "empty"),
        (says(""), "empty"),
        (says(" \n "), "empty"),
        (says([{"type": "text", "text": "oi"}]), "not_an_answer"),
        (refuses("overloaded", status=500), "server_error"),
        (refuses("overloaded", status=503), "server_error"),
        (refuses("slow down", status=429), "rate_limited"),
        (refuses("no credit", status=402), "not_an_answer"),
    ],
)
def test_useless_answers_are_unavailability(build: Build, model: ScriptedModel, ending: Ending, cause: str) -> None:
    """Whatever comes instead of an answer, the caller learns one word of it, after one request."""
    model.endings.append(ending)
    with pytest.raises(ChatUnavailable) as refused:
        build().complete(REQUEST)
    assert refused.value.cause == cause
    assert len(model.asked) == 1


@pytest.mark.parametrize(
    ("status", "cause"), [(401, "unauthorized"), (403, "unauthorized"), (404, "unknown_model"), (400, "bad_request")]
)
def test_refused_configuration_says_so(build: Build, model: ScriptedModel, status: int, cause: str) -> None:
    """A wrong key and an unknown model are a person's to mend, and the sentence names what to look at."""
    model.endings.append(refuses("The model does not exist", status=status))
    with pytest.raises(ChatMisconfigured) as refused:
        build().complete(REQUEST)
    assert refused.value.cause == cause
    assert "LLM_API_KEY" in refused.value.hint


@pytest.mark.parametrize("usage", [None, "muito", {}, {"prompt_tokens": None, "completion_tokens": "9"}])
def test_unreadable_bill_costs_no_answer(build: Build, model: ScriptedModel, usage: object) -> None:
    """A service that counts no tokens, or counts them strangely, still answers; unknown counts are zero."""
    model.endings.append(answers(200, a_completion(a_draft(), usage=usage)))
    answer = build().complete(REQUEST)
    assert (answer.text, answer.prompt_tokens, answer.completion_tokens) == (a_draft(), 0, 0)


def test_broken_json_passes_through(build: Build, model: ScriptedModel) -> None:
    """What the model wrote is handed on as it is: whoever asked decides if it is a draft."""
    model.faults.mode = "broken_json"
    text = build().complete(REQUEST).text
    with pytest.raises(json.JSONDecodeError):
        json.loads(text)


def test_megabyte_of_answer_is_read(build: Build, model: ScriptedModel) -> None:
    """A very long answer neither hangs nor breaks the client."""
    model.endings.append(says("x" * 1_000_000))
    assert len(build().complete(REQUEST).text) == 1_000_000


def test_silence_ends_with_the_time_out(build: Build, model: ScriptedModel) -> None:
    """A model that says nothing is given up after the configured seconds."""
    model.faults.mode = "timeout"
    chat, began = build(timeout_seconds=0.3), time.monotonic()
    assert _cause(lambda: chat.complete(REQUEST)) == "timeout"
    assert 0.3 <= time.monotonic() - began < 2.5


@pytest.mark.parametrize("status", [200, 500])
def test_dripping_answer_ends_with_the_time_out(build: Build, model: ScriptedModel, status: int) -> None:
    """Bytes that keep coming do not stretch the limit: it holds for the whole call, an error's page included."""
    model.endings.append(drips(0.05, then=a_completion(a_draft()), status=status))
    chat, began = build(timeout_seconds=0.4), time.monotonic()
    assert _cause(lambda: chat.complete(REQUEST)) == "timeout"
    assert 0.4 <= time.monotonic() - began < 2.5
    assert chat.complete(REQUEST).model == "modelo-principal"


def test_late_bytes_within_the_limit_are_an_answer(build: Build, model: ScriptedModel) -> None:
    """Blank bytes before the answer, as gateways send to keep a connection, do no harm by themselves."""
    model.endings.append(answers(200, b" \n" * 50 + a_completion(a_draft())))
    assert build().complete(REQUEST).text == a_draft()


def test_probing_stays_within_the_time_out(build: Build, model: ScriptedModel) -> None:
    """All steps of the ladder share one limit, so that the lease of the turn outlives them."""
    model.meanwhile.extend([lambda: time.sleep(0.6)] * 3)
    for kind in ("json_schema", "json_object"):
        model.endings.append(refuses(f"response_format {kind} is not supported"))
    chat, began = build(timeout_seconds=1.0), time.monotonic()
    assert _cause(lambda: chat.complete(REQUEST)) == "timeout"
    assert time.monotonic() - began < 1.7
    assert len(model.asked) == 2


def test_refused_connection_is_unreachable(build: Build) -> None:
    """Nobody at the address is said at once, without waiting for the time-out."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    chat, began = build(base_url=f"http://127.0.0.1:{port}/v1"), time.monotonic()
    assert _cause(lambda: chat.complete(REQUEST)) == "unreachable"
    assert _cause(chat.list_models) == "unreachable"
    assert time.monotonic() - began < 2.5


def test_fallback_answers_for_the_first_model(build: Build, model: ScriptedModel) -> None:
    """When the first model fails in any way the second one is asked, and the answer names it."""
    chat = build(fallback_model="modelo-reserva")
    for ending in (refuses("unknown", status=404), refuses("slow down", status=429), says("")):
        model.endings.append(ending)
        with captured_lines() as lines:
            assert chat.complete(REQUEST).model == "modelo-reserva"
        (line,) = (line for line in lines if line["message"] == "llm_fell_back")
        assert line["extra"]["model"] == "modelo-principal"
    assert [call["model"] for call in model.asked] == ["modelo-principal", "modelo-reserva"] * 3


def test_fallback_may_fail_too(build: Build, model: ScriptedModel) -> None:
    """With no model left the last one's trouble is told; nothing is asked a third time."""
    model.endings.extend([refuses("slow down", status=429), refuses("overloaded", status=500)])
    assert _cause(lambda: build(fallback_model="modelo-reserva").complete(REQUEST)) == "server_error"
    assert len(model.asked) == 2


def test_models_keep_their_own_structure(build: Build, model: ScriptedModel) -> None:
    """What one model refused is not held against the other."""
    chat = build(fallback_model="modelo-reserva")
    model.endings.extend([refuses("response_format is not supported"), refuses("slow down", status=429)])
    chat.complete(REQUEST)
    assert _formats(model) == ["json_schema", "json_object", "json_schema"]


def test_models_are_listed(build: Build) -> None:
    """A doctor learns which models there are."""
    assert build().list_models() == ["secretaria-simulada"]


@pytest.mark.parametrize(
    ("ending", "cause"),
    [
        (answers(200, HTML, "text/html"), "not_an_answer"),
        (answers(200, b'{"data": [', "application/json"), "not_an_answer"),
        (answers(200, b'{"data": ["a"]}', "application/json"), "not_an_answer"),
        (answers(502, HTML, "text/html"), "server_error"),
        (refuses("wrong key", status=401), "unauthorized"),
        (drips(0.05), "timeout"),
    ],
)
def test_list_of_models_may_fail(build: Build, model: ScriptedModel, ending: Ending, cause: str) -> None:
    """A list that is none is told in the same words as an answer that is none."""
    model.endings.append(ending)
    assert _cause(build(timeout_seconds=1.5).list_models) == cause


def test_nothing_said_reaches_a_log(build: Build, model: ScriptedModel, caplog: pytest.LogCaptureFixture) -> None:
    """Neither our lines nor the errors repeat the customer, the draft or the key, whatever goes wrong."""
    chat = build(fallback_model="modelo-reserva", timeout_seconds=1.5)
    seen: list[str] = []
    with caplog.at_level(logging.INFO), captured_lines() as lines:
        for ending in (refuses(f"content policy: {QUESTION}"), refuses(QUESTION, status=500), says(a_draft())):
            model.endings.extend([ending] * 2)
            try:
                chat.complete(REQUEST)
            except (ChatUnavailable, ChatMisconfigured) as error:
                seen.append(str(error))
    written = " ".join([*seen, *caplog.messages, *(line["text"] for line in lines)])
    assert "llm_fell_back" in written
    for secret in ("Juliana", "limpeza", LLM_KEY):
        assert secret not in written
