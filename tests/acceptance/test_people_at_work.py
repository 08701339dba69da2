"""People at work in a terminal: follow what happens through dying engines, take over from a model that is answering."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from secretaria.database.engine import build_engine
from secretaria.local.home import EngineHome
from secretaria.local.postgres import database_url
from tests.acceptance.commands import Ran, secretaria
from tests.acceptance.conftest import Shop, open_shop
from tests.builders import a_text

PATIENCE_SECONDS = 60.0
SENT = """
    SELECT count(*) FROM feed_entry
    JOIN conversation ON conversation.id = feed_entry.conversation_id JOIN contact ON contact.id = contact_id
    WHERE feed_entry.kind = 'delivery' AND feed_entry.state = 'sent' AND contact.number = :number
"""
OPEN = """
    SELECT (SELECT count(*) FROM outbox_item WHERE state IN ('pending', 'sending'))
         + (SELECT count(*) FROM turn WHERE closed_at IS NULL)
"""
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture(scope="module")
def attended() -> Iterator[Shop]:
    """Open a shop whose model may think for long, and whose engines may be killed."""
    with open_shop(SECRETARIA__LLM__TIMEOUT_SECONDS="25") as opened:
        yield opened


@pytest.fixture(scope="module")
def database(attended: Shop) -> Iterator[Engine]:
    """Look into the shop's database."""
    engine = build_engine(database_url(home(attended)))
    yield engine
    engine.dispose()


class Tail:
    """``conversations tail`` as a process, on a terminal of its own or into a pipe."""

    def __init__(self, shop: Shop, *arguments: str, terminal: bool) -> None:
        command = [sys.executable, "-m", "secretaria", "conversations", "tail", *arguments]
        environment = {**shop.environment, "COLUMNS": "200", "TERM": "xterm"}
        out, slave = pty.openpty() if terminal else os.pipe()
        self.process = subprocess.Popen(command, stdout=slave, stderr=subprocess.DEVNULL, env=environment)
        os.close(slave)
        self.said: list[str] = []
        self._thread = threading.Thread(target=self._read, args=(out,), daemon=True)
        self._thread.start()

    def text(self) -> str:
        """Return what was printed, without colours."""
        return COLOURS.sub("", "".join(self.said))

    def stop(self) -> int:
        """Interrupt it as a person does; return its exit code."""
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(20)
        self._thread.join(10)
        return code

    def _read(self, out: int) -> None:
        with os.fdopen(out, "rb", buffering=0) as stream:
            while True:
                try:
                    chunk = stream.read(4096)
                except OSError:  # a terminal whose last writer has left
                    return
                if not chunk:
                    return
                self.said.append(chunk.decode(errors="replace"))


def home(shop: Shop) -> EngineHome:
    """Return where the shop's engines live."""
    return EngineHome(Path(shop.environment["SECRETARIA_HOME"]).resolve())


def command(shop: Shop, *arguments: str, stdin: str = "") -> Ran:
    """Run one of the commands with nothing but what the shop's processes were given."""
    folder = Path(shop.environment["SECRETARIA_HOME"]).parent
    return secretaria("conversations", *arguments, cwd=folder, environment=shop.environment, stdin=stdin)


def writes(shop: Shop, number: str, said: str) -> None:
    """Let a customer write."""
    event = {**a_text(said, number=number, message_id=f"W{time.time_ns()}"), "messageTimestamp": int(time.time())}
    assert shop.phone.post(event)[0] == 202


def until(condition: Callable[[], object], what: Callable[[], str]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, what()
        time.sleep(0.1)


def one(database: Engine, sql: str, **values: object) -> Any:  # noqa: ANN401  # whatever the query returns
    """Return the first value of a query; None while the database is away."""
    try:
        with database.connect() as connection:
            return connection.execute(text(sql), values).scalar()
    except OperationalError:
        return None


def test_the_tail_survives_the_death_of_both_engines(attended: Shop, database: Engine) -> None:
    """Valkey and PostgreSQL are killed in the middle: each line comes, once, on the terminal and in the pipe."""
    number, masked = "5520900008001", "5520*****8001"
    said = ["tem estacionamento?", "qnt ta a limpeza?", "abre sábado de manhã?"]
    writes(attended, number, said[0])
    until(lambda: attended.ledger.sent(number), lambda: "\n".join(attended.said))
    screen, pipe = Tail(attended, number, terminal=True), Tail(attended, terminal=False)
    until(lambda: "<--" in screen.text() and "reply" in pipe.text(), screen.text)
    (valkey,) = (
        child for child in psutil.Process(attended.process.pid).children(recursive=True) if "valkey" in child.name()
    )
    valkey.send_signal(signal.SIGKILL)
    writes(attended, number, said[1])
    until(lambda: said[1] in screen.text() and said[1] in pipe.text(), screen.text)
    postmaster = int((home(attended).postgres_data / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0])
    os.kill(postmaster, signal.SIGKILL)
    writes(attended, number, said[2])
    heard = "SELECT count(*) FROM message WHERE direction = 'inbound'"
    until(lambda: one(database, heard) == len(said), lambda: "\n".join(attended.said))
    until(lambda: one(database, OPEN) == 0, lambda: "\n".join(attended.said))
    until(lambda: one(database, SENT, number=number) == screen.text().count("enviada"), screen.text)
    until(lambda: one(database, "SELECT count(*) FROM feed_entry") == pipe.text().count("\n"), pipe.text)
    assert (screen.stop(), pipe.stop()) == (130, 130)
    shown = screen.text()
    assert [shown.count(words) for words in said] == [1, 1, 1]
    assert shown.index(said[0]) < shown.index(said[1]) < shown.index(said[2])
    assert masked in shown
    assert number not in shown + pipe.text()
    assert "intenção" in shown
    lines = [json.loads(line) for line in pipe.text().splitlines()]
    assert len({line["id"] for line in lines}) == len(lines)
    assert {line["kind"] for line in lines} >= {"message", "reply", "delivery"}


def test_taking_over_from_a_model_that_is_answering(attended: Shop, database: Engine) -> None:
    """The draft is never sent; the person writes, gives it back, and all of it can be looked at and explained."""
    number = "5520900008002"
    attended.llm_faults.slow_seconds = 12.0
    attended.llm_faults.fail_next(1, "slow")
    writes(attended, number, "qnt ta a limpeza?")
    of_number = (
        "SELECT {what} FROM turn JOIN conversation ON conversation.id = turn.conversation_id "
        "JOIN contact ON contact.id = conversation.contact_id WHERE contact.number = :number ORDER BY turn.id DESC"
    )
    state = of_number.format(what="turn.state")
    until(lambda: one(database, state, number=number) == "answering", lambda: "\n".join(attended.said))
    assert command(attended, "take", number).code == 0
    until(lambda: one(database, state, number=number) == "silenced", lambda: "\n".join(attended.said))
    assert attended.ledger.sent(number) == ()
    conversation = str(one(database, of_number.format(what="conversation.id"), number=number))
    (row,) = (json.loads(line) for line in command(attended, "list", number, "--json").out.splitlines())
    assert (row["conversation_id"], row["mode"]) == (int(conversation), "attended")
    ran = command(attended, "reply", conversation, stdin="Faço por R$ 150 para você.\n")
    assert ran.code == 0, ran.err
    attended.ledger.wait_for(lambda all_sent: any(sent.number == number for sent in all_sent), 30)
    assert command(attended, "note", conversation, "cliente antiga").code == 0
    assert command(attended, "release", conversation).code == 0
    writes(attended, number, "tem estacionamento?")
    until(lambda: len(attended.ledger.sent(number)) > 1, lambda: "\n".join(attended.said))
    assert [sent.body for sent in attended.ledger.sent(number)].count("Faço por R$ 150 para você.") == 1
    record = json.loads(command(attended, "show", conversation, "--json").out)
    assert [bubble["author"] for bubble in record["bubbles"]][:3] == ["contact", "attendant", "contact"]
    assert [note["text"] for note in record["notes"]] == ["cliente antiga"]
    told = command(attended, "explain", conversation)
    assert told.code == 0
    assert {"fontes", "conferências", "modelo"} <= set(re.findall(r"\w+", told.out))
