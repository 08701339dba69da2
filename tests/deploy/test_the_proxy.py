"""The proxy that is shipped, from outside: what it refuses, what it lets through unbuffered, and what it holds while the service is away."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx
import pytest

from secretaria.settings.env_file import write_values
from secretaria.simulation.phone import text_event
from tests.acceptance.commands import secretaria
from tests.builders import SECRET, signed
from tests.deploy.installation import Installation, OpenInstallation, eventually

PASSWORD = "praia-de-iracema-4471"
TRICKLE_SECONDS = 45.0  # the proxy closes after 10; beyond that only a busy machine
IDLE_SECONDS = 60.0  # the longest of the proxy's time-outs between two words of the service
LIMIT = 1024 * 1024
SLOW = 20
HEAD = "POST /webhook/whaticket HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n{"


@dataclass
class Followed:
    """A live stream of the panel, read by a thread.

    Attributes:
        began: When it was opened, on the clock that only goes forward.
        lines: What came, and when.
        ended: When it was closed, or None.
    """

    began: float = field(default_factory=time.monotonic)
    lines: list[tuple[float, str]] = field(default_factory=list)
    ended: float | None = None

    def read(self, client: httpx.Client, token: str) -> None:
        """Read it to its end."""
        asked = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
        try:
            with client.stream("GET", "/painel/ao-vivo", headers=asked, timeout=None) as answer:
                answer.raise_for_status()
                for line in answer.iter_lines():
                    self.lines.append((time.monotonic(), line))
        except httpx.HTTPError as error:
            self.lines.append((time.monotonic(), repr(error)))
        self.ended = time.monotonic()


@dataclass
class Door:
    """An installation of before there was a role for service and workers, and what was seen of it from its first moment on.

    Attributes:
        shop: The installation.
        first: What the first event heard that reached the proxy.
        followed: A stream that was opened then.
    """

    shop: Installation
    first: int
    followed: Followed


@pytest.fixture(scope="module")
def door(open_shop: OpenInstallation) -> Iterator[Door]:
    """Start an installation, knock at once, and follow the panel from then on."""
    shop = open_shop(POSTGRES_APP_PASSWORD="")
    shop.bring_up()
    first = eventually(lambda: answer_of(shop, "5520900008000", "bom dia"), bool)
    shop.wait_until_ready()
    shop.inside("api", "secretaria", "attendants", "add", "dora", "--role", "owner", "--stdin", stdin=f"{PASSWORD}\n")
    followed = Followed()
    with httpx.Client(base_url=shop.url, verify=shop.unverified(), trust_env=False, timeout=60) as client:
        entered = client.post("/auth/token", json={"login": "dora", "password": PASSWORD})
        thread = threading.Thread(target=followed.read, args=(client, entered.json()["access_token"]), daemon=True)
        thread.start()
        yield Door(shop, first, followed)


def test_the_first_event_after_a_start_is_taken(door: Door) -> None:
    """As soon as the proxy listens an event is accepted, though the service may still be starting: it waits for it."""
    assert door.first == 202


def test_slow_bodies_are_closed_and_hold_nobody_up(door: Door) -> None:
    """Bodies that trickle end with 408, however long they would go on; meanwhile events are taken as ever."""
    with ThreadPoolExecutor(SLOW) as pool:
        slow = [pool.submit(trickled, door.shop) for _ in range(SLOW)]
        taken = [answer_of(door.shop, f"552090000810{number}", "bom dia") for number in range(5)]
        waited = sum(not one.done() for one in slow)
        answers = {one.result() for one in slow}
    assert taken == [202] * 5
    assert waited == SLOW  # the events were not merely answered once the slow ones had gone
    assert answers == {408}


@pytest.mark.parametrize("told", [True, False], ids=["length told", "in chunks"])
def test_a_body_over_the_limit_is_refused(door: Door, *, told: bool) -> None:
    """More than 1 MiB is 413, whether its length is told before or not."""
    body = b'{"x": "' + b"a" * (2 * LIMIT) + b'"}'
    content: bytes | Iterator[bytes] = body if told else (body[at : at + 65536] for at in range(0, len(body), 65536))
    with httpx.Client(verify=door.shop.unverified(), trust_env=False) as client:
        answer = client.post(f"{door.shop.url}/webhook/whaticket", content=content, timeout=30)
    assert answer.status_code == 413


def test_a_client_of_http_2_is_served(door: Door) -> None:
    """Over TLS, as browsers speak; an event too."""
    body, now = (
        json.dumps(text_event("5520900008200", "bom dia", secrets.token_hex(10), datetime.now(UTC), "Ana")),
        datetime.now(UTC),
    )
    headers = [f"{name.decode()}: {value.decode()}" for name, value in signed(body.encode(), now, SECRET).headers]
    for path, more, expected in (("/livez", [], "2 200"), ("/webhook/whaticket", ["--data-binary", body], "2 202")):
        named = [part for line in headers if more for part in ("--header", line)]
        shown = [
            "--silent",
            "--insecure",
            "--http2",
            "--output",
            os.devnull,
            "--write-out",
            "%{http_version} %{response_code}",
        ]
        ran = subprocess.run(
            ["curl", *shown, *named, *more, door.shop.url + path], capture_output=True, text=True, check=True
        )
        assert ran.stdout == expected


def test_events_of_the_panel_come_through_as_they_happen(door: Door) -> None:
    """What a customer writes reaches an open page at once, though the stream never ends: nothing gathers it on the way."""
    before = len(door.followed.lines)
    assert answer_of(door.shop, "5520900008300", "quanto custa a limpeza?") == 202
    heard = eventually(
        lambda: [line for _, line in door.followed.lines[before:]], lambda lines: "event: board" in lines
    )
    assert "event: board" in heard


@pytest.mark.long
def test_a_stream_outlives_the_time_outs(door: Door) -> None:
    """A page that is left open longer than any time-out between two words is still told of what happens."""
    eventually(lambda: time.monotonic() - door.followed.began, lambda open_for: open_for > IDLE_SECONDS + 3, 90)
    before = len(door.followed.lines)
    assert answer_of(door.shop, "5520900008301", "bom dia") == 202
    heard = eventually(
        lambda: [line for _, line in door.followed.lines[before:]], lambda lines: "event: board" in lines
    )
    assert "event: board" in heard
    assert door.followed.ended is None


def test_events_wait_while_only_the_service_is_restarted_and_made_anew(door: Door) -> None:
    """None is refused and none lost, while the service restarts and is then given the role that changes no schema."""
    shop, role = door.shop, {"POSTGRES_APP_PASSWORD": secrets.token_hex(16)}
    with writing(shop) as written:
        shop.compose("restart", "api")
        write_values(shop.folder / ".env", role, "O papel no banco.")
        migrated = secretaria("migrate", cwd=shop.folder)
        assert migrated.code == 0, migrated.err
        shop.compose("up", "--detach", "--no-deps", "api", "worker")
        time.sleep(2)
    assert set(written.values()) == {202}
    shop.ledger.wait_for(lambda sent: written.keys() <= {one.number for one in sent}, timeout=120)
    unanswered = written.keys() - {one.number for one in shop.ledger.sent()}
    assert unanswered == set()


def test_service_and_workers_change_no_schema(door: Door) -> None:
    """As the role they connect as, rows are read, and no table is made, changed or dropped; the owner's password is not theirs."""
    shop = door.shop
    for service in ("api", "worker"):
        told = shop.inside(service, "env")
        assert "//secretaria_app:" in told
        assert shop.env["POSTGRES_PASSWORD"] not in told
    address = f"postgresql://secretaria_app:{shop.env['POSTGRES_APP_PASSWORD']}@127.0.0.1/secretaria"
    counted = shop.inside("postgres", "psql", address, "--tuples-only", "--command", "SELECT count(*) > 0 FROM message")
    assert counted.strip() == "t"
    for statement in (
        "CREATE TABLE x (i int)",
        "DROP TABLE message",
        "ALTER TABLE message ADD COLUMN x int",
        "CREATE DATABASE x",
    ):
        with pytest.raises(AssertionError, match=r"permission denied|must be owner"):
            shop.inside("postgres", "psql", address, "--set", "ON_ERROR_STOP=1", "--command", statement)


def answer_of(shop: Installation, number: str, text: str) -> int:
    """Post an event and return its status; 0 where nobody listens yet."""
    try:
        return shop.post(number, text).status_code
    except httpx.TransportError:
        return 0


def trickled(shop: Installation) -> int:
    """Send a body a byte at a time until it is answered; return the status, 0 where nobody minded."""
    began, context = time.monotonic(), shop.unverified()
    with (
        socket.create_connection(("127.0.0.1", shop.https_port), timeout=30) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as wrapped,
    ):
        wrapped.sendall(HEAD.encode())
        wrapped.settimeout(0.5)
        while time.monotonic() - began < TRICKLE_SECONDS:
            try:
                answered = wrapped.recv(4096)
            except TimeoutError:
                wrapped.sendall(b" ")
                continue
            return int(answered.split()[1]) if answered else 0
    return 0


@contextmanager
def writing(shop: Installation) -> Iterator[dict[str, int | str]]:
    """Let customers write, each once, about six a second for as long as the block takes; each one's answer is noted."""
    written: dict[str, int | str] = {}
    over = threading.Event()

    def write(customer: int) -> None:
        with httpx.Client(verify=shop.unverified(), trust_env=False) as client:
            for count in range(1000):
                if over.wait(1.0):
                    return
                number = f"55209{customer:02d}{count:06d}"
                try:
                    written[number] = shop.post(number, "bom dia", client=client).status_code
                except httpx.TransportError as error:
                    written[number] = repr(error)

    threads = [threading.Thread(target=write, args=(customer,)) for customer in range(4)]
    for thread in threads:
        thread.start()
    try:
        yield written
    finally:
        over.set()
        for thread in threads:
            thread.join(90)
