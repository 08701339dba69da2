"""``secretaria queue`` against a running shop of its own: look, stop, go on, decide, and be told what came of it."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from secretaria.local.engines import EngineUrls
from tests.acceptance.commands import Ran, secretaria
from tests.acceptance.conftest import Shop, open_shop
from tests.builders import a_text

QUEUES = ["inbox", "turns", "outbox"]
NOBODY = "01991f3e-7a10-7c4e-9a55-3f2f5f0d6a01"


@pytest.fixture(scope="module")
def stoppable() -> Iterator[Shop]:
    """Open a shop whose queues may be stopped without anybody else noticing."""
    with open_shop() as opened:
        yield opened


def queue(shop: Shop, *arguments: str) -> Ran:
    """Run one of the commands in the folder of the shop, with nothing but what its processes were given."""
    return secretaria(
        "queue", *arguments, cwd=Path(shop.environment["SECRETARIA_HOME"]).parent, environment=shop.environment
    )


def lines(ran: Ran) -> list[dict[str, Any]]:
    """Read what a program would."""
    assert ran.code == 0, ran.err
    return [json.loads(line) for line in ran.out.splitlines()]


def writes(shop: Shop, number: str, text: str = "tem estacionamento?") -> str:
    """Let a customer write; return the event's id."""
    event = {**a_text(text, number=number, message_id=f"Q{number}"), "messageTimestamp": int(time.time())}
    event_id: str = shop.phone.post(event)[1]["event"]
    return event_id


def in_doubt(shop: Shop, number: str) -> str:
    """Let a reply end in doubt; return the name of its send."""
    shop.send_faults.fail_next("reset")
    writes(shop, number)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for row in lines(queue(shop, "list", "--state", "unconfirmed", "--json")):
            if row["number"] == f"{number[:4]}*****{number[-4:]}":
                return str(row["id"])
    raise AssertionError("\n".join(shop.said))


def test_quiet_shop_has_nothing_open(stoppable: Shop) -> None:
    """Without any address configured the commands find the engines of ``up``; everything is nought and goes on."""
    stats = lines(queue(stoppable, "stats", "--json"))
    assert [line["queue"] for line in stats] == QUEUES
    assert [(line["paused"], line["oldest_seconds"]) for line in stats] == [(False, None)] * 3
    assert all(count == 0 for line in stats for count in line["states"].values())
    assert queue(stoppable, "list", "--json").out == ""
    assert queue(stoppable, "drain").code == 0
    assert "andando" in queue(stoppable, "stats").out


def test_paused_queue_waits_and_goes_on(stoppable: Shop) -> None:
    """A pause is felt within a second or two and says who asked; what waits is listed; the resume brings it."""
    number = "5520900007001"
    assert "pausada" in queue(stoppable, "pause", "turns").err
    assert "já estava" in queue(stoppable, "pause", "turns").err
    try:
        time.sleep(1.5)
        event = writes(stoppable, number)
        left = queue(stoppable, "drain", "turns", "--timeout", "3", "--json")
        assert (left.code, json.loads(left.out)) == (1, {"queue": "turns", "states": {"waiting": 1}})
        assert "está pausada" in left.err
        (turns,) = (line for line in lines(queue(stoppable, "stats", "--json")) if line["queue"] == "turns")
        assert (turns["paused"], turns["states"]["waiting"]) == (True, 1)
        assert "@" in turns["paused_by"]
        (waiting,) = lines(queue(stoppable, "list", "--json"))
        assert (waiting["state"], waiting["attention"], waiting["number"]) == ("waiting", False, "5520*****7001")
        assert stoppable.ledger.sent(number) == ()
        steps = {step["what"] for step in lines(queue(stoppable, "show", event, "--json"))[0]["steps"]}
        assert steps == {"event_received", "event_filed", "message", "turn_opened"}
    finally:
        assert "retomada" in queue(stoppable, "resume").err
    assert queue(stoppable, "drain", "--timeout", "30").code == 0
    assert stoppable.ledger.sent(number)


def test_story_shows_no_text_and_no_number(stoppable: Shop) -> None:
    """A story says what happened, in the zone of the business; what was written only with --text, the number never."""
    number = "5520900007002"
    event = writes(stoppable, number, "frase-canario-xyzzy tem estacionamento?")
    assert queue(stoppable, "drain", "--timeout", "30").code == 0
    (story,) = lines(queue(stoppable, "show", event, "--json"))
    assert story["state"] == "filed"
    assert story["steps"][0]["at"].endswith("-03:00")
    assert {"turn_closed", "reply_decided", "item_moved", "attempt_ended"} <= {step["what"] for step in story["steps"]}
    item = next(step["reference"] for step in story["steps"] if step["what"] == "item_placed")
    for arguments, told in (((event, "--json"), False), ((item,), False), ((f"e:{event}", "--text"), True)):
        shown = queue(stoppable, "show", *arguments)
        assert shown.code == 0
        assert "5520*****7002" in shown.out
        assert ("xyzzy" in shown.out) is told
        assert number not in shown.out + shown.err


def test_doubt_that_an_operator_clears(stoppable: Shop) -> None:
    """``retry --arrived`` ends a doubt once; the second time there is nothing to be done."""
    item = in_doubt(stoppable, "5520900007003")
    assert queue(stoppable, "retry", item).code == 1
    assert queue(stoppable, "retry", item, "--arrived").code == 0
    again = queue(stoppable, "retry", item, "--arrived")
    assert again.code == 1
    assert "nada a fazer" in again.err
    (story,) = lines(queue(stoppable, "show", item, "--json"))
    assert story["state"] == "sent"
    assert stoppable.ledger.sent("5520900007003") == ()


def test_what_was_dropped_may_still_be_sent(stoppable: Shop) -> None:
    """``drop`` asks first, leaves nothing that needs a person, and ``retry`` is the way back."""
    number = "5520900007004"
    item = in_doubt(stoppable, number)
    silent = queue(stoppable, "drop", item)
    assert (silent.code, silent.out) == (6, "")
    assert "--yes" in silent.err
    assert _on_a_terminal(stoppable, "n\n", "queue", "drop", item) == 6
    assert lines(queue(stoppable, "list", "--json"))[0]["id"] == item
    assert _on_a_terminal(stoppable, "s\n", "queue", "drop", item) == 0
    assert queue(stoppable, "drop", item, "--yes").code == 1
    assert queue(stoppable, "list", "--json").out == ""
    assert queue(stoppable, "retry", item).code == 0
    stoppable.ledger.wait_for(lambda sent: any(one.number == number for one in sent), 30)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("show", "12"), 2),
        (("show", "x:1"), 2),
        (("pause", "outbux"), 2),
        (("list", "--state", "hold"), 2),
        (("list", "--queue", "turns", "--state", "held"), 2),
        (("show", NOBODY), 1),
        (("retry", "t:999999"), 1),
        (("drop", "o:999999", "--yes"), 1),
    ],
)
def test_what_cannot_be_done_is_explained(stoppable: Shop, arguments: tuple[str, ...], code: int) -> None:
    """What is not understood is 2, what does not exist is 1, each with a sentence and a hint and nothing on stdout."""
    ran = queue(stoppable, *arguments)
    assert (ran.code, ran.out) == (code, "")
    assert ran.err.count("erro: ") == ran.err.count("dica: ") == 1
    assert "Traceback" not in ran.err


def test_nothing_configured_is_said(tmp_path: Path) -> None:
    """Without engines there is no queue to look at."""
    ran = secretaria("queue", "stats", cwd=tmp_path, environment={"SECRETARIA_HOME": str(tmp_path)})
    assert ran.code == 3
    assert "DATABASE_URL" in ran.err


def test_database_nobody_migrated(tmp_path: Path, engines: EngineUrls) -> None:
    """A database without our tables is refused with the command that makes them."""
    empty = {
        "DATABASE_URL": engines.database_url.replace("/secretaria?", "/postgres?"),
        "REDIS_URL": engines.redis_url,
    }
    ran = secretaria("queue", "stats", cwd=tmp_path, environment=empty)
    assert ran.code == 3
    assert "secretaria migrate" in ran.err


def _on_a_terminal(shop: Shop, typed: str, *arguments: str) -> int:
    """Run a command whose standard input is a terminal; return its exit code."""
    master, slave = pty.openpty()
    try:
        running = subprocess.Popen(
            [sys.executable, "-m", "secretaria", *arguments],
            stdin=slave,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=shop.environment,
            text=True,
        )
        os.write(master, typed.encode())
        _, said = running.communicate(timeout=60)
        assert "[s/N]" in said
        return running.returncode
    finally:
        os.close(slave)
        os.close(master)
