"""Every way into the log ends in one short line of JSON in which nobody can be recognised."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from collections import Counter

import pytest

from secretaria.privacy import keyed_hash

NUMBER = "5520900000101"
CANARIES = (NUMBER, NUMBER[4:], "helena.costa@exemplo.com", "529.982.247-25", "Helena", "abacaxi99")
ALL = "contato 5520900000101 helena.costa@exemplo.com cpf 529.982.247-25 senha abacaxi99"

PROLOGUE = f"""
import asyncio, logging, sys, threading, warnings
from loguru import logger
from secretaria.logs import configure_logs
from secretaria.settings import LogSection
configure_logs(LogSection(level="DEBUG", format="json"), "teste", key=b"k" * 32)
ALL = {ALL!r}
"""
WAYS = {
    "loguru": "logger.info(ALL)",
    "formatted": "logger.info('{} {}', ALL, 1)",
    "bound": "logger.bind(number='5520900000101', text='Helena', other=ALL, deep={'name': 'Helena', 'x': [ALL]}, n=5520900000101).info('e')",
    "stdlib": "logging.getLogger('x').warning('got %s', ALL)",
    "dramatiq": "logging.getLogger('dramatiq.worker').error('Failed to process %r', ALL)",
    "uvicorn": "logging.getLogger('uvicorn.error').error(ALL)",
    "sqlalchemy": "logging.getLogger('sqlalchemy.engine').warning('[parameters: %r]', {'text': ALL})",
    "broken format": "logging.getLogger('x').warning('%d', ALL)",
    "warning": "warnings.warn(ALL)",
    "exception": "\ntry:\n    int('Helena ' + ALL)\nexcept ValueError as e:\n    logger.opt(exception=e).error('failed')",
    "stdlib exception": "\ntry:\n    {}['Helena']\nexcept KeyError:\n    logging.getLogger('x').exception(ALL)",
    "thread": "t = threading.Thread(target=lambda: int('Helena ' + ALL)); t.start(); t.join()",
    "unraisable": "\nclass D:\n    def __del__(self): int('Helena ' + ALL)\nD()",
    "asyncio": "\nasync def main():\n    asyncio.get_running_loop().call_soon(lambda: int('Helena ' + ALL)); await asyncio.sleep(0.01)\nasyncio.run(main())",
    "never retrieved": "\nasync def f(): int('Helena ' + ALL)\nasync def main():\n    asyncio.ensure_future(f()); await asyncio.sleep(0.01)\nasyncio.run(main())\nimport gc; gc.collect()",
    "hostile": "logger.info('a\\\\r\\\nb\\\\x1b[31m\\\\u2028c\\\\u202e ' + ALL)",
    "huge": "logger.bind(a='x ' * 500000).info(ALL + ' ' + 'y' * 1000000)",
    "not printable": "\nclass B:\n    def __str__(self): raise RuntimeError('Helena')\nlogger.bind(b=B()).info('e')",
    "unhandled": "int('Helena ' + ALL)",
}


@pytest.fixture(scope="module")
def said() -> dict[str, list[str]]:
    """Run every way once, each between two marks, in one process; the last ends it."""
    program = PROLOGUE + "".join(f"\nsys.stderr.write('= {name}\\n')\n{code}\n" for name, code in WAYS.items())
    run = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=False)
    assert run.stdout == ""
    parts = run.stderr.split("= ")
    return {part.partition("\n")[0]: part.partition("\n")[2].splitlines() for part in parts if part}


@pytest.mark.parametrize("way", WAYS)
def test_each_way_writes_one_line_about_nobody(said: dict[str, list[str]], way: str) -> None:
    """What is told is one JSON object of at most 8 kB without a personal datum."""
    lines = said[way]
    assert len(lines) == 1
    assert len(lines[0]) <= 8192
    assert isinstance(json.loads(lines[0])["message"], str)
    assert [canary for canary in CANARIES if canary in lines[0]] == []


def test_contacts_stay_joinable() -> None:
    """A bound contact becomes the same keyed hash in every line, which differs under another key."""
    program = PROLOGUE + "logger.bind(contact='5520900000101').info('e')\n"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    shown = json.loads(run.stderr)["contact"]
    assert shown == f"h:{keyed_hash(NUMBER, b'k' * 32)[:8]}"
    assert shown != f"h:{keyed_hash(NUMBER, b'l' * 32)[:8]}"


def test_plain_lines_of_many_threads_are_whole_and_tell_whose_they_are() -> None:
    """None is lost beside the others or beside loguru's, each has what surrounds it, and one outside has the usual dash."""
    script = """
from secretaria.logs import tell_plainly, telling_of
def work(n):
    for i in range(100):
        with telling_of(conversation_id=n):
            tell_plainly("told", {"seconds": i}, where="x")
            logger.info("told")
threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
for one in threads: one.start()
for one in threads: one.join()
tell_plainly("alone", {}, where="x")
"""
    ended = subprocess.run(
        [sys.executable, "-c", PROLOGUE + textwrap.dedent(script)], capture_output=True, text=True, check=True
    )
    *lines, alone = [json.loads(line) for line in ended.stderr.splitlines()]
    assert Counter(line["conversation_id"] for line in lines) == dict.fromkeys(range(8), 200)
    plain = [(line["conversation_id"], line["seconds"]) for line in lines if "seconds" in line]
    assert sorted(plain) == [(n, i) for n in range(8) for i in range(100)]
    assert (alone["message"], alone["correlation_id"], alone["process"]) == ("alone", "-", "teste")
