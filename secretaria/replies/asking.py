"""The calls to the model within one turn: each is read back, one broken answer is repaired, and all of it is counted."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from loguru import logger

from secretaria import metrics
from secretaria.context.prompt import ChatMessage
from secretaria.context.schema import Draft, DraftUnreadable, json_schema, parse_draft
from secretaria.llm.chat import Chat, ChatAnswer, ChatMisconfigured, ChatRequest, ChatUnavailable
from secretaria.replies.instructions import repair_instruction

SCHEMA_NAME = "resposta_da_secretaria"
UNREADABLE = "unreadable_draft"
PURPOSES = {"repair": "repair", "regeneration": "regeneration"}  # all other steps are the reply itself
QUOTED_ANSWER = 2_000  # of a broken answer, as the model is shown it again


class NoDraft(Exception):  # errors are named for what is wrong
    """The model gave nothing that can be used.

    Attributes:
        cause: Code from the closed set of the counter.
    """

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """What came back from one call, before anybody read it.

    Attributes:
        step: What the call was for.
        text: As the model wrote it; empty where there was no answer.
        cause: Why there was none; empty where there was one.
    """

    step: str
    text: str = ""
    model: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cause: str = ""


class Asking:
    """One turn's way to the model.

    Attributes:
        answers: What each call brought, in order.
        calls: How often the model was asked.
        model: The one that answered last; None before.
        seconds: Time spent in calls.
        steps: Seconds by step.
    """

    def __init__(self, chat: Chat, turn_id: int, conversation_id: int) -> None:
        """Begin a turn.

        Args:
            chat: The way to the model.
            turn_id: However often it is asked, the model's circuit breaker counts it once.
            conversation_id: Whose share of the budget pays.
        """
        self._chat = chat
        self._unit = f"turn:{turn_id}"
        self._conversation_id = conversation_id
        self._repaired = False
        self.answers: list[RawAnswer] = []
        self.calls = 0
        self.model: str | None = None
        self.prompt_tokens = 0
        self.completion_tokens = 0
        self.cost_micros = 0
        self.seconds = 0.0
        self.steps: dict[str, float] = {}

    def draft(self, messages: Sequence[ChatMessage], step: str) -> Draft:
        """Ask for a draft; an answer that is none is shown to the model once a turn, with what is wrong.

        Args:
            messages: The whole prompt.
            step: What the call is for, as the reply keeps it.

        Raises:
            NoDraft: The model is down, or twice wrote something else.
        """
        answer = self._call(messages, step)
        try:
            return parse_draft(answer.text)
        except DraftUnreadable as error:
            problems = error.problems
        logger.bind(step=step, repaired_before=self._repaired).info("draft_unreadable")
        if self._repaired:
            raise NoDraft(UNREADABLE)
        self._repaired = True
        shown: ChatMessage = {"role": "assistant", "content": answer.text[:QUOTED_ANSWER]}
        repaired = self._call([*_before_burst(messages), shown, repair_instruction(problems), messages[-1]], "repair")
        try:
            return parse_draft(repaired.text)
        except DraftUnreadable:
            pass
        raise NoDraft(UNREADABLE)  # outside the except, so that no cause carries the customer's words along

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Count the time of a step that is no call to the model."""
        begun = time.monotonic()
        try:
            yield
        finally:
            self.steps[step] = self.steps.get(step, 0.0) + time.monotonic() - begun

    def _call(self, messages: Sequence[ChatMessage], step: str) -> ChatAnswer:
        request = ChatRequest(
            messages=tuple(messages),
            schema_name=SCHEMA_NAME,
            schema=json_schema(),
            unit=self._unit,
            conversation_id=self._conversation_id,
            purpose=PURPOSES.get(step, "reply"),
        )
        self.calls += 1
        begun = time.monotonic()
        try:
            answer = self._chat.complete(request)
        except (ChatUnavailable, ChatMisconfigured) as error:
            self.answers.append(RawAnswer(step, cause=error.cause))
            raise NoDraft(error.cause) from None
        finally:
            spent = time.monotonic() - begun
            self.seconds += spent
            self.steps[step] = self.steps.get(step, 0.0) + spent
        metrics.LLM_LATENCY.observe(spent)
        self.answers.append(RawAnswer(step, answer.text, answer.model, answer.prompt_tokens, answer.completion_tokens))
        self.model = answer.model
        self.prompt_tokens += answer.prompt_tokens
        self.completion_tokens += answer.completion_tokens
        self.cost_micros += answer.cost_micros
        return answer


def _before_burst(messages: Sequence[ChatMessage]) -> Sequence[ChatMessage]:
    """Everything but the burst, which stays the last word, so that the model answers the customer."""
    return messages[:-1]
