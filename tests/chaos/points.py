"""The points at which a process is killed, each with what must happen before it is reached."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Literal

from secretaria.database.schema import newest_revision
from tests.chaos.proxy import Trap
from tests.chaos.shop import ChaosShop

SEND = b"POST /api/messages/send"
CHAT = b"POST /v1/chat/completions"
BURST = ("quanto custa a limpeza?", "e o clareamento?")
GAP_SECONDS = 0.1
KILL_SECONDS = 40.0
POLL_SECONDS = 0.005
SLOW_SEND_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Point:
    """One place to die at.

    Attributes:
        says: What has happened by then, for the table.
        reach: Kills a program there while a customer writes; returns the moment of the kill.
    """

    name: str
    says: str
    reach: Callable[[ChaosShop, str], datetime]


@dataclass(frozen=True, slots=True)
class Run:
    """One customer whose message met a kill."""

    point: Point
    number: str
    killed_at: datetime


class NeverReached(AssertionError):
    """Nothing passed the point in time."""


def break_at(shop: ChaosShop, point: Point, number: str) -> Run:
    """Let one customer write while a program dies at a point."""
    return Run(point, number, point.reach(shop, number))


def write_burst(shop: ChaosShop, number: str) -> None:
    """Let a customer write two messages."""
    for text in BURST:
        shop.write(number, text)
        time.sleep(GAP_SECONDS)


def _at_named(shop: ChaosShop, number: str, *, names: tuple[str, ...]) -> datetime:
    """Die at each of the named points, one after the other."""
    shop.arm(names[0])
    writing = _start_writing(shop, number)
    killed_at = _wait_until_passed(shop)
    for name in names[1:]:
        shop.arm(name)
        killed_at = _wait_until_passed(shop)
    writing.join()
    return killed_at


def _on_request(
    shop: ChaosShop,
    number: str,
    *,
    begins: bytes,
    passes: Literal["nothing", "half", "request", "answer"],
    fault: str = "",
) -> datetime:
    """Die while a request is on its way; with a fault, Whaticket fails that way at that very request."""
    sprung = threading.Event()

    def spring(port: int) -> None:
        shop.kill_caller(port)
        sprung.set()

    def before() -> None:
        if fault:
            shop.send_faults.fail_next(fault)
        elif passes == "request":
            shop.send_faults.delay_seconds = SLOW_SEND_SECONDS

    proxy = shop.llm if begins == CHAT else shop.whaticket
    proxy.set(Trap(begins, passes, spring, before))
    write_burst(shop, number)
    reached = sprung.wait(KILL_SECONDS)
    killed_at = datetime.now(UTC)
    if passes == "request":
        time.sleep(SLOW_SEND_SECONDS)
        shop.send_faults.delay_seconds = 0.0
    if not reached:
        raise NeverReached(begins.decode())
    return killed_at


def _after_looking(shop: ChaosShop, number: str) -> datetime:
    """Die when a look at Whaticket has found the message and the finding is not committed."""
    shop.send_faults.fail_next("500_after_send")
    return _at_named(shop, number, names=("K20",))


def _while_starting(shop: ChaosShop, number: str) -> datetime:
    shop.arm("K21")
    writing = _start_writing(shop, number)
    shop.signal("worker-0")
    killed_at = _wait_until_passed(shop)
    writing.join()
    return killed_at


def _while_stopping(shop: ChaosShop, number: str) -> datetime:
    shop.arm("K21")
    writing = _start_writing(shop, number)
    shop.signal("worker-0", signal.SIGTERM)
    killed_at = _wait_until_passed(shop)
    writing.join()
    return killed_at


def _while_migrating(shop: ChaosShop, number: str) -> datetime:
    """Die inside the newest migration of another database, and migrate it again; the shop goes on meanwhile."""
    database = f"migrated_{number}"
    shop.arm(f"K21 {newest_revision()}")
    writing = _start_writing(shop, number)
    ended = shop.migrate_another(database)
    killed_at = datetime.now(UTC)
    if ended != -signal.SIGKILL or shop.migrate_another(database) != 0:
        raise NeverReached(f"the migration ended with {ended}")
    writing.join()
    return killed_at


def _start_writing(shop: ChaosShop, number: str) -> threading.Thread:
    writing = threading.Thread(target=write_burst, args=(shop, number))
    writing.start()
    return writing


def _wait_until_passed(shop: ChaosShop) -> datetime:
    deadline = time.monotonic() + KILL_SECONDS
    while shop.armed:
        if time.monotonic() > deadline:
            raise NeverReached
        time.sleep(POLL_SECONDS)
    return datetime.now(UTC)


def _named(*names: str) -> Callable[[ChaosShop, str], datetime]:
    return partial(_at_named, names=names)


# A send is in flight: lease and looks decide when it is settled.
IN_DOUBT = (
    Point("K12", "claim committed, before the connection", _named("K12")),
    Point("K13", "connected, before the first byte", partial(_on_request, begins=SEND, passes="nothing")),
    Point("K14", "half of the request written", partial(_on_request, begins=SEND, passes="half")),
    Point(
        "K15a",
        "request read, never sent",
        partial(_on_request, begins=SEND, passes="request", fault="hang"),
    ),
    Point("K15b", "request read, sent afterwards", partial(_on_request, begins=SEND, passes="request")),
    Point("K16", "sent, answer not given", partial(_on_request, begins=SEND, passes="answer")),
    Point("K17", "answer received, before our commit", _named("K17")),
    Point("K20", "found by a look, before the commit", _after_looking),
)
# Nothing can have left, or it is known: in an order that lets the service and the workers die by turns.
CLEAR = (
    Point("K1", "body read, before the check", _named("K1")),
    Point("K7", "nudge fetched, before the lease", _named("K7")),
    Point("K2", "checked, before the insert", _named("K2")),
    Point("K8", "lease taken, before the model", _named("K8")),
    Point("K3", "inserted, before the commit", _named("K3")),
    Point("K9", "the model is writing", partial(_on_request, begins=CHAT, passes="request")),
    Point("K4", "committed, before the hint and the 202", _named("K4")),
    Point("K10", "the model answered, before the transaction", _named("K10")),
    Point("K5", "committed, at the hint", _named("K5")),
    Point("K11", "reply committed, before its hint", _named("K11")),
    Point("K6", "committed, before the 202", _named("K6")),
    Point("K18", "sent committed, before the ack to Redis", _named("K18")),
    Point("K19", "the hint lost, and the sweep dies at its row", _named("K5", "K19")),
    Point("K21a", "a worker while it starts", _while_starting),
    Point("K21c", "a migration, between its statements and its commit", _while_migrating),
    Point("K21b", "a worker while it stops", _while_stopping),
)
