"""The oracle answers each labelled turn with its labels, and asks for a tool where the labels need one."""

from __future__ import annotations

import json

import pytest

from secretaria.simulation import SAMPLE_BUSINESS
from secretaria.simulation.llm_oracle import TOOL_RESULT, Oracle, Pin
from secretaria.simulation.llm_protocol import Asked, RequestRefused
from secretaria.simulation.rhythm import SampleConversation


@pytest.fixture(scope="module")
def oracle() -> Oracle:
    """The oracle of the sample."""
    return Oracle(SAMPLE_BUSINESS)


def asked(*texts: str, earlier: tuple[str, ...] = (), told: str = "") -> Asked:
    """Build a request with a burst."""
    lines = [json.dumps({"tipo": "texto", "texto": text}) for text in texts]
    system = [("system", told)] if told else []
    burst = "\n".join(["<mensagens>", *lines, "</mensagens>"])
    return Asked("modelo", (*(("user", text) for text in earlier), *system, ("user", burst)))


def test_a_labelled_burst_gets_its_labels(oracle: Oracle) -> None:
    """Intention, sources and reply are the sample's."""
    draft = oracle.write(asked("qual valor do clareamento", "o caseiro", "aquele da moldeira"))
    assert (draft["intention"], draft["answerable"]) == ("preco", "base")
    assert draft["bubbles"] == ["Oi, Mônica! O caseiro, com moldeira, é R$ 690, para 3 semanas de uso."]


def test_a_tool_comes_before_the_reply(oracle: Oracle) -> None:
    """Without the tool's result only the tool is asked for; with it, the reply follows."""
    first = oracle.write(asked("13h30", earlier=("André Luiz Salgado",)))
    assert first["tool"]
    assert (first["tool_date"], first["tool_time"], first["bubbles"]) == ("2026-08-14", "13:30", [])
    second = oracle.write(asked("13h30", earlier=("André Luiz Salgado",), told=f"{TOOL_RESULT} x: feito"))
    assert (second["tool"], second["answerable"]) == (None, "tool")
    assert second["bubbles"][0].startswith("Marcado")


def test_what_was_said_before_tells_equal_bursts_apart(conversations: list[SampleConversation]) -> None:
    """The same words in two conversations are told apart by the history."""
    oracle = Oracle(SAMPLE_BUSINESS)
    chosen = next(one for one in conversations if one.id == "cs-015")
    draft = oracle.write(asked("pode sim por favor", earlier=(chosen.messages[0].text,)))
    assert draft["handoff_reason"] == "oferta_aceita"


def test_a_burst_without_label_is_refused_with_the_prompt(oracle: Oracle) -> None:
    """An oracle does not guess."""
    with pytest.raises(RequestRefused, match="nunca rotulado"):
        oracle.write(asked("nunca rotulado"))


def test_a_prompt_that_lost_a_message_is_told(conversations: list[SampleConversation]) -> None:
    """The runner knows which turn it plays; what the prompt lacks of it is noted."""
    oracle = Oracle(SAMPLE_BUSINESS)
    oracle.pin = Pin(conversations[0], conversations[0].turns[0])
    oracle.write(asked("oi bom dia", "qnt ta a limpeza?"))
    assert len(oracle.complaints) == 1
    assert "e demora mto?" in oracle.complaints[0]
