"""The scrape: every promised name, honest values, all processes together, and no person in a label."""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
import pytest
import redis
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Engine
from sqlmodel import Session, select

from secretaria import metrics
from secretaria.breaker import FAILURES, Breaker
from secretaria.clock import HeldClock, SystemClock
from secretaria.context.schema import INTENTIONS
from secretaria.conversations.models import Author, Conversation, Direction, Episode, Turn, TurnState
from secretaria.conversations.store import add_message, lock_conversation, upsert_contact
from secretaria.inbox.models import EventState, InboxEvent
from secretaria.llm.models import LlmSpending
from secretaria.outbox.models import ItemState, OutboxItem
from secretaria.queue.heartbeats import beat, stop_beating
from secretaria.replies.guardrails import GUARDS
from secretaria.replies.models import Reply
from secretaria.simulation import SAMPLE_BUSINESS
from tests.builders import NUMBER, TOKEN, a_text
from tests.labels import label_values, personal

Start = Callable[..., httpx.Client]
PROMISED = (
    "secretaria_webhook_received_total",
    "secretaria_task_latency_seconds_bucket",
    "secretaria_llm_latency_seconds_bucket",
    "secretaria_llm_errors_total",
    "secretaria_whaticket_send_success_total",
    "secretaria_whaticket_errors_total",
    "secretaria_whaticket_send_retry_total",
    "secretaria_queue_size",
    "secretaria_sentiment_average_gauge",
    "secretaria_satisfaction_ratio_gauge",
    "secretaria_intention_distribution_total",
    "secretaria_healthcheck_failures_total",
    "secretaria_webhook_latency_seconds_bucket",
    "secretaria_breaker_state",
    "secretaria_inbox_spool_bytes",
    "secretaria_unlabelled_ratio_gauge",
    "secretaria_llm_tokens_total",
    "secretaria_llm_cost_usd_total",
    "secretaria_llm_unpriced_calls_total",
    "secretaria_budget_refusals_total",
    "secretaria_transcriptions_total",
    "secretaria_stage_seconds_bucket",
    "secretaria_reply_seconds_bucket",
    "secretaria_turns_total",
    "secretaria_turns_due",
    "secretaria_turn_lateness_seconds",
    "secretaria_handoffs_total",
    "secretaria_guard_verdicts_total",
    "secretaria_queue_oldest_seconds",
    "secretaria_queue_paused",
    "secretaria_rows_standing",
    "secretaria_silent_business_seconds",
    "secretaria_retention_last_run_timestamp_seconds",
    "secretaria_backup_last_timestamp_seconds",
    "secretaria_backup_verified_timestamp_seconds",
    "secretaria_workers_alive",
    "secretaria_worker_heartbeat_age_seconds",
    "secretaria_panel_sessions",
    "secretaria_component_up",
    "secretaria_component_latency_seconds",
    "secretaria_build_info",
)
Sample = tuple[str, tuple[tuple[str, str], ...]]

COUNT_AND_LEAVE = """
import sys
from secretaria import metrics
metrics.WEBHOOK_RECEIVED.labels(status="accepted").inc(int(sys.argv[1]))
metrics.TASK_LATENCY.labels(task="inbox.file").observe(0.2)
metrics.HEALTHCHECK_FAILURES.labels(component="redis").inc()
"""
SCRAPE = """
from prometheus_client import generate_latest
from secretaria import metrics
metrics.show_all(("saudacao",))
print(generate_latest(metrics.scrape_registry()).decode())
"""


def samples(exposition: str) -> dict[Sample, float]:
    """Read an exposition as Prometheus does."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(exposition)
        for sample in family.samples
    }


def scraped(site: httpx.Client, tries: int = 5) -> dict[Sample, float]:
    """Scrape a service; on a busy machine the rows may not be read in the time of one scrape, so the next one counts.

    Args:
        site: The service.
        tries: How often at most; one where the rows cannot be read at all.
    """
    for _ in range(tries):
        answer = site.get("/metrics")
        assert answer.status_code == 200
        assert answer.headers.get_list("content-type") == ["text/plain; version=1.0.0; charset=utf-8"]
        found = samples(answer.text)
        if {"secretaria_queue_size", "secretaria_breaker_state"} <= {name for name, _ in found}:
            break
    return found


def add_turns(engine: Engine, now: datetime, labels: list[tuple[int | None, str | None]]) -> None:
    """Add answered turns of one conversation with their sentiment and satisfaction, oldest first."""
    with Session(engine) as session:
        contact = upsert_contact(session, identity_key=NUMBER, number=NUMBER, name=None, now=now)
        conversation = lock_conversation(session, contact_id=contact, channel="principal", now=now)
        for position, (sentiment, satisfaction) in enumerate(labels):
            turn = Turn(
                conversation_id=conversation.id or 0,
                correlation_id=uuid4(),
                state=TurnState.ANSWERED,
                opened_at=now,
                due_at=now,
                deadline_at=now,
            )
            session.add(turn)
            session.flush()
            reply = Reply(
                turn_id=turn.id or 0,
                conversation_id=conversation.id or 0,
                origin="model",
                sentiment=sentiment,
                satisfaction=satisfaction,
                created_at=now + timedelta(seconds=position),
            )
            session.add(reply)
        session.commit()


def test_every_promised_name_is_on_the_scrape(site: httpx.Client) -> None:
    """Dashboards and alerts find each name, in a text that Prometheus can read, from the first scrape on."""
    names = {name for name, _ in scraped(site)}
    assert [name for name in PROMISED if name not in names] == []


def test_labels_come_from_closed_sets(site: httpx.Client) -> None:
    """No label ever holds what a sender chose."""
    site.post(f"/webhook/whaticket/{TOKEN}", json=a_text("oi", message_id="ROTULO"))
    site.post("/webhook/whaticket/rotulo", json=a_text("oi"), headers={"x-webhook-token": "rotulo"})
    own = [labels for name, labels in scraped(site) if name.startswith("secretaria_")]
    allowed = {
        "status", "task", "le", "cause", "outcome", "queue", "intention", "component", "name", "by",
        "purpose", "kind", "scope", "source", "stage", "state", "reason", "guard", "verdict", "version",
    }  # fmt: skip
    assert {label for labels in own for label, _ in labels} == allowed
    assert not any(word in str(own) for word in ("ROTULO", "rotulo", NUMBER, TOKEN))
    assert {dict(labels)["intention"] for labels in own if "intention" in dict(labels)} == set(INTENTIONS)


def test_no_label_value_looks_like_personal_data(site: httpx.Client) -> None:
    """The mask that hides numbers, documents, addresses and keys in a log finds nothing to hide in any label."""
    site.post(f"/webhook/whaticket/{TOKEN}", json=a_text("meu cpf 529.982.247-25, ana@exemplo.com.br"))
    assert personal(label_values(site.get("/metrics").text), [NUMBER, "ana@"]) == {}


def test_free_reasons_of_a_model_are_no_labels() -> None:
    """A model may call a hand-off what it likes; the counter knows a closed set, and the rest is one label."""
    before = REGISTRY.get_sample_value("secretaria_handoffs_total", {"reason": "outro"}) or 0.0
    metrics.count_handoff("o cliente 5520900001001 pediu a Ana")
    assert REGISTRY.get_sample_value("secretaria_handoffs_total", {"reason": "outro"}) == before + 1


def test_every_guard_has_its_label() -> None:
    """What the guards of a reply are called and what the counter shows are the same names."""
    checked_elsewhere = {"bubbles", "length", "sources", "marks", "injection"}
    assert set(metrics.GUARDS) == {*GUARDS, *checked_elsewhere}


def test_a_late_turn_and_a_parked_event_are_on_the_scrape(site: httpx.Client, engine: Engine) -> None:
    """What waits too long and what needs a person is read from its row, and no longer after it is gone."""
    now = SystemClock().now()
    with Session(engine) as session:
        contact = upsert_contact(session, identity_key=NUMBER, number=NUMBER, name=None, now=now)
        conversation = lock_conversation(session, contact_id=contact, channel="principal", now=now)
        late = Turn(
            conversation_id=conversation.id or 0,
            correlation_id=uuid4(),
            opened_at=now - timedelta(seconds=200),
            due_at=now - timedelta(seconds=180),
            deadline_at=now,
        )
        parked = InboxEvent(id=uuid4(), channel="principal", dedupe_key="P1", received_at=now)
        parked.state = EventState.PARKED
        session.add_all([late, parked])
        session.commit()
        found = scraped(site)
        assert found["secretaria_turns_due", ()] == 1.0
        assert 180.0 <= found["secretaria_turn_lateness_seconds", ()] < 200.0
        assert 200.0 <= found["secretaria_queue_oldest_seconds", (("queue", "turns"),)] < 220.0
        assert found["secretaria_rows_standing", (("queue", "inbox"), ("state", "parked"))] == 1.0
        session.delete(late)
        session.delete(parked)
        session.commit()
    found = scraped(site)
    assert found["secretaria_turn_lateness_seconds", ()] == found["secretaria_turns_due", ()] == 0.0
    assert found["secretaria_rows_standing", (("queue", "inbox"), ("state", "parked"))] == 0.0


def test_a_scrape_is_a_health_check(site: httpx.Client, valkey: redis.Redis) -> None:
    """Where nobody else asks, a dead worker is counted by the scrape itself; one that has left leaves no series behind."""
    beat(valkey, "maquina:7")
    well = scraped(site)
    assert (well["secretaria_workers_alive", ()], well["secretaria_component_up", (("component", "workers"),)]) == (
        1,
        1,
    )
    stop_beating(valkey, "maquina:7")
    dead = scraped(site)
    assert (dead["secretaria_workers_alive", ()], dead["secretaria_component_up", (("component", "workers"),)]) == (
        0,
        0,
    )
    failed = ("secretaria_healthcheck_failures_total", (("component", "workers"),))
    assert dead[failed] >= well[failed] + 1
    assert not any("maquina" in value for _, labels in dead for _, value in labels)


@pytest.mark.parametrize(
    ("status", "body", "path", "headers"),
    [
        ("accepted", json.dumps(a_text()).encode(), TOKEN, {}),
        ("ignored", json.dumps(a_text(remoteJid="status@broadcast")).encode(), TOKEN, {}),
        ("unauthorized", b"{}", "errado", {}),
        ("unreadable", b"{}", TOKEN, {}),
        ("unreadable", b"[]", TOKEN, {}),
        ("unreadable", b"\x1f\x8b", TOKEN, {"content-encoding": "gzip"}),
        ("too_large", b" " * (1024 * 1024 + 1), TOKEN, {}),
    ],
)
def test_every_outcome_of_the_webhook_is_counted_once(
    site: httpx.Client, status: str, body: bytes, path: str, headers: dict[str, str]
) -> None:
    """A request moves the counter of its own outcome by one, and no other."""
    before = scraped(site)
    site.post(f"/webhook/whaticket/{path}", content=body, headers=headers)
    after = scraped(site)
    moved = {
        dict(labels)["status"]: after[name, labels] - before[name, labels]
        for name, labels in after
        if name == "secretaria_webhook_received_total" and after[name, labels] != before[name, labels]
    }
    assert moved == {status: 1.0}


def test_a_copy_and_a_dead_database_are_counted(site: httpx.Client, start: Start) -> None:
    """What was here before, and what could not be kept, have outcomes of their own."""
    name = "secretaria_webhook_received_total"
    before = scraped(site)
    for _ in range(2):
        site.post(f"/webhook/whaticket/{TOKEN}", json=a_text())
    elsewhere = start(DATABASE_URL="postgresql://ninguem@/nada?host=/nonexistent")
    elsewhere.post(f"/webhook/whaticket/{TOKEN}", json=a_text())
    after = scraped(site)
    for status in ("accepted", "duplicate", "unavailable"):
        labels = (("status", status),)
        assert after[name, labels] - before[name, labels] == 1.0
    seen = ("secretaria_webhook_latency_seconds_count", ())
    assert after[seen] - before[seen] == 3.0


def test_queues_are_the_rows_that_wait(site: httpx.Client, engine: Engine, clock: HeldClock) -> None:
    """The size of a queue is read from PostgreSQL, so it is right after a crash and the same from every process."""
    assert {size for (name, _), size in scraped(site).items() if name == "secretaria_queue_size"} == {0.0}
    for number in range(3):
        site.post(f"/webhook/whaticket/{TOKEN}", json=a_text(message_id=f"M{number}"))
    now = clock.now()
    add_turns(engine, now, [(None, None)])
    with Session(engine) as session:
        conversation = lock_conversation(session, contact_id=1, channel="principal", now=now)
        turn = Turn(
            conversation_id=1,
            correlation_id=uuid4(),
            state=TurnState.ANSWERING,
            opened_at=now,
            due_at=now,
            deadline_at=now,
        )
        session.add(turn)
        session.flush()
        for position, state in enumerate((ItemState.PENDING, ItemState.PENDING, ItemState.SENT, ItemState.HELD)):
            bubble = add_message(
                session,
                conversation,
                direction=Direction.OUTBOUND,
                author=Author.SECRETARY,
                kind="text",
                text="Bom dia!",
                sent_at=now,
                now=now,
            )
            item = OutboxItem(
                conversation_id=1,
                turn_id=turn.id or 0,
                message_id=bubble.id or 0,
                correlation_id=turn.correlation_id,
                position=position,
                number=NUMBER,
                body="Bom dia!",
                state=state,
                not_before=now,
                created_at=now,
            )
            session.add(item)
        session.commit()
    sizes = {
        dict(labels)["queue"]: size for (name, labels), size in scraped(site).items() if name == "secretaria_queue_size"
    }
    assert sizes == {"inbox": 3.0, "turns": 1.0, "outbox": 2.0}


def test_indicators_are_read_from_the_replies(site: httpx.Client, engine: Engine, clock: HeldClock) -> None:
    """Sentiment is a mean over who showed one, satisfaction a share of who said so; nobody is made up."""
    assert all(math.isnan(value) for value in _gauges(site))
    labels: list[tuple[int | None, str | None]] = [
        (1, "satisfied"),
        (-1, "unsatisfied"),
        (1, None),
        (None, "satisfied"),
        (0, "satisfied"),
        (None, None),
    ]
    add_turns(engine, clock.now(), labels)
    assert _gauges(site) == (0.25, 0.75)


def test_what_the_model_did_not_read_is_unknown_and_not_neutral(
    site: httpx.Client, engine: Engine, clock: HeldClock
) -> None:
    """Three turns of four had no label: the mean is of the fourth alone, and how many are missing is told."""
    add_turns(engine, clock.now(), [(-1, None), (None, None), (None, None), (None, None)])
    found = scraped(site)
    assert found["secretaria_sentiment_average_gauge", ()] == -1.0
    assert found["secretaria_unlabelled_ratio_gauge", ()] == 0.75


def test_what_was_inferred_stands_apart_from_what_was_said(
    site: httpx.Client, engine: Engine, clock: HeldClock
) -> None:
    """One customer said that she is satisfied; of two ended conversations the summary took one for it."""
    add_turns(engine, clock.now(), [(1, "satisfied")])
    with Session(engine) as session:
        (contact,) = session.exec(select(Conversation.contact_id)).all()
        for hours, satisfaction in enumerate(("satisfied", "unsatisfied", None)):
            ended = clock.now() - timedelta(hours=hours)
            episode = Episode(conversation_id=1, contact_id=contact, began_at=ended, ended_at=ended, ending="silence")
            episode.satisfaction = satisfaction
            session.add(episode)
        session.commit()
    found = scraped(site)
    assert found["secretaria_satisfaction_ratio_gauge", (("source", "explicit"),)] == 1.0
    assert found["secretaria_satisfaction_ratio_gauge", (("source", "inferred"),)] == 0.5


def test_what_is_used_of_the_budget_is_on_the_scrape(start: Start, engine: Engine, tmp_path: Path) -> None:
    """A tenth of the day's tokens are spent: the gauge says so before anybody is refused."""
    shutil.copytree(SAMPLE_BUSINESS, tmp_path / "negocio")
    with Session(engine) as session:
        today = datetime.now(ZoneInfo("America/Sao_Paulo")).date()
        session.add(LlmSpending(scope="day", conversation_id=0, period=today, tokens=600_000))
        session.commit()
    found = scraped(start())
    assert found["secretaria_budget_used_ratio", (("scope", "day"),)] == 0.1
    assert found["secretaria_budget_used_ratio", (("scope", "month"),)] == 0.0


def test_indicators_are_of_the_last_turns(site: httpx.Client, engine: Engine, clock: HeldClock) -> None:
    """What was long ago does not hide what is now: the last 200 labelled turns count, however many are without."""
    old: list[tuple[int | None, str | None]] = [(-1, "unsatisfied")] * 50
    add_turns(engine, clock.now(), [*old, *[(1, "satisfied"), (None, None)] * 200])
    assert _gauges(site) == (1.0, 1.0)


def test_without_a_database_no_gauge_is_invented(start: Start) -> None:
    """While PostgreSQL is away a zero would be a lie; what the process counted itself is still told."""
    names = {name for name, _ in scraped(start(DATABASE_URL="postgresql://ninguem@/nada?host=/nonexistent"), tries=1)}
    assert "secretaria_webhook_received_total" in names
    assert not names & {
        "secretaria_queue_size",
        "secretaria_sentiment_average_gauge",
        "secretaria_satisfaction_ratio_gauge",
    }


@pytest.mark.parametrize("name", ["llm:api.openai.com:gpt-4.1-mini", "whaticket:principal"])
def test_open_breaker_is_on_the_scrape(site: httpx.Client, valkey: redis.Redis, name: str) -> None:
    """What a worker found out about the model, or about Whaticket, is seen at once by whoever scrapes the service."""
    labels = ("secretaria_breaker_state", (("name", name),))
    assert scraped(site)[labels] == 0.0
    breaker = Breaker(valkey, SystemClock())
    for _ in range(FAILURES):
        permit = breaker.allow(name, longest_seconds=1)
        assert permit is not None
        permit.fail()
    assert scraped(site)[labels] == 2.0


def test_without_redis_no_breaker_is_invented(start: Start) -> None:
    """While Redis is away nobody knows how the breakers stand, and the rest of the scrape is there."""
    names = {name for name, _ in scraped(start(REDIS_URL="redis://127.0.0.1:1/0"), tries=3)}
    assert "secretaria_queue_size" in names
    assert "secretaria_breaker_state" not in names


def test_processes_are_summed(tmp_path: Path) -> None:
    """What two processes of one service counted is one number, also when both have ended; the rest is zero."""
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    for count in ("2", "3"):
        subprocess.run([sys.executable, "-c", COUNT_AND_LEAVE, count], env=environment, check=True)
    told = subprocess.run(
        [sys.executable, "-c", SCRAPE], env=environment, check=True, capture_output=True, text=True
    ).stdout
    found = samples(told)
    assert found["secretaria_webhook_received_total", (("status", "accepted"),)] == 5.0
    assert found["secretaria_webhook_received_total", (("status", "duplicate"),)] == 0.0
    assert found["secretaria_task_latency_seconds_count", (("task", "inbox.file"),)] == 2.0
    assert found["secretaria_task_latency_seconds_bucket", (("le", "0.25"), ("task", "inbox.file"))] == 2.0
    assert found["secretaria_healthcheck_failures_total", (("component", "redis"),)] == 2.0
    assert found["secretaria_intention_distribution_total", (("intention", "saudacao"),)] == 0.0


def _gauges(site: httpx.Client) -> tuple[float, float]:
    found = scraped(site)
    said = found["secretaria_satisfaction_ratio_gauge", (("source", "explicit"),)]
    return found["secretaria_sentiment_average_gauge", ()], said
