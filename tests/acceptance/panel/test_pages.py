"""Every main page, on a desk and on a phone, can be used by everybody."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.acceptance.panel.browsing import Customer
from tests.acceptance.panel.conftest import Enter, serious_problems

MAIN_PAGES = (
    "/painel/conversas",
    "/painel/agenda",
    "/painel/agenda?vista=semana",
    "/painel/agenda/marcar",
    "/painel/secretaria",
    "/painel/secretaria/versoes",
    "/painel/base",
    "/painel/base/faq.md%23faq-04",
    "/painel/indicadores",
    "/painel/operacao",
    "/painel/equipe",
    "/painel/auditoria",
    "/painel/respostas-rapidas",
    "/painel/senha",
)
PHONE = {"width": 390, "height": 844}


@pytest.mark.parametrize(
    "how", [{"color_scheme": "light"}, {"color_scheme": "dark", "viewport": PHONE, "has_touch": True}]
)
def test_nothing_keeps_anybody_from_using_a_page(enter: Enter, customer: Customer, how: dict[str, object]) -> None:
    """axe-core finds nothing serious, light and dark, and a phone need not be pushed sideways."""
    customer.write("quanto custa a limpeza?")
    customer.heard("R$ 180")
    page = enter("dora", **how)
    conversation = f"/painel/conversas/{customer.conversation_id}"
    for path in (*MAIN_PAGES, conversation, "/painel/entrar", "/painel/nada"):
        page.goto(path)
        assert page.url.endswith(path)
        assert serious_problems(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


def test_a_phone_gets_everywhere_by_the_menu_and_the_keyboard_skips_it(enter: Enter) -> None:
    """The menu opens and closes, and the first key leads past it."""
    page = enter("dora", viewport=PHONE)
    expect(page.get_by_role("heading", name="Conversas")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Pular para o conteúdo")).to_be_focused()
    menu = page.get_by_role("button", name="Menu")
    expect(page.get_by_role("link", name="Indicadores")).to_be_hidden()
    menu.press("Enter")
    page.get_by_role("link", name="Indicadores").click()
    expect(page.get_by_role("heading", name="Indicadores")).to_be_visible()
