"""The spine: what is accepted is answered, once, by real processes, whoever dies on the way."""

from __future__ import annotations

import json
import os
import signal
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psutil

from secretaria.local.engines import EmbeddedEngines
from secretaria.simulation.ledger import Ledger
from secretaria.simulation.phone import text_event
from secretaria.simulation.recordings import record
from tests.acceptance.conftest import Shop, open_shop
from tests.builders import SECRET, signed


def event(number: str, text: str, message_id: str) -> dict[str, object]:
    """Build a text that was written just now."""
    return text_event(number, text, message_id, datetime.now(UTC), "Juliana Prates")


def bubbles_to(ledger: Ledger, number: str, seconds: float = 30.0) -> list[str]:
    """Wait for a reply to a number, then a little longer for what should not come."""
    ledger.wait_for(lambda sent: any(one.number == number for one in sent), timeout=seconds)
    time.sleep(1.5)
    return [sent.body for sent in ledger.sent(number)]


def test_burst_gets_one_reply_from_the_base(shop: Shop) -> None:
    """Three messages typed one after another are one question, answered with the price of the base."""
    number = "5520900001001"
    for position, text in enumerate(("oi bom dia", "qnt ta a limpeza?", "e demora mto?")):
        assert shop.phone.post(event(number, text, f"A{position}"))[0] == 202
    said = bubbles_to(shop.ledger, number)
    assert "R$ 180" in " ".join(said)
    assert len(said) <= 2


def test_audio_is_heard_before_it_is_answered(shop: Shop) -> None:
    """What a customer says is downloaded, transcribed and answered like what she writes, price and all."""
    number = "5520900001015"
    shop.book.files["voz.wav"] = record("quanto custa a limpeza?")
    row = {"id": "V1", "body": "voz.wav", "mediaType": "audio", "mediaUrl": f"{shop.whaticket_url}/public/voz.wav"}
    assert shop.phone.post({"mensagem": row, "sender": number, "acao": "start", "fromMe": False})[0] == 202
    assert "R$ 180" in " ".join(bubbles_to(shop.ledger, number))


def test_signed_event_is_answered_too(shop: Shop) -> None:
    """A relay that signs gets the same answer as a Whaticket that only knows a URL."""
    number = "5520900001002"
    body = json.dumps(event(number, "qual valor do clareamento", "B1")).encode()
    knock = signed(body, datetime.now(UTC), SECRET)
    headers = {name.decode(): value.decode() for name, value in knock.headers}
    answer = httpx.post(f"{shop.url}/webhook/whaticket", content=body, headers=headers, trust_env=False)
    assert answer.status_code == 202
    assert answer.json()["queued"] is True
    assert bubbles_to(shop.ledger, number)


def test_the_same_event_again_is_not_answered_again(shop: Shop) -> None:
    """Whaticket may post an event as often as it likes; the customer is answered once."""
    number = "5520900001003"
    once = event(number, "voces atendem aos sabados?", "C1")
    answers = [shop.phone.post(once)[1] for _ in range(3)]
    said = bubbles_to(shop.ledger, number)
    assert [answer["queued"] for answer in answers] == [True, False, False]
    assert len(said) == 1


def test_model_that_fails_becomes_an_honest_sentence(shop: Shop) -> None:
    """When the model answers HTML the customer reads one honest sentence, and a person is asked for."""
    number = "5520900001004"
    shop.llm_faults.fail_next(1, "html")
    shop.phone.post(event(number, "quanto custa um canal?", "D1"))
    assert bubbles_to(shop.ledger, number) == [
        "Desculpe, não consegui preparar sua resposta agora. Deixei sua mensagem separada para uma pessoa da equipe."
    ]


def test_unknown_outcome_is_never_repeated(shop: Shop) -> None:
    """When Whaticket sends and then fails to say so, the customer still reads the reply once."""
    number = "5520900001005"
    shop.send_faults.fail_next("500_after_send")
    shop.phone.post(event(number, "tem estacionamento?", "E1"))
    assert len(bubbles_to(shop.ledger, number)) == 1
    time.sleep(8)
    assert len(shop.ledger.sent(number)) == 1


def test_one_correlation_id_from_request_to_reply(shop: Shop) -> None:
    """Every log line of a message carries the id that its sender was given."""
    number = "5520900001006"
    _, answer = shop.phone.post(event(number, "onde fica a clinica?", "F1"))
    bubbles_to(shop.ledger, number)
    lines = [line for line in list(shop.said) if answer["event"] in line]
    events = [json.loads(line.partition("|")[2])["message"] for line in lines]
    assert set(events) == {"webhook_received", "event_filed", "turn_settled", "item_delivered"}


def test_killed_worker_comes_back_and_answers(shop: Shop) -> None:
    """A worker killed with -9 right after a message costs time, not the message."""
    number = "5520900001007"
    before = shop.pid_of("worker")
    shop.phone.post(event(number, "quais convenios voces aceitam?", "G1"))
    os.kill(before, signal.SIGKILL)
    assert bubbles_to(shop.ledger, number, seconds=60)
    assert shop.pid_of("worker") != before


def test_nothing_of_the_customer_is_logged(shop: Shop) -> None:
    """Neither the text, nor the number, nor the name, nor the token of the path appears in any line."""
    number = "5520900001008"
    shop.phone.post(event(number, "frase-canario-xyzzy quanto custa", "H1"))
    bubbles_to(shop.ledger, number)
    spoken = "\n".join(shop.said)
    for secret in ("frase-canario-xyzzy", number, "Juliana", "token-de-teste-da-url", SECRET, "chave-inventada"):
        assert secret not in spoken


def test_scrape_shows_the_names_of_the_mission(shop: Shop) -> None:
    """One scrape of the service shows every metric of M9, the workers' numbers among them."""
    shown = httpx.get(f"{shop.url}/metrics", trust_env=False).text
    for name in (
        'secretaria_webhook_received_total{status="accepted"}',
        "secretaria_webhook_latency_seconds_count",
        "secretaria_task_latency_seconds_count",
        "secretaria_llm_latency_seconds_count",
        "secretaria_llm_errors_total",
        "secretaria_whaticket_send_success_total",
        "secretaria_whaticket_errors_total",
        "secretaria_whaticket_send_retry_total",
        "secretaria_queue_size",
        "secretaria_sentiment_average_gauge",
        "secretaria_satisfaction_ratio_gauge",
        "secretaria_intention_distribution_total",
        'secretaria_healthcheck_failures_total{component="redis"}',
    ):
        assert name in shown
    (sent,) = [line for line in shown.splitlines() if line.startswith("secretaria_whaticket_send_success_total")]
    assert float(sent.split()[-1]) >= 1


def test_stopped_cleanly_it_leaves_nothing_running() -> None:
    """SIGTERM to ``up`` ends service, worker and engines, and the command says that it stopped."""
    with open_shop() as own:
        children = [own.process.pid, own.pid_of("serve"), own.pid_of("worker")]
        own.process.send_signal(signal.SIGTERM)
        assert own.process.wait(40) == 0
    assert not any(is_running(pid) for pid in children)


def test_killed_supervisor_takes_its_programs_along() -> None:
    """An ``up`` killed with -9 leaves no service behind that would hold the port of the next one."""
    with open_shop() as own:
        children = [own.pid_of("serve"), own.pid_of("worker")]
        own.process.kill()
        own.process.wait(10)
        deadline = time.monotonic() + 30
        while any(is_running(pid) for pid in children) and time.monotonic() < deadline:
            time.sleep(0.2)
        assert not any(is_running(pid) for pid in children)
        with EmbeddedEngines(Path(own.environment["SECRETARIA_HOME"])) as engines:
            assert engines.alive()  # the next start finds the engines that were left, and goes on with their data


def is_running(pid: int) -> bool:
    """Say whether a process lives; one that only waits to be buried does not."""
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
