"""The oracle suite: with a model that says what the labels say, everything around the model must do what they say."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from secretaria.evaluation.labelled import Bench, play_graded
from secretaria.evaluation.outside import OUTSIDE
from secretaria.evaluation.results import Mismatch, SuiteResult, TurnResult
from secretaria.evaluation.scratch import forget_everything
from secretaria.llm.chat import Chat
from secretaria.llm.openai_chat import OpenAIChat
from secretaria.simulation.llm_oracle import Oracle, Pin
from secretaria.simulation.llm_protocol import MODEL, Writer
from secretaria.simulation.llm_server import create_llm
from secretaria.simulation.rhythm import SampleConversation, SampleTurn, load_conversations
from secretaria.simulation.serving import LocalServer

SUITE = "oracle"
ANSWER_SECONDS = 20.0


def run_oracle(bench: Bench) -> SuiteResult:
    """Play every labelled conversation of a business.

    Raises:
        BusinessInvalid: The folder is no business.
        SampleInvalid: Its conversations cannot be read.
    """
    begun = time.monotonic()
    conversations = load_conversations(bench.folder)
    oracle = Oracle(bench.folder)
    oracle.lookup = OUTSIDE
    results: list[TurnResult] = []
    forget_everything(bench.engine)
    with simulated_chat(bench.folder, oracle) as chat:
        for conversation in conversations:
            for result in _conversation(bench, chat, oracle, conversation):
                results.append(result)
                bench.on_turn(result)
    return SuiteResult(
        suite=SUITE,
        business=bench.folder.name,
        model=MODEL,
        results=tuple(results),
        seconds=time.monotonic() - begun,
        measures={"conversations": len(conversations)},
    )


@contextmanager
def simulated_chat(folder: Path, writer: Writer) -> Iterator[Chat]:
    """Serve a simulated model over real HTTP and connect to it as the product does."""
    with LocalServer(create_llm(folder, delay_seconds=0.0, writer=writer)) as server:
        chat = OpenAIChat(
            api_key="simulada",
            base_url=f"{server.url}/v1",
            model=MODEL,
            fallback_model="",
            timeout_seconds=ANSWER_SECONDS,
            max_output_tokens=900,
            temperature=0.0,
        )
        try:
            yield chat
        finally:
            chat.close()


def _conversation(bench: Bench, chat: Chat, oracle: Oracle, conversation: SampleConversation) -> Iterator[TurnResult]:
    """Tell the oracle which turn comes, and count what the prompt lacked of it as a mismatch too."""

    def announce(turn: SampleTurn) -> None:
        oracle.pin, oracle.complaints = Pin(conversation, turn), []

    for result in play_graded(bench, chat, oracle.tools, conversation, all_sources=True, announce=announce):
        lost = [
            Mismatch(conversation.id, result.turn, "prompt", "a rajada inteira", text) for text in oracle.complaints
        ]
        yield replace(result, mismatches=(*result.mismatches, *lost))
