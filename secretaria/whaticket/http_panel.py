"""The panel over HTTP: a user's JWT of 15 minutes, renewed before it ends and at most twice for one request."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, TypeVar

import httpx

from secretaria.clock import Clock
from secretaria.whaticket.fields import at
from secretaria.whaticket.flavours import ERROR_CODE, UNLISTED, read_error
from secretaria.whaticket.http_gateway import KEEPALIVE_SECONDS, checked_url, read_whole
from secretaria.whaticket.numbers import identity_key
from secretaria.whaticket.panel import (
    MessagePage,
    PanelClosed,
    PanelMessage,
    PanelUnavailable,
    Ticket,
    TicketPage,
    TicketStatus,
)
from secretaria.whaticket.times import read_time

TOKEN_LIFE = timedelta(minutes=15)  # the answer of a login tells no expiry (contract 0, fact 3)
RENEW_BEFORE = timedelta(minutes=1)
CLOSED_FOR = timedelta(minutes=1)  # some editions count the logins that fail
MAX_ANSWER_BYTES = 8 * 1024 * 1024
SEARCHED_DIGITS = 8  # the end of a number, which the ninth digit does not change
STATUSES: tuple[TicketStatus, ...] = ("open", "pending", "closed")
REFUSALS = (401, 403)

Found = TypeVar("Found")


class HttpPanel:
    """The panel of one Whaticket, as one of its users; threads may share it."""

    def __init__(
        self, url: str, email: str, password: str, *, connect_timeout: float, read_timeout: float, clock: Clock
    ) -> None:
        """Open nothing yet; the first call logs in.

        Args:
            url: Address of the Whaticket back end.
            email: Login of a user who sees the queues that matter.
            password: Password of that user.
            connect_timeout: Seconds to connect, and to wait for a free connection.
            read_timeout: Seconds to wait for an answer.
            clock: Tells how old the token is.

        Raises:
            ConfigurationError: The address cannot be used.
        """
        self._login = {"email": email, "password": password}
        self._clock = clock
        self._answer_seconds = connect_timeout + read_timeout
        self._session = threading.Lock()
        self._token = ""
        self._token_ends = clock.now()
        self._closed_until = clock.now()
        self._queues: list[int] = []
        self._client = httpx.Client(
            base_url=checked_url(url),
            headers={"Accept-Encoding": "identity"},
            timeout=httpx.Timeout(read_timeout, connect=connect_timeout, pool=connect_timeout),
            limits=httpx.Limits(keepalive_expiry=KEEPALIVE_SECONDS),
            follow_redirects=False,
            trust_env=False,
        )

    def list_tickets(self, status: TicketStatus, page: int = 1, *, search: str = "") -> TicketPage:
        """Return a page of the tickets with a status; this marks nothing as read."""
        token = self._living_token()
        query = {
            "status": status,
            "pageNumber": str(page),
            "showAll": "true",
            "queueIds": json.dumps(self._queues),
            "searchParam": search,
        }
        answer = self._ask(token, "GET", "/tickets", params=query)
        return TicketPage(_all(_ticket, answer.get("tickets")), has_more=answer.get("hasMore") is True)

    def find_tickets(self, number: str) -> Sequence[Ticket]:
        """Return the tickets of a person, those that somebody works on first."""
        person = identity_key(number)
        return [
            ticket
            for status in STATUSES
            for ticket in self.list_tickets(status, search=number[-SEARCHED_DIGITS:]).tickets
            if identity_key(ticket.number) == person and not ticket.is_group
        ]

    def messages(self, ticket_id: int, page: int = 1) -> MessagePage:
        """Return a page of a ticket's messages; this marks it as read and shows the customer "seen"."""
        query = {"pageNumber": str(page)}
        answer = self._ask(self._living_token(), "GET", f"/messages/{ticket_id}", params=query)
        newest_first = sorted(_all(_message, answer.get("messages")), key=lambda one: one.at, reverse=True)
        return MessagePage(newest_first, has_more=answer.get("hasMore") is True)

    def change_ticket(self, ticket_id: int, *, status: TicketStatus, user_id: int | None, queue_id: int) -> Ticket:
        """Give a ticket a status, a person or nobody, and a queue."""
        return self._change(ticket_id, {"status": status, "userId": user_id, "queueId": queue_id})

    def close_ticket(self, ticket_id: int) -> Ticket:
        """Close a ticket and leave the rest of it as it is."""
        return self._change(ticket_id, {"status": "closed"})

    def close(self) -> None:
        """Close the connections kept open."""
        self._client.close()

    def _change(self, ticket_id: int, fields: dict[str, object]) -> Ticket:
        answer = self._ask(self._living_token(), "PUT", f"/tickets/{ticket_id}", json=fields)
        changed = _ticket(answer)
        if changed is None:
            raise PanelUnavailable("unreadable")
        return changed

    def _ask(self, token: str, method: str, path: str, **request: Any) -> dict[str, Any]:  # noqa: ANN401  # httpx's own arguments
        """Ask once; a refused token is refreshed, and if that one is refused too, logged in for again, and no more."""
        status, answer = self._send(method, path, token, **request)
        for renew in (self._refresh_or_log_in, self._log_in):
            if status not in REFUSALS:
                break
            token = self._replace(token, renew)
            status, answer = self._send(method, path, token, **request)
        return _object(status, answer)

    def _living_token(self) -> str:
        with self._session:
            if self._clock.now() >= self._token_ends - RENEW_BEFORE:
                self._refresh_or_log_in()
            return self._token

    def _replace(self, refused: str, renew: Callable[[], None]) -> str:
        """Renew the token unless another thread has done so already."""
        with self._session:
            if self._token == refused:
                renew()
            return self._token

    def _refresh_or_log_in(self) -> None:
        if self._token and "jrt" in self._client.cookies:
            status, answer = self._send("POST", "/auth/refresh_token")
            if status not in REFUSALS:
                self._keep_session(_object(status, answer))
                return
        self._log_in()

    def _log_in(self) -> None:
        if self._clock.now() < self._closed_until:
            raise PanelClosed("login_refused")
        status, answer = self._send("POST", "/auth/login", json=self._login)
        if status in REFUSALS:
            self._closed_until = self._clock.now() + CLOSED_FOR
            raise PanelClosed("login_refused", status)
        self._keep_session(_object(status, answer))

    def _keep_session(self, answer: dict[str, Any]) -> None:
        token = answer.get("token")
        if not isinstance(token, str) or not token:
            raise PanelUnavailable("unreadable")
        self._token, self._token_ends = token, self._clock.now() + TOKEN_LIFE
        queues = at(answer, "user.queues")
        listed = [at(queue, "id") for queue in queues] if isinstance(queues, list) else []
        self._queues = [identifier for identifier in listed if isinstance(identifier, int)]

    def _send(self, method: str, path: str, token: str = "", **request: Any) -> tuple[int, bytes]:  # noqa: ANN401  # as above
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        deadline = time.monotonic() + self._answer_seconds
        try:
            with self._client.stream(method, path, headers=headers, **request) as response:
                return response.status_code, read_whole(response, deadline, MAX_ANSWER_BYTES)
        except httpx.HTTPError as error:
            raise PanelUnavailable(type(error).__name__) from error


def _object(status: int, answer: bytes) -> dict[str, Any]:
    """Read the JSON object of a good answer.

    Raises:
        PanelUnavailable: The answer is an error, or none that can be read.
    """
    if status != httpx.codes.OK:
        error = read_error(answer)
        raise PanelUnavailable(error if ERROR_CODE.fullmatch(error) else UNLISTED, status)
    try:
        parsed = json.loads(answer)
    except (ValueError, RecursionError) as error:
        raise PanelUnavailable("unreadable", status) from error
    if not isinstance(parsed, dict):
        raise PanelUnavailable("unreadable", status)
    return parsed


def _all(read: Callable[[object], Found | None], listed: object) -> list[Found]:
    """Read every item of a list; a list that is missing is an answer that does not count."""
    if not isinstance(listed, list):
        raise PanelUnavailable("unreadable")
    return [found for found in map(read, listed) if found is not None]


def _ticket(listed: object) -> Ticket | None:
    identifier, updated_at = at(listed, "id"), read_time(at(listed, "updatedAt"))
    if not isinstance(identifier, int) or updated_at is None:
        return None
    return Ticket(
        id=identifier,
        status=_text(at(listed, "status")),
        number=_text(at(listed, "contact.number")),
        name=_text(at(listed, "contact.name")),
        user_id=_number(at(listed, "userId")),
        queue_id=_number(at(listed, "queueId")),
        unread=_number(at(listed, "unreadMessages")) or 0,
        last_message=_text(at(listed, "lastMessage")),
        updated_at=updated_at,
        is_group=at(listed, "isGroup") is True,
    )


def _message(listed: object) -> PanelMessage | None:
    identifier, created_at = at(listed, "id"), read_time(at(listed, "createdAt"))
    if identifier is None or created_at is None:
        return None
    return PanelMessage(
        id=str(identifier),
        body=_text(at(listed, "body")),
        from_me=at(listed, "fromMe") is True,
        at=created_at,
        media_url=_text(at(listed, "mediaUrl")),
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
