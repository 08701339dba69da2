"""A whole shop, with all that can go wrong, and afterwards nobody can be found in any log, metric or key of Redis."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import redis
from sqlalchemy import text

from secretaria.database.engine import build_engine
from secretaria.local.engines import EmbeddedEngines
from secretaria.queue.broker import build_redis
from tests.acceptance.conftest import WHATICKET_TOKEN, Shop, open_shop
from tests.builders import SECRET, TOKEN, a_text

NUMBERS = [f"55209000077{n:02d}" for n in range(6)]
NAME = "Zilda Canario"
WORDS = "canario-palavra"
SAID = f"{WORDS} meu cpf 529.982.247-25, email zilda.canario@exemplo.com, senha canario99!, cep 89201-300, quanto custa a limpeza?"
WRONG = "canario-token-errado-0001"
SETTLE_SECONDS = 60.0
POISON = "ALTER TABLE message ADD CONSTRAINT canary CHECK (text NOT LIKE '%constraint%') NOT VALID"


def canaries() -> list[str]:
    """Name everything that must not be found: people, words, documents, secrets."""
    people = [spelled for number in NUMBERS for spelled in (number, number[2:], number[4:])]
    documents = ["529.982.247-25", "52998224725", "zilda.canario", "canario99!", "89201-300", NAME, "Zilda", WORDS]
    return [*people, *documents, WRONG, SECRET, TOKEN, WHATICKET_TOKEN, "chave-inventada"]


def test_nobody_is_found_in_logs_metrics_or_redis() -> None:
    """Customers write, the model and Whaticket fail, rows are refused, a worker dies, strangers knock."""
    with open_shop(SECRETARIA__LOG__LEVEL="DEBUG") as shop:
        home = Path(shop.environment["SECRETARIA_HOME"]).resolve()
        urls = EmbeddedEngines(home).urls
        engine = build_engine(urls.database_url)
        strangers_knock(shop)
        write(shop, NUMBERS[0])
        shop.llm_faults.fail_next(4, "html")
        write(shop, NUMBERS[1])
        for fault in ("html_502", "400_after_send", "ERR_WAPP_CHECK_CONTACT", "reset"):
            shop.send_faults.fail_next(fault)
        write(shop, NUMBERS[2])
        with engine.begin() as connection:
            connection.execute(text(POISON))
        write(shop, NUMBERS[3], f"constraint {SAID}")
        wait_for(shop, "IntegrityError")
        os.kill(shop.pid_of("worker"), signal.SIGKILL)
        write(shop, NUMBERS[4])
        for told in ("no_usable_draft", "item_not_delivered", "turn_settled"):
            wait_for(shop, told)
        with build_redis(urls.redis_url, timeout_seconds=5.0) as client:
            write_until_remembered(shop, client)
        metrics = httpx.get(f"{shop.url}/metrics", trust_env=False).text
        with build_redis(urls.redis_url, timeout_seconds=5.0) as client:
            keys = list(everything_in(client))
        engine.dispose()
    logs = (
        {path.name: path.read_text(errors="replace") for path in (home / "logs").glob("*.log")} if home.exists() else {}
    )
    found = {"processes": "\n".join(shop.said), "metrics": metrics, "redis": "\n".join(keys), **logs}
    assert "filing_failed" in found["processes"]
    assert any("secretaria:episode:" in key for key in keys)
    assert [(place, canary) for place, written in found.items() for canary in canaries() if canary in written] == []


def write(shop: Shop, number: str, said: str = SAID, message_id: str = "") -> None:
    """Let a customer write with their name."""
    event = {
        **a_text(said, number=number, message_id=message_id or f"P{number}"),
        "pushName": NAME,
        "messageTimestamp": int(time.time()),
    }
    status, _ = shop.phone.post(event)
    assert status == 202


def write_until_remembered(shop: Shop, client: redis.Redis) -> None:
    """Let a customer who waits for no person go on writing until the running conversation rests in Redis too."""
    while shop.llm_faults.take() == "html":  # the model is well again: who is answered waits for nobody
        pass
    deadline = time.monotonic() + SETTLE_SECONDS
    turn = 0
    while not list(client.scan_iter("secretaria:episode:*")):
        assert time.monotonic() < deadline, "\n".join(shop.said)
        write(shop, NUMBERS[5], SAID if turn else "quanto custa a limpeza?", message_id=f"R{turn}")
        turn += 1
        time.sleep(2)


def strangers_knock(shop: Shop) -> None:
    """Post what is not authentic, not JSON, not a message."""
    body = json.dumps({**a_text(SAID, number=NUMBERS[5]), "pushName": NAME})
    for path, sent in ((WRONG, body), (TOKEN, body[:-2]), (TOKEN, json.dumps({"x": SAID}))):
        answer = httpx.post(f"{shop.url}/webhook/whaticket/{path}", content=sent, trust_env=False)
        assert answer.status_code in {400, 401, 202}


def wait_for(shop: Shop, word: str) -> None:
    """Wait until a line holds a word."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while not any(word in line for line in list(shop.said)):
        assert time.monotonic() < deadline, "\n".join(shop.said)
        time.sleep(0.1)


def everything_in(client: redis.Redis) -> Iterator[str]:
    """Yield every key with all it holds."""
    for key in client.scan_iter("*"):
        kind = str(client.type(key)).strip("b'")
        if kind == "string":
            held: object = client.get(key)
        elif kind == "list":
            held = client.lrange(key, 0, -1)
        elif kind == "hash":
            held = client.hgetall(key)
        elif kind == "set":
            held = client.smembers(key)
        else:
            held = client.zrange(key, 0, -1, withscores=True)
        yield f"{key!r} {held!r}"
