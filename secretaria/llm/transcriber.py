"""The way to a model that listens: one audio file in, its words out, through any OpenAI-compatible service."""

from __future__ import annotations

from typing import Any, Protocol

import openai

from secretaria.breaker import Breaker
from secretaria.llm.budget import Budget
from secretaria.llm.chat import BREAKER_OPEN, ChatMisconfigured, ChatUnavailable, breaker_name
from secretaria.llm.openai_client import Clients, meaning_of
from secretaria.outside import outside

BILLED_CAUSES = frozenset({"timeout", "not_an_answer"})


class Transcriber(Protocol):
    """Something that listens."""

    def transcribe(self, audio: bytes, file_name: str, seconds: float, conversation_id: int) -> str:
        """Return the words of an audio file, empty where none are heard.

        Args:
            audio: The file.
            file_name: Its name, whose ending tells the format.
            seconds: Its length, which is what is paid for.
            conversation_id: Whose budget pays.

        Raises:
            ChatUnavailable: No usable answer came in time: ``BudgetUsedUp`` where nothing pays for it.
            ChatMisconfigured: The service refuses how we ask.
        """
        ...

    def close(self) -> None:
        """Release the connections."""
        ...


class OpenAITranscriber:
    """One for all threads of a process."""

    def __init__(
        self,
        *,
        api_key: str,
        base_url: str,
        model: str,
        language: str,
        timeout_seconds: float,
        breaker: Breaker | None = None,
        budget: Budget | None = None,
    ) -> None:
        """Open nothing yet; connections are made by the first call.

        Args:
            api_key: Key of the service.
            base_url: Address that ends in ``/v1``; empty for the library's default.
            model: The model that listens.
            language: ISO 639-1 code of what is probably spoken; empty where the model should find out.
            timeout_seconds: Seconds after which it is given up.
            breaker: Asked before each call; without it the service is always asked.
            budget: Pays for each call; without it nobody counts.
        """
        self._clients = Clients(api_key, base_url, timeout_seconds)
        self._base_url = base_url
        self._model = model
        self._hints: dict[str, Any] = {"language": language} if language else {}
        self._timeout_seconds = timeout_seconds
        self._breaker = breaker
        self._budget = budget

    def transcribe(self, audio: bytes, file_name: str, seconds: float, conversation_id: int) -> str:
        """Return the words of an audio file, empty where none are heard; see ``Transcriber``."""
        if self._budget is None:
            return self._ask_if_allowed(audio, file_name)
        hold = self._budget.reserve(conversation_id, self._model, purpose="transcription", audio_seconds=seconds)
        try:
            words = self._ask_if_allowed(audio, file_name)
        except (ChatUnavailable, ChatMisconfigured) as error:
            hold.settle() if error.cause in BILLED_CAUSES else hold.release()
            raise
        except BaseException:
            hold.settle()
            raise
        hold.settle()
        return words

    def close(self) -> None:
        """Release the connections."""
        self._clients.close()

    def _ask_if_allowed(self, audio: bytes, file_name: str) -> str:
        if self._breaker is None:
            return self._ask(audio, file_name)
        permit = self._breaker.allow(breaker_name(self._base_url, self._model), longest_seconds=self._timeout_seconds)
        if permit is None:
            raise ChatUnavailable(BREAKER_OPEN)
        try:
            words = self._ask(audio, file_name)
        except ChatMisconfigured:
            permit.succeed()
            raise
        except ChatUnavailable:
            permit.fail()
            raise
        permit.succeed()
        return words

    def _ask(self, audio: bytes, file_name: str) -> str:
        try:
            with outside():
                answer = self._clients.mine().audio.transcriptions.create(
                    model=self._model, file=(file_name, audio), response_format="json", **self._hints
                )
        except openai.OpenAIError as error:
            raise meaning_of(error) from error
        except (ValueError, RecursionError) as error:  # JSON that is none, or nested without end
            raise ChatUnavailable("not_an_answer") from error
        words = getattr(answer, "text", None)
        if not isinstance(words, str):
            raise ChatUnavailable("not_an_answer")
        return words.strip()
