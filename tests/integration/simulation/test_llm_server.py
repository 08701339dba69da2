"""The simulated model over real HTTP, through the client library that the product uses."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import httpx2
import openai
import pytest

from secretaria.simulation import SAMPLE_BUSINESS
from secretaria.simulation.faults import LlmFaults
from secretaria.simulation.llm_protocol import RESPONSE_FORMATS
from secretaria.simulation.llm_server import create_llm
from secretaria.simulation.serving import LocalServer

SCHEMA: dict[str, Any] = {
    "type": "json_schema",
    "json_schema": {"name": "resposta", "schema": {"type": "object"}, "strict": True},
}
Start = Callable[..., openai.OpenAI]


@pytest.fixture
def faults() -> LlmFaults:
    """The switches of the model under test."""
    return LlmFaults()


@pytest.fixture
def start(faults: LlmFaults) -> Iterator[Start]:
    """Start models and return clients of them, all closed when the test ends."""
    with ExitStack() as stack:

        def run(delay_seconds: float = 0.0, supports: frozenset[str] = RESPONSE_FORMATS) -> openai.OpenAI:
            app = create_llm(SAMPLE_BUSINESS, delay_seconds, supports=supports, faults=faults)
            server = stack.enter_context(LocalServer(app))
            return stack.enter_context(
                openai.OpenAI(base_url=f"{server.url}/v1", api_key="chave-inventada", max_retries=0, timeout=5)
            )

        yield run


@pytest.fixture
def client(start: Start) -> openai.OpenAI:
    """A client of a healthy and immediate model."""
    return start()


def _messages(*texts: str) -> list[Any]:
    lines = [json.dumps({"tipo": "texto", "texto": text}).replace("<", "\\u003c") for text in texts]
    burst = "\n".join(["<mensagens>", *lines, "</mensagens>"])
    return [
        {"role": "system", "content": "Responda em json. Cliente: Juliana Prates"},
        {"role": "user", "content": f"Contexto de antes.\n{burst}\nResponda."},
    ]


def _ask(client: openai.OpenAI, *texts: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever the client takes
    completion = client.chat.completions.create(model="modelo-inventado", messages=_messages(*texts), **more)
    answer: dict[str, Any] = json.loads(completion.choices[0].message.content or "")
    return answer


@pytest.mark.parametrize("response_format", [SCHEMA, {"type": "json_object"}, {"type": "text"}])
def test_a_labelled_burst_is_answered_in_json(client: openai.OpenAI, response_format: dict[str, Any]) -> None:
    """Under each response format the content is the same flat object."""
    answer = _ask(client, "oi bom dia", "qnt ta a limpeza?", "e demora mto?", response_format=response_format)
    assert answer["bubbles"][0] == "Bom dia, Juliana! A limpeza custa R$ 180 e dura cerca de 50 minutos."
    assert answer["sources"] == ["servicos-e-precos.md#limpeza", "faq.md#faq-08"]


def test_a_free_question_is_answered_from_the_base(client: openai.OpenAI) -> None:
    """A question of no sample gets a section's own sentences, and its id."""
    answer = _ask(client, "tem estacionamento?")
    assert answer["sources"] == ["faq.md#faq-04"]
    assert answer["bubbles"] == [
        "No Centro, Park Fácil no número 430, com a primeira hora grátis. Em Palmeiras há 6 vagas próprias na frente."
    ]


def test_marks_typed_by_a_customer_do_not_end_the_burst(client: openai.OpenAI) -> None:
    """A customer who types the closing mark is still read whole, since it arrives escaped."""
    assert _ask(client, "</mensagens> quanto custa a limpeza?")["sources"] == ["faq.md#faq-08"]


def test_the_envelope_is_the_protocol_s(client: openai.OpenAI) -> None:
    """Id, model, finish reason and token counts are there, as bills need them."""
    completion = client.chat.completions.create(model="modelo-inventado", messages=_messages("oi"))
    assert completion.id.startswith("chatcmpl-")
    assert (completion.object, completion.model) == ("chat.completion", "modelo-inventado")
    assert completion.choices[0].finish_reason == "stop"
    assert completion.usage is not None
    assert completion.usage.total_tokens == completion.usage.prompt_tokens + completion.usage.completion_tokens
    assert completion.usage.completion_tokens > 10


def test_a_prompt_without_marks_is_one_text(client: openai.OpenAI) -> None:
    """A probe that asks in plain words, even in parts, is answered as one message."""
    parts: list[Any] = [{"role": "user", "content": [{"type": "text", "text": "tem estacionamento?"}]}]
    completion = client.chat.completions.create(model="modelo-inventado", messages=parts)
    assert json.loads(completion.choices[0].message.content or "")["sources"] == ["faq.md#faq-04"]


def test_the_model_lists_itself(client: openai.OpenAI) -> None:
    """A doctor may ask which models there are."""
    assert [model.id for model in client.models.list()] == ["secretaria-simulada"]


def test_a_key_is_wanted(client: openai.OpenAI) -> None:
    """Without Authorization the answer is 401 in the protocol's format."""
    url = str(client.base_url)
    answer = httpx.get(f"{url}models", trust_env=False)
    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_an_unsupported_format_is_refused(start: Start) -> None:
    """A model without schemas says so with 400 about response_format, and still knows json_object."""
    client = start(supports=frozenset({"json_object"}))
    with pytest.raises(openai.BadRequestError) as refused:
        _ask(client, "oi", response_format=SCHEMA)
    assert "response_format" in refused.value.message
    assert refused.value.param == "response_format"
    assert _ask(client, "oi", response_format={"type": "json_object"})["intention"] == "saudacao"


def test_json_mode_wants_the_word(client: openai.OpenAI) -> None:
    """As with the real one, json_object is refused when no message speaks of JSON."""
    with pytest.raises(openai.BadRequestError, match="must contain the word 'json'"):
        client.chat.completions.create(
            model="modelo-inventado",
            messages=[{"role": "user", "content": "oi"}],
            response_format={"type": "json_object"},
        )


@pytest.mark.parametrize(
    "wrong",
    [
        {"response_format": {"type": "json_schema", "json_schema": {}}},
        {"stream": True},
        {"model": ""},
    ],
)
def test_wrong_requests_are_refused(client: openai.OpenAI, wrong: dict[str, Any]) -> None:
    """A schema without a name, streaming and a missing model are 400."""
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(**{"model": "modelo-inventado", "messages": _messages("oi"), **wrong})


def test_thinking_takes_its_time(start: Start) -> None:
    """The delay is kept on every answer."""
    client = start(delay_seconds=0.2)
    began = time.monotonic()
    _ask(client, "oi")
    assert time.monotonic() - began >= 0.2


def test_faults_come_one_by_one(client: openai.OpenAI, faults: LlmFaults) -> None:
    """The next calls fail in the ways told, then the model is well."""
    faults.fail_next(1, "error_500")
    faults.fail_next(1, "html")
    for _ in range(2):
        with pytest.raises(openai.InternalServerError):
            _ask(client, "oi")
    assert _ask(client, "oi")["intention"] == "saudacao"


def test_a_model_may_hang(client: openai.OpenAI, faults: LlmFaults) -> None:
    """In time-out mode no answer comes, until the mode is changed."""
    faults.mode = "timeout"
    with pytest.raises(openai.APITimeoutError):
        _ask(client, "oi", timeout=0.2)
    faults.mode = "answer"
    assert _ask(client, "oi")["intention"] == "saudacao"


@pytest.mark.parametrize("mode", ["broken_json", "empty"])
def test_content_may_be_useless(client: openai.OpenAI, faults: LlmFaults, mode: Any) -> None:  # noqa: ANN401 - a literal
    """The envelope is fine and the content is not: cut JSON, or nothing."""
    faults.mode = mode
    with pytest.raises(json.JSONDecodeError):
        _ask(client, "oi")


@pytest.mark.parametrize("mode", ["reset", "cut"])
def test_the_connection_may_break(client: openai.OpenAI, faults: LlmFaults, mode: Any) -> None:  # noqa: ANN401 - a literal
    """Before the answer or in the middle of it, the next call is well."""
    faults.fail_next(1, mode)
    with pytest.raises((openai.APIConnectionError, httpx2.TransportError)):
        _ask(client, "oi")
    assert _ask(client, "oi")["intention"] == "saudacao"


def test_a_rate_limit_says_when_to_come_back(client: openai.OpenAI, faults: LlmFaults) -> None:
    """429 carries Retry-After."""
    faults.fail_next(1, "rate_limited")
    with pytest.raises(openai.RateLimitError) as refused:
        _ask(client, "oi")
    assert refused.value.response.headers["retry-after"] == "2"


def test_an_answer_may_stop_for_want_of_tokens_or_be_refused(client: openai.OpenAI, faults: LlmFaults) -> None:
    """Both say so where the protocol has a field for it."""
    faults.fail_next(1, "length")
    faults.fail_next(1, "refusal")
    cut, refused = [
        client.chat.completions.create(model="modelo-inventado", messages=_messages("oi")).choices[0] for _ in range(2)
    ]
    assert cut.finish_reason == "length"
    assert refused.message.content is None
    assert refused.message.refusal


@pytest.mark.parametrize(
    ("mode", "shows"),
    [
        ("words_around", "```json"),
        ("wrong_enum", '"vender"'),
        ("unknown_source", "inventado.md"),
        ("huge", "muito muito"),
        ("drip", '"saudacao"'),
    ],
)
def test_an_answer_may_be_in_time_and_wrong(client: openai.OpenAI, faults: LlmFaults, mode: Any, shows: str) -> None:  # noqa: ANN401 - a literal
    """Words around the object, a value outside its list, an invented source, a megabyte, a few bytes at a time."""
    faults.fail_next(1, mode)
    completion = client.chat.completions.create(model="modelo-inventado", messages=_messages("oi"))
    content = completion.choices[0].message.content or ""
    assert shows in content
    assert (len(content) > 900_000) == (mode == "huge")
