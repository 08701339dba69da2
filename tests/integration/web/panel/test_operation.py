"""Operação: what stands is shown with its story, the owner decides, others only look, and it opens when all is away."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import redis
from sqlalchemy import Engine

import secretaria
from secretaria.conversations.store import lock_conversation, upsert_contact
from secretaria.database.transaction import transaction
from secretaria.inbox.models import EventState, InboxEvent
from secretaria.outbox.models import ItemState, OutboxItem
from secretaria.queue.heartbeats import PREFIX, beat
from secretaria.simulation import SAMPLE_BUSINESS
from tests.builders import rows
from tests.integration.web.conftest import Start
from tests.integration.web.panel.conftest import KEY, Browser

NUMBER = "5520900000401"
NO_POSTGRESQL = "postgresql://ninguem@/nada?host=/nonexistent"


@pytest.fixture
def held(engine: Engine) -> str:
    """Leave one send in doubt that nobody could settle; return its name."""
    now = datetime.now(UTC)
    with transaction(engine) as session:
        contact = upsert_contact(session, identity_key="552000000401", number=NUMBER, name="Bia", now=now)
        conversation = lock_conversation(session, contact_id=contact, channel="principal", now=now)
        item = OutboxItem(
            conversation_id=conversation.id or 0,
            correlation_id=uuid4(),
            position=0,
            number=NUMBER,
            body="segredo da Bia",
            state=ItemState.HELD,
            reason="lease_expired",
            not_before=now,
            created_at=now - timedelta(minutes=5),
        )
        session.add(item)
        session.flush()
        return f"o:{item.id}"


def test_everybody_sees_how_it_stands(browser: Browser, held: str, valkey: redis.Redis) -> None:
    """Health, queues and what is stuck, without numbers; who only looks has no buttons and is refused."""
    beat(valkey, "maquina:7")
    valkey.set(f"{PREFIX}antiga:8", "1", ex=15)  # as the version before said it
    browser.enter("vera")
    page = browser.get("/painel/operacao").text
    for shown in (
        "PostgreSQL",
        "maquina:7",
        "antiga:8",
        held,
        "retido em dúvida",
        "5520*****0401",
        secretaria.__version__,
    ):
        assert shown in page
    assert NUMBER not in page
    assert 'hx-post="/painel/operacao' not in page
    assert browser.post("/painel/operacao/item", {"item": held, "acao": "drop"}).status_code == 403
    assert browser.post("/painel/operacao/fila", {"fila": "turns", "acao": "pausar"}).status_code == 403


def test_while_postgresql_is_away_an_open_page_is_told(browser: Browser, start: Start) -> None:
    """Its next refresh says so in a sentence, and leaves what is shown."""
    browser.enter("dona")
    site = start(DATABASE_URL=NO_POSTGRESQL, JWT_SECRET=KEY, SECRETARIA__BUSINESS__FOLDER=str(SAMPLE_BUSINESS))
    refreshed = Browser(site, dict(browser.cookies)).get("/painel/operacao", HX_Request="true")
    assert refreshed.status_code == 503
    assert 'class="told bad"><strong>O PostgreSQL não respondeu' in refreshed.text


def test_a_story_is_told_without_words(browser: Browser, held: str) -> None:
    """Nothing that was written, and no number."""
    browser.enter("vera")
    story = browser.get(f"/painel/operacao/historia/{held}").text
    assert "envio criado" in story
    assert "segredo" not in story
    assert NUMBER not in story


def test_the_owner_decides_once(browser: Browser, engine: Engine, held: str) -> None:
    """Tried again, it leaves the list; a second decision has nothing to do, and the audit has one."""
    browser.enter("dona")
    assert "de volta à fila" in browser.post("/painel/operacao/item", {"item": held, "acao": "retry"}).text
    again = browser.post("/painel/operacao/item", {"item": held, "acao": "arrived"})
    assert again.status_code == 409
    assert "nada a fazer" in again.text
    noted = [one for one in rows(engine, "audit_entry") if one["action"].startswith("queue.")]
    assert [(one["action"], one["target"], one["actor"]) for one in noted] == [("queue.retried", held, "dona")]


def test_what_is_held_can_be_believed_or_given_up(browser: Browser, engine: Engine, held: str) -> None:
    """Both bring it to its end."""
    browser.enter("dona")
    browser.post("/painel/operacao/item", {"item": held, "acao": "arrived"})
    assert rows(engine, "outbox_item")[-1]["state"] == "sent"
    with engine.begin() as connection:
        event = InboxEvent.__table__.insert().values(  # type: ignore[attr-defined]  # sqlmodel hides the table
            id=uuid4(), dedupe_key="x", channel="principal", body=b"{}", item=0, state=EventState.PARKED,
            reason="KeyError", failures=5, received_at=datetime.now(UTC),
        )  # fmt: skip
        connection.execute(event)
    name = f"e:{rows(engine, 'inbox_event')[-1]['id']}"
    assert name in browser.get("/painel/operacao").text
    browser.post("/painel/operacao/item", {"item": name, "acao": "drop"})
    assert rows(engine, "inbox_event")[-1]["state"] == "ignored"
    assert name not in browser.get("/painel/operacao").text


def test_a_queue_is_stopped_and_runs_again(browser: Browser, engine: Engine) -> None:
    """Twice is once, and who did it is shown."""
    browser.enter("dona")
    for _ in range(2):
        paused = browser.post("/painel/operacao/fila", {"fila": "outbox", "acao": "pausar"}).text
    assert "pausada" in paused
    assert rows(engine, "queue_pause")[-1]["paused_by"] == "dona"
    assert "Retomar" in paused
    browser.post("/painel/operacao/fila", {"fila": "outbox", "acao": "retomar"})
    assert not rows(engine, "queue_pause")
    actions = [one["action"] for one in rows(engine, "audit_entry") if one["action"].startswith("queue.")]
    assert actions == ["queue.paused", "queue.resumed"]


def test_what_makes_no_sense_is_refused(browser: Browser, held: str) -> None:
    """In Portuguese, as a refusal and not as a fault."""
    browser.enter("dona")
    for path, form, status in (
        ("fila", {"fila": "nada", "acao": "pausar"}, 400),
        ("fila", {"fila": "outbox", "acao": "explodir"}, 400),
        ("item", {"item": "o:99999999", "acao": "retry"}, 404),
        ("item", {"item": "x:1", "acao": "retry"}, 400),
        ("item", {"item": "\0", "acao": "retry"}, 400),
        ("item", {"item": held, "acao": "reler"}, 400),
    ):
        answer = browser.post(f"/painel/operacao/{path}", form)
        assert answer.status_code == status, (form, answer.text)
        assert "told bad" in answer.text
    browser.word = "0" * 64
    assert browser.post("/painel/operacao/item", {"item": held, "acao": "drop"}).status_code == 403
