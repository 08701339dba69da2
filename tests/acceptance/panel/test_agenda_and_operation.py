"""A day at the desk in a real browser: a booking from its first word to its end, and a send that stood still."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from playwright.sync_api import Page, expect

from secretaria.conversations.store import lock_conversation, upsert_contact
from secretaria.database.transaction import transaction
from secretaria.outbox.models import ItemState, OutboxItem
from secretaria.whaticket.numbers import identity_key
from tests.acceptance.panel.conftest import Customer, Enter, serious_problems

PHONE = {"width": 390, "height": 844}
DAY = (datetime.now(UTC) + timedelta(days=20)).date()


def test_a_booking_is_made_confirmed_and_cancelled(enter: Enter, customer: Customer) -> None:
    """On a phone; of two who want the same time the later one is told, and nothing that was typed is lost."""
    with transaction(customer.installation.engine) as session:
        key, now = identity_key(customer.number), datetime.now(UTC)
        upsert_contact(session, identity_key=key, number=customer.number, name="Ágata Reis", now=now)
    page, other = enter("ivo", "/painel/agenda", viewport=PHONE), enter("dora", f"/painel/agenda/marcar?dia={DAY}")
    page.get_by_role("link", name="Marcar", exact=True).click()
    page.get_by_label("Dia").fill(str(DAY))
    fill_booking(page, "agata")
    page.get_by_label("Ágata Reis").check()
    fill_booking(other, "Outra Pessoa")
    page.get_by_role("button", name="Marcar").click()
    expect(page.get_by_role("status")).to_contain_text("Avaliacao de Ágata Reis")
    other.get_by_role("button", name="Marcar").click()
    expect(other.get_by_role("alert")).to_contain_text("acabou de ser ocupado")
    expect(other.get_by_label("Cliente")).to_have_value("Outra Pessoa")
    page.get_by_role("button", name="Confirmar Ágata Reis").click()
    expect(page.get_by_role("status")).to_contain_text("confirmado")
    page.get_by_role("link", name="Ágata Reis").click()
    assert serious_problems(page) == []
    page.get_by_role("button", name="Cancelar a marcação").click()
    expect(page.get_by_text("O horário está livre de novo.")).to_be_visible()


def fill_booking(page: Page, client: str) -> None:
    """Say who wants a quarter past two, whether or not the house is open that day."""
    page.get_by_label("Cliente").press_sequentially(client)
    page.get_by_text("Outro horário").click()
    page.get_by_label("Hora", exact=True).fill("14:15")
    page.get_by_label("Encaixe").check()
    expect(page.locator("#clients")).to_contain_text(client if client != "agata" else "Ágata Reis")


def test_a_send_that_stood_still_is_tried_again(enter: Enter, customer: Customer) -> None:
    """The owner decides, the customer reads it, and the page refreshes itself without taking the focus away."""
    now = datetime.now(UTC)
    with transaction(customer.installation.engine) as session:
        key = identity_key(customer.number)
        contact = upsert_contact(session, identity_key=key, number=customer.number, name=None, now=now)
        conversation = lock_conversation(session, contact_id=contact, channel="principal", now=now)
        item = OutboxItem(
            conversation_id=conversation.id or 0,
            correlation_id=uuid4(),
            position=0,
            number=customer.number,
            body="o seu exame ficou pronto",
            state=ItemState.HELD,
            reason="lease_expired",
            not_before=now,
            created_at=now,
        )
        session.add(item)
        session.flush()
        name = f"o:{item.id}"
    page = enter("dora", "/painel/operacao")
    expect(page.get_by_role("heading", name="PostgreSQL")).to_be_visible()
    page.get_by_role("button", name="Pausar Entrada").focus()
    with page.expect_response(lambda answer: answer.url.endswith("/painel/operacao")):
        pass  # the next refresh of its own
    expect(page.get_by_role("button", name="Pausar Entrada")).to_be_focused()
    page.get_by_role("button", name=f"Tentar de novo {name}").click()
    expect(page.get_by_role("status")).to_contain_text("de volta à fila")
    customer.heard("o seu exame ficou pronto")
    expect(page.get_by_role("button", name=f"Tentar de novo {name}")).to_be_hidden()
