"""What breaks from outside while customers write: engines, model, Whaticket, machines and clocks."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError

from secretaria.queue.broker import build_broker
from secretaria.queue.jobs import ANSWER_TURN, DELIVER_ITEM, FILE_EVENT
from secretaria.queue.publisher import QueuePublisher
from secretaria.settings import UnconfirmedPolicy
from secretaria.simulation.faults import LLM_MODES, LlmMode
from tests.chaos.crowd import Crowd
from tests.chaos.points import CHAT, SEND, NeverReached
from tests.chaos.proxy import TcpProxy, Trap
from tests.chaos.shop import ChaosShop

STOPPED_SECONDS = 60.0
FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
CLOCK_JUMP_SECONDS = 600
SEND_ANSWERS = 4  # one each of the failing sends is answered wrongly
OPEN_ROWS = (
    (FILE_EVENT, "SELECT id FROM inbox_event WHERE state = 'received'"),
    (ANSWER_TURN, "SELECT id FROM turn WHERE state IN ('waiting', 'answering')"),
    (DELIVER_ITEM, "SELECT id FROM outbox_item WHERE state IN ('pending', 'sending', 'unconfirmed')"),
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong outside.

    Attributes:
        says: What happens, for the table.
        breaks: Breaks it, waits, and mends it.
        seconds: During how much of it customers begin to write.
        crowd: How they write.
        clocks: Clocks that go wrong, by the name of the program.
        policy: What the owner wants done with sends in doubt.
        disk_megabytes: The size of the disk of the whole shop; 0 for that of the machine.
    """

    name: str
    says: str
    breaks: Callable[[ChaosShop], None]
    seconds: float = 20.0
    crowd: Crowd = field(default_factory=Crowd)
    clocks: Mapping[str, int] = field(default_factory=dict)
    policy: UnconfirmedPolicy = "hold"
    disk_megabytes: int = 0

    @property
    def can_be_done(self) -> bool:
        """Whether this machine has what it takes."""
        return not self.clocks or FAKETIME.exists()

    def variables(self) -> dict[str, dict[str, str]]:
        """Return what is added to the environment of each program."""
        ours: dict[str, str] = {"SECRETARIA__OUTBOX__UNCONFIRMED_POLICY": self.policy}
        added = {name: dict(ours) for name in ("serve", "worker-0", "worker-1")}
        for name, seconds in self.clocks.items():
            faked = {"LD_PRELOAD": str(FAKETIME), "FAKETIME": f"{seconds:+d}s"}
            added[name] |= faked | dict.fromkeys(("DONT_FAKE_MONOTONIC", "FAKETIME_DONT_FAKE_MONOTONIC"), "1")
        return added


def nothing(_: ChaosShop) -> None:
    """Break nothing: what is wrong is how customers or clocks are."""
    time.sleep(20)


def _freeze_worker(shop: ChaosShop, *, begins: bytes, passes: Literal["request", "answer"]) -> None:
    """Stop a worker with its request on the way for longer than its leases last, then let it go on."""
    sprung = threading.Event()

    def spring(port: int) -> None:
        frozen.append(shop.signal_caller(port, signal.SIGSTOP))
        sprung.set()

    frozen: list[object] = []
    (shop.llm if begins == CHAT else shop.whaticket).set(Trap(begins, passes, spring))
    if not sprung.wait(STOPPED_SECONDS):
        raise NeverReached(begins.decode())
    time.sleep(STOPPED_SECONDS)
    for name in shop.processes():
        shop.signal(name, signal.SIGCONT)


def _repeat_hints(shop: ChaosShop) -> None:
    """Give every hint again and again, to both workers at once."""
    broker = build_broker(shop.redis_url, timeout_seconds=5.0)
    publisher = QueuePublisher(broker)
    over = time.monotonic() + 20
    while time.monotonic() < over:
        with shop.engine.connect() as connection:
            for job, query in OPEN_ROWS:
                for identifier in connection.execute(text(query)).scalars():
                    for _ in range(4):
                        publisher.publish(job, str(identifier))
        time.sleep(0.1)
    broker.close()


def _restart_programs(shop: ChaosShop) -> None:
    """Ask every program to end, one after the other, as a release does; each has a minute."""
    for name in ("serve", "worker-0", "worker-1", "serve", "worker-0"):
        running = shop.processes().get(name)
        shop.signal(name, signal.SIGTERM)
        deadline = time.monotonic() + STOPPED_SECONDS
        while running is not None and running == shop.processes().get(name):
            if time.monotonic() > deadline:
                raise AssertionError(f"{name} did not end")
            time.sleep(0.1)
        time.sleep(4)


def _often(action: Callable[[ChaosShop], None], *, times: int, pause: float) -> Callable[[ChaosShop], None]:
    def act(shop: ChaosShop) -> None:
        for _ in range(times):
            action(shop)
            time.sleep(pause)

    return act


def _stop_valkey(shop: ChaosShop) -> None:
    shop.signal_valkey(signal.SIGSTOP)
    time.sleep(90)
    shop.signal_valkey(signal.SIGCONT)


def _fill_valkey(shop: ChaosShop) -> None:
    with shop.redis() as client:
        client.config_set("maxmemory", "1")
        time.sleep(20)
        client.config_set("maxmemory", "0")


def _stop_postgres(shop: ChaosShop) -> None:
    shop.signal_postgres(signal.SIGSTOP, sessions=True)
    time.sleep(30)
    shop.signal_postgres(signal.SIGCONT, sessions=True)


def _end_sessions(shop: ChaosShop) -> None:
    """Cut every session but our own."""
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
    _tell_postgres(shop, end)


def _make_read_only(shop: ChaosShop) -> None:
    _tell_postgres(shop, "ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()")
    time.sleep(20)
    write = "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE"
    _tell_postgres(shop, write, "ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()")


def _tell_postgres(shop: ChaosShop, *statements: str) -> None:
    with shop.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for statement in statements:
            try:
                connection.execute(text(statement))
            except (OperationalError, DBAPIError):
                return


def _fill_disk(shop: ChaosShop) -> None:
    """Leave not a byte for anybody: PostgreSQL cannot write, and neither can the spool of the door."""
    filler = shop.home / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"\0" * 65_536)
    time.sleep(20)
    filler.unlink()


def _weather(which: str, weather: Literal["stall", "refuse"], seconds: float = 20.0) -> Callable[[ChaosShop], None]:
    def act(shop: ChaosShop) -> None:
        proxies: list[TcpProxy] = [getattr(shop, name) for name in which.split()]
        for proxy in proxies:
            proxy.turn(weather)
        time.sleep(seconds)
        for proxy in proxies:
            proxy.turn("fair")

    return act


def _model(mode: LlmMode) -> Callable[[ChaosShop], None]:
    def act(shop: ChaosShop) -> None:
        shop.llm_faults.mode = mode
        time.sleep(20)
        shop.llm_faults.mode = "answer"

    return act


def _answers(fault: str, *, shown_after: float = 0.0, times: int = SEND_ANSWERS) -> Callable[[ChaosShop], None]:
    def act(shop: ChaosShop) -> None:
        shop.send_faults.shown_after_seconds = shown_after
        shop.send_faults.fail_next(fault, times)
        time.sleep(20)

    return act


def _cut_answers(shop: ChaosShop) -> None:
    """Break the connection in the middle of an answer, again and again."""
    over = time.monotonic() + 20
    while time.monotonic() < over:
        sprung = threading.Event()
        shop.whaticket.set(Trap(SEND, "cut", lambda _, told=sprung: told.set()))  # type: ignore[misc]
        sprung.wait(max(over - time.monotonic(), 0.0))
        time.sleep(2)


def _kill_workers(shop: ChaosShop) -> None:
    for name in ("worker-0", "worker-1") * 3:
        shop.signal(name)
        time.sleep(3)


MODEL_FAULTS: tuple[tuple[str, str], ...] = (
    ("rate_limited", "answers 429"),
    ("error_500", "answers 500"),
    ("timeout", "takes the request and never answers"),
    ("drip", "answers a few bytes at a time, for ever"),
    ("broken_json", "answers half a JSON"),
    ("empty", "answers with nothing"),
    ("huge", "answers a megabyte"),
    ("html", "answers a page of a proxy"),
)

OUTSIDE = (
    Fault("worker frozen, sending", "SIGSTOP for 60 s as the answer to a send comes, then SIGCONT",
          partial(_freeze_worker, begins=SEND, passes="answer"), seconds=10),
    Fault("worker frozen, thinking", "SIGSTOP for 60 s while the model writes, then SIGCONT",
          partial(_freeze_worker, begins=CHAT, passes="request"), seconds=10),
    Fault("same hints", "every hint is given to the workers again and again for 20 s", _repeat_hints),
    Fault("restarts", "SIGTERM of the service and the workers in turn, as a release does", _restart_programs),
    Fault("Valkey stopped", "SIGSTOP for 90 s", _stop_valkey, seconds=90),
    Fault("Valkey forgets", "FLUSHALL once a second for 20 s", _often(ChaosShop.flush_valkey, times=20, pause=1)),
    Fault("Valkey killed", "kill -9, four times in 20 s", _often(ChaosShop.kill_valkey, times=4, pause=5)),
    Fault("Valkey full", "maxmemory reached for 20 s: nothing can be written", _fill_valkey),
    Fault("PostgreSQL killed", "kill -9, four times in 20 s", _often(ChaosShop.kill_postgres, times=4, pause=5)),
    Fault("PostgreSQL restarted", "every 5 s for 40 s",
          _often(partial(ChaosShop.signal_postgres, number=signal.SIGINT), times=8, pause=5), seconds=40),
    Fault("PostgreSQL sessions ended", "pg_terminate_backend of all, twice a second for 20 s",
          _often(_end_sessions, times=40, pause=0.5)),
    Fault("PostgreSQL stopped", "SIGSTOP of it and its sessions for 30 s", _stop_postgres, seconds=30),
    Fault("PostgreSQL read-only", "for 20 s", _make_read_only),
    Fault("disk full", "for 20 s: neither PostgreSQL nor the door's spool can write", _fill_disk, disk_megabytes=200),
    Fault("model refused", "nobody listens for 20 s", _weather("llm", "refuse")),
    Fault("model hangs", "connections are taken and nothing passes for 20 s", _weather("llm", "stall")),
    *(Fault(f"model {mode}", f"{says}, for 20 s", _model(mode))
      for mode, says in MODEL_FAULTS if mode in LLM_MODES),
    Fault("Whaticket refused", "nobody listens for 20 s", _weather("whaticket", "refuse")),
    Fault("Whaticket hangs", "connections are taken and nothing passes for 20 s", _weather("whaticket", "stall")),
    Fault("Whaticket 400 after sending", "four times", _answers("400_after_send")),
    Fault("Whaticket 500 after sending", "four times", _answers("500_after_send")),
    Fault("Whaticket reset after sending", "four times", _answers("reset_after_send")),
    Fault("Whaticket answer cut", "half of it comes, again and again for 20 s", _cut_answers),
    Fault("Whaticket 401", "the token is refused twice, a minute apart", _answers("ERR_INVALID_API_TOKEN", times=2)),
    Fault("Whaticket 429", "the limit of the minute, four times", _answers("ERR_RATE_LIMIT_EXCEEDED")),
    Fault("shown 5 s late", "500 after sending, four times", _answers("500_after_send", shown_after=5)),
    Fault("shown 30 s late", "500 after sending, four times", _answers("500_after_send", shown_after=30)),
    Fault("shown 200 s late", "500 after sending, four times: later than it is looked for",
          _answers("500_after_send", shown_after=200)),
    Fault("shown 200 s late, hold_all", "the same, where the owner wants no repetition",
          _answers("500_after_send", shown_after=200), policy="hold_all"),
    Fault("webhook repeated", "each event is posted three times, the first message last", nothing,
          crowd=Crowd(repeated=3, backwards=True)),
    Fault("webhook lost", "Whaticket posts nothing: only its tickets tell", nothing, crowd=Crowd(posted=False)),
    Fault("no network", "neither Valkey nor model nor Whaticket, for 30 s",
          _weather("valkey llm whaticket", "stall", 30), seconds=30),
    Fault("clock ahead", "one worker's clock is ten minutes ahead", _kill_workers,
          clocks={"worker-0": CLOCK_JUMP_SECONDS}),
    Fault("clock behind", "one worker's clock is ten minutes behind", _kill_workers,
          clocks={"worker-0": -CLOCK_JUMP_SECONDS}),
    Fault("a person answers", "while workers are killed every 3 s", _kill_workers, crowd=Crowd(answered=True)),
)  # fmt: skip
