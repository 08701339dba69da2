"""People at work: what a customer writes appears by itself, who takes over has the word, and she knows it afterwards."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import Session, col, select

from secretaria.bootstrap import Installation
from secretaria.conversations.models import Turn, TurnState
from secretaria.replies.models import Recording
from tests.acceptance.conftest import Shop
from tests.acceptance.panel.browsing import Customer
from tests.acceptance.panel.conftest import Enter


@pytest.fixture
def slow_model(shop: Shop) -> Iterator[Shop]:
    """Let the model think for longer than a person needs to click."""
    before = shop.llm_faults.slow_seconds
    shop.llm_faults.slow_seconds = 1.5
    yield shop
    shop.llm_faults.slow_seconds = before


def test_what_a_customer_writes_appears_by_itself(enter: Enter, customer: Customer) -> None:
    """In the list and in the open conversation, with the reply and how it was delivered; nothing is loaded again."""
    page = enter("ivo")
    customer.name = "Nadir Prado"
    customer.write("oi")
    page.get_by_role("link", name="Nadir Prado").click()
    page.evaluate("window.stays = true")
    customer.write("quanto custa a limpeza?")
    log = page.get_by_role("log")
    expect(log.get_by_text("quanto custa a limpeza?")).to_be_visible()
    expect(log.locator(".secretary", has_text="R$ 180").get_by_text("enviada")).to_be_visible()
    assert page.evaluate("window.stays")


def test_who_takes_over_while_she_is_answering_has_the_word(
    enter: Enter, customer: Customer, installation: Installation, slow_model: Shop
) -> None:
    """Her draft is not sent; the person's words are; and given back, she knows what was said."""
    customer.write("oi, tudo bem?")
    customer.heard("")
    page = enter("ivo", f"/painel/conversas/{customer.conversation_id}")
    slow_model.llm_faults.fail_next(1, "slow")
    customer.write("qual o valor do clareamento?")
    _wait_for_answering(installation, customer.conversation_id)
    page.get_by_role("button", name="Assumir").click()
    expect(page.locator("#state").get_by_text("com Ivo")).to_be_visible()
    said = len(slow_model.ledger.sent(customer.number))
    page.get_by_label("Mensagem para o cliente").fill("Aqui é o Ivo: o clareamento fica por R$ 777 hoje.")
    page.keyboard.press("Enter")
    customer.heard("R$ 777")
    expect(page.locator(".attendant", has_text="R$ 777").get_by_text("enviada")).to_be_visible()
    time.sleep(1.5)  # longer than the draft would have needed
    assert len(slow_model.ledger.sent(customer.number)) == said + 1
    page.get_by_role("button", name="Devolver").click()
    expect(page.locator("#state").get_by_text("com a secretária")).to_be_visible()
    customer.write("e que horas abrem no sábado?")
    customer.heard("8h")
    with Session(installation.engine) as session:
        statement = select(Recording).where(Recording.conversation_id == customer.conversation_id)
        told = session.exec(statement.order_by(col(Recording.turn_id).desc())).first()
    assert told is not None
    # The words themselves until the talk is summed up, then its summary, of which the double writes only the beginning.
    assert "R$ 777" in str(told.told) or told.told["summaries"]


def _wait_for_answering(installation: Installation, conversation_id: int, seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    statement = select(Turn.id).where(Turn.conversation_id == conversation_id, Turn.state == TurnState.ANSWERING)
    while time.monotonic() < deadline:
        with Session(installation.engine) as session:
            if session.exec(statement).first() is not None:
                return
        time.sleep(0.02)
    raise AssertionError("nobody began to answer")


def test_of_two_who_take_at_once_one_is_told_who_has_it(enter: Enter, customer: Customer) -> None:
    """The page of the slower one still offered it."""
    customer.write("quero falar com um atendente")
    customer.heard("")
    path = f"/painel/conversas/{customer.conversation_id}"
    quick, slow = enter("ivo", path), enter("lia", "/painel/respostas-rapidas")
    slow.route("**/painel/ao-vivo*", lambda route: route.abort())
    slow.goto(path)
    quick.get_by_role("button", name="Assumir").click()
    expect(quick.locator("#state").get_by_text("com Ivo")).to_be_visible()
    slow.get_by_role("button", name="Assumir").click()
    expect(slow.get_by_role("alert")).to_contain_text("A conversa está com ivo")


def test_why_it_was_said_is_one_click_away_and_becomes_a_test(enter: Enter, customer: Customer) -> None:
    """With the text of the base that it rests on."""
    customer.write("quanto custa a limpeza?")
    customer.heard("R$ 180")
    page = enter("ivo", f"/painel/conversas/{customer.conversation_id}")
    page.locator(".secretary", has_text="R$ 180").get_by_role("button", name="por quê?").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("faq.md#")).to_be_visible()
    expect(dialog.get_by_text("na base", exact=True)).to_be_visible()
    dialog.get_by_label("O que se esperava").fill("Certo assim.")
    dialog.get_by_role("button", name="Guardar como teste").click()
    expect(dialog.get_by_text("Guardado como teste")).to_be_visible()


def test_what_a_customer_writes_is_text_and_nothing_else(enter: Enter, customer: Customer) -> None:
    """Not a picture, not a script, not a link, and it reads in the order it is written."""
    customer.name = '<img src=x onerror="alert(1)">'
    customer.write("<script>alert(2)</script> https://exemplo.test/ javascript:alert(3) \u202egpj.exe")
    customer.heard("")
    page: Page = enter("ivo", f"/painel/conversas/{customer.conversation_id}")
    log = page.get_by_role("log")
    expect(
        log.get_by_text("<script>alert(2)</script> https://exemplo.test/ javascript:alert(3) \ufffdgpj.exe")
    ).to_be_visible()
    expect(page.get_by_role("heading", name='<img src=x onerror="alert(1)">')).to_be_visible()
    assert page.locator(".bubble a, .bubble img, .bubble script").count() == 0


def test_everybody_can_be_silenced_with_one_switch(enter: Enter, customer: Customer) -> None:
    """And she speaks again when it is turned back."""
    page = enter("dora")
    page.get_by_role("button", name="Pausar secretária em todas").click()
    expect(page.get_by_text("A secretária está pausada em todas as conversas")).to_be_visible()
    page.get_by_role("button", name="Retomar").click()
    expect(page.get_by_role("button", name="Pausar secretária em todas")).to_be_visible()
    customer.write("oi")
    customer.heard("")
