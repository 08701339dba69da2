"""The port to Whaticket over HTTP: one POST a text, repeated only where nothing can have left."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import httpx
import stamina

from secretaria.clock import Clock
from secretaria.errors import ConfigurationError, Unavailable
from secretaria.outside import outside
from secretaria.settings import Flavour
from secretaria.whaticket.flavours import EmptyText, classify, read_error, send_request
from secretaria.whaticket.gateway import Outcome, SendResult

SEND_PATH = b"/api/messages/send"
KEEPALIVE_SECONDS = 3.0  # Whaticket closes idle connections after 5: a send must not meet a closing one
HEADERS = {"Accept": "*/*", "Accept-Encoding": "identity", "Connection": "keep-alive", "User-Agent": "secretaria"}
MAX_ANSWER_BYTES = 64 * 1024
MAX_RETRY_AFTER_SECONDS = 3600
TOKEN = re.compile(r"[!-~]+")
RETRY_AFTER = re.compile(r"[0-9]{1,9}")

# Together with the time-outs of one attempt this stays within the 20 s of lease that a sender keeps in hand.
CONNECT_ATTEMPTS = 3
ANSWERED_ATTEMPTS = 2
RETRIES_SECONDS = 3.0


class HttpGateway:
    """Hands texts to one Whaticket connection; threads may share it."""

    def __init__(
        self,
        url: str,
        token: str,
        flavour: Flavour,
        *,
        connect_timeout: float,
        read_timeout: float,
        clock: Clock,
    ) -> None:
        """Open nothing yet; connections are made by the first call.

        Args:
            url: Address of the Whaticket back end, without the path of the API.
            token: The API token.
            flavour: The edition, which decides the request and what its answers prove.
            connect_timeout: Seconds to connect, and to wait for a free connection.
            read_timeout: Seconds to wait for the answer.
            clock: Tells when the next minute begins, for the edition that limits sends by the minute.

        Raises:
            ConfigurationError: The address or the token cannot be used.
        """
        if not TOKEN.fullmatch(token):
            raise ConfigurationError("WHATICKET_TOKEN está vazio ou tem espaços ou acentos", "copie o token de novo")
        self._flavour = flavour
        self._clock = clock
        self._answer_seconds = connect_timeout + read_timeout
        base = checked_url(url)
        root = base.raw_path.rstrip(b"/")
        self._front, self._sends = (base.copy_with(raw_path=root + path) for path in (b"/", SEND_PATH))
        self._headers = httpx.Headers({**HEADERS, "Authorization": f"Bearer {token}"})
        self._limits = httpx.Timeout(read_timeout, connect=connect_timeout, pool=connect_timeout).as_dict()
        self._transport = httpx.HTTPTransport(limits=httpx.Limits(keepalive_expiry=KEEPALIVE_SECONDS), trust_env=False)

    def send_text(self, number: str, body: str) -> SendResult:
        """Hand over one text, once; what surely did not leave is tried again for a few seconds.

        Args:
            number: Digits exactly as they were received.
            body: What the customer should read.
        """
        try:
            request = send_request(self._flavour, number, body)
        except EmptyText:
            return SendResult(Outcome.REFUSED, error="empty_text")
        with suppress(_SurelyNotSent):
            for attempt in stamina.retry_context(
                on=_SurelyNotSent,
                attempts=CONNECT_ATTEMPTS,
                timeout=RETRIES_SECONDS,
                wait_initial=0.2,
                wait_jitter=0.2,
            ):
                with attempt:
                    result = self._post(request)
                    if _worth_repeating(result, attempt.num):
                        raise _SurelyNotSent
        return result

    def ping(self) -> None:
        """Return when Whaticket answers HTTP at all, whatever it says.

        Raises:
            Unavailable: Nothing answers.
        """
        try:
            with self._asked("GET", self._front):
                return
        except httpx.HTTPError as error:
            raise Unavailable(
                f"o Whaticket não responde ({type(error).__name__})",
                "confira WHATICKET_URL e se o Whaticket está no ar",
            ) from error

    def close(self) -> None:
        """Close the connections kept open."""
        self._transport.close()

    def _post(self, request: dict[str, object]) -> SendResult:
        deadline = time.monotonic() + self._answer_seconds
        try:
            with outside(), self._asked("POST", self._sends, request) as response:
                answer = read_whole(response, deadline, MAX_ANSWER_BYTES)
        except httpx.HTTPError as error:
            return classify_failure(error)
        return classify(
            self._flavour,
            response.status_code,
            read_error(answer),
            now=self._clock.now(),
            retry_after_seconds=_retry_after(response),
        )

    @contextmanager
    def _asked(
        self, method: str, address: httpx.URL, request: dict[str, object] | None = None
    ) -> Iterator[httpx.Response]:
        """Hand a request to the transport; the client that httpx puts around it follows and remembers what we must not."""
        limits = {"timeout": self._limits}
        asked = httpx.Request(method, address, headers=self._headers, json=request, extensions=limits)
        response = self._transport.handle_request(asked)
        try:
            yield response
        finally:
            response.close()


class _SurelyNotSent(Exception):
    """Tells the retries to go on; it carries nothing, since they log what they are given."""


def classify_failure(error: httpx.HTTPError) -> SendResult:
    """Say what a call that ended without an answer proves: once a connection stood, bytes may have left."""
    never_connected = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
    return SendResult(Outcome.NOT_SENT if never_connected else Outcome.UNKNOWN, error=type(error).__name__)


def checked_url(url: str) -> httpx.URL:
    """Return the address of a Whaticket back end.

    Raises:
        ConfigurationError: It holds more, or less, than protocol, server and path.
    """
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        parsed = httpx.URL()
    usable = parsed.scheme in {"http", "https"} and parsed.host
    if not usable or parsed.userinfo or parsed.query or parsed.fragment:
        raise ConfigurationError(
            "WHATICKET_URL não é um endereço utilizável", "use só protocolo e servidor: https://api.exemplo.com.br"
        )
    return parsed


def _worth_repeating(result: SendResult, attempt: int) -> bool:
    if result.outcome is not Outcome.NOT_SENT or result.retry_after_seconds is not None:
        return False
    return attempt < (CONNECT_ATTEMPTS if result.status is None else ANSWERED_ATTEMPTS)


def read_whole(response: httpx.Response, deadline: float, limit: int) -> bytes:
    """Read an answer whole; one that drips or never ends counts as one that did not come.

    Args:
        response: An open stream.
        deadline: Until when, on the monotonic clock.
        limit: Bytes at most.

    Raises:
        ReadTimeout: It does not end.
    """
    answer = bytearray()
    for chunk in response.iter_raw():
        answer += chunk
        if len(answer) > limit or time.monotonic() > deadline:
            raise httpx.ReadTimeout("the answer does not end")
    return bytes(answer)


def _retry_after(response: httpx.Response) -> float | None:
    told = response.headers.get("Retry-After", "")
    return float(min(int(told), MAX_RETRY_AFTER_SECONDS)) if RETRY_AFTER.fullmatch(told) else None
