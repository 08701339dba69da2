"""The client of an OpenAI-compatible service: no hidden retries, a deadline for the whole answer, errors by their meaning."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Iterator, Mapping
from typing import cast

import httpx2  # what openai speaks HTTP with
import openai

from secretaria.llm.chat import ChatMisconfigured, ChatUnavailable

CONNECT_SECONDS = 3.0
THREADS_A_CLIENT, MOST_CLIENTS = 16, 64

MEANINGS: tuple[tuple[type[openai.OpenAIError], type[ChatUnavailable | ChatMisconfigured], str], ...] = (
    (openai.APITimeoutError, ChatUnavailable, "timeout"),
    (openai.RateLimitError, ChatUnavailable, "rate_limited"),
    (openai.AuthenticationError, ChatMisconfigured, "unauthorized"),
    (openai.PermissionDeniedError, ChatMisconfigured, "unauthorized"),
    (openai.NotFoundError, ChatMisconfigured, "unknown_model"),
    (openai.BadRequestError, ChatMisconfigured, "bad_request"),
    (openai.UnprocessableEntityError, ChatMisconfigured, "bad_request"),
    (openai.InternalServerError, ChatUnavailable, "server_error"),
    (openai.APIConnectionError, ChatUnavailable, "unreachable"),
    (openai.OpenAIError, ChatUnavailable, "not_an_answer"),
)


class Clients:
    """Clients of one service, each shared by a few threads.

    The library's pool looks at each of its connections whenever a request begins or ends; with hundreds of threads that wait on
    one pool this costs more than the request itself.
    """

    def __init__(self, api_key: str, base_url: str, timeout_seconds: float) -> None:
        """Open nothing yet; connections are made by the first call.

        Args:
            api_key: Key of the service.
            base_url: Address that ends in ``/v1``; empty for the library's default.
            timeout_seconds: Seconds after which an answer must be whole.
        """
        self._api_key, self._base_url, self._timeout_seconds = api_key, base_url, timeout_seconds
        self._trust = httpx2.create_ssl_context()  # once: reading the authorities is most of what a client costs
        self._clients: list[openai.OpenAI] = []
        self._threads = itertools.count()
        self._growing = threading.Lock()
        self._here = threading.local()

    def mine(self) -> openai.OpenAI:
        """Return the client of the thread that asks."""
        client: openai.OpenAI | None = getattr(self._here, "client", None)
        if client is None:
            with self._growing:
                place = next(self._threads) // THREADS_A_CLIENT % MOST_CLIENTS
                if place == len(self._clients):
                    self._clients.append(self._open())
                client = self._here.client = self._clients[place]
        return client

    def close(self) -> None:
        """Release the connections."""
        for client in self._clients:
            client.close()

    def _open(self) -> openai.OpenAI:
        return openai.OpenAI(
            api_key=self._api_key,
            base_url=self._base_url or None,
            timeout=limits_of(self._timeout_seconds),
            max_retries=0,  # the turn decides what another try is worth, never a hidden loop inside a client
            http_client=openai.DefaultHttpxClient(
                verify=self._trust, event_hooks={"request": [_set_deadline], "response": [_keep_to_it]}
            ),
        )


def ask_for_json(client: openai.OpenAI, path: str, body: Mapping[str, object], seconds: float) -> object:
    """Post a request as it is, and return the JSON of the answer as it came.

    The library's own methods take a request through their types, every word of a schema at every call, and build objects of
    the answer without checking them: a third of what a call costs, for nothing that is used here.

    Args:
        client: Whose connections, key and errors are used.
        path: Of the endpoint, behind the base address.
        body: The request.
        seconds: Until when the answer must be whole.

    Raises:
        OpenAIError: No answer, or a refusal.
        ValueError: The answer is no JSON.
        RecursionError: It is nested without end.
    """
    answer = client.post(path, cast_to=httpx2.Response, body=dict(body), options={"timeout": limits_of(seconds)})
    return json.loads(answer.content)


def limits_of(seconds: float) -> openai.Timeout:
    """Limit a call: little time to connect, the whole time for the rest."""
    return openai.Timeout(seconds, connect=min(CONNECT_SECONDS, seconds))


def meaning_of(error: openai.OpenAIError) -> ChatUnavailable | ChatMisconfigured:
    """Return an error of the library as one of ours."""
    return next(meaning(cause) for kind, meaning, cause in MEANINGS if isinstance(error, kind))


class _Punctual(httpx2.SyncByteStream):
    """A body that must be whole by a deadline: the library only limits silence, and some proxies drip blanks."""

    def __init__(self, stream: httpx2.SyncByteStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._stream:
            if time.monotonic() > self._deadline:
                raise httpx2.ReadTimeout("the answer does not end")
            yield chunk

    def close(self) -> None:
        """Close the body below."""
        self._stream.close()


def _set_deadline(request: httpx2.Request) -> None:
    request.extensions["deadline"] = time.monotonic() + request.extensions["timeout"]["read"]


def _keep_to_it(response: httpx2.Response) -> None:
    stream = cast("httpx2.SyncByteStream", response.stream)
    response.stream = _Punctual(stream, response.request.extensions["deadline"])
