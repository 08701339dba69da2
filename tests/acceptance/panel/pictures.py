"""Makes the pictures of the panel in ``docs/`` from a real shop with invented customers: ``make pictures``."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from secretaria.bootstrap import Installation
from secretaria.database.transaction import transaction
from tests.acceptance.conftest import Shop, open_shop
from tests.acceptance.panel.browsing import Customer, launched, log_in, looked_into, open_team
from tests.acceptance.panel.history import seed_history

DOCS = Path(__file__).parents[3] / "docs"
LARGEST = 150_000
DESK, PHONE = {"width": 1280, "height": 680}, {"width": 390, "height": 800}
SAID = (
    ("Bia Souza", ("Oi, bom dia!", "quanto custa a limpeza?", "E o clareamento?")),
    ("Nadir Prado", ("Vocês abrem no sábado?",)),
    ("Caio Reis", ("Quero falar com um atendente, por favor",)),
    ("Lúcia Ferraz", ("qual o endereço da unidade Palmeiras?",)),
)


def make_pictures() -> None:
    """Open a shop, let people write, look at it, and close it again."""
    with open_shop() as shop, looked_into(shop) as installation, launched() as browser:
        open_team(installation)
        with transaction(installation.engine) as session:
            seed_history(session, installation.clock.now())
        first, *_ = _play(shop, installation)
        _of_a_desk(browser, shop, first)
        _of_her(browser, shop)
        _of_a_phone(browser, shop, first)


def _play(shop: Shop, installation: Installation) -> list[Customer]:
    customers = []
    for position, (name, texts) in enumerate(SAID, start=1):
        customer = Customer(shop, installation, f"552090000210{position}", name)
        for text in texts:
            heard = len(shop.ledger.sent(customer.number))
            customer.write(text)
            number = customer.number
            shop.ledger.wait_for(
                lambda sent, number=number, heard=heard: sum(one.number == number for one in sent) > heard,  # type: ignore[misc]  # a lambda with defaults
                timeout=30,
            )
        customers.append(customer)
    return customers


def _of_a_desk(browser: Browser, shop: Shop, customer: Customer) -> None:
    page = _entered(browser, shop, DESK, "light")
    page.goto(f"/painel/conversas/{customer.conversation_id}")
    page.get_by_role("button", name="Assumir").click()
    page.get_by_label("Mensagem para o cliente").fill("Oi, Bia! Aqui é a Dora. Consigo te encaixar amanhã às 10h.")
    page.get_by_role("button", name="Enviar").click()
    expect(page.locator(".attendant").get_by_text("enviada")).to_be_visible()
    _shoot(page, "panel-conversation")
    page.locator(".secretary", has_text="R$ 180").get_by_role("button", name="por quê?").click()
    expect(page.get_by_role("dialog").get_by_text("De onde veio")).to_be_visible()
    _shoot(page, "panel-why")
    page.set_viewport_size({"width": 1220, "height": 900})
    page.goto("/painel/indicadores")
    _shoot(page, "panel-indicators")


def _of_her(browser: Browser, shop: Shop) -> None:
    page = _entered(browser, shop, DESK, "light")
    page.goto("/painel/secretaria")
    page.get_by_label("Nome", exact=True).fill("Luna")
    page.locator('[name="secretaria.formalidade"][value="formal"]').check()
    page.get_by_label("Mensagem de um cliente").fill("oi, quanto custa o clareamento?")
    page.get_by_role("button", name="Ver as duas respostas").click()
    expect(page.locator("#tried .said")).to_have_count(2, timeout=30_000)
    page.locator("#try").scroll_into_view_if_needed()
    _shoot(page, "panel-secretary")


def _of_a_phone(browser: Browser, shop: Shop, customer: Customer) -> None:
    page = _entered(browser, shop, PHONE, "dark")
    _shoot(page, "panel-phone-list")
    page.goto(f"/painel/conversas/{customer.conversation_id}")
    _shoot(page, "panel-phone-conversation")


def _entered(browser: Browser, shop: Shop, viewport: dict[str, int], scheme: str) -> Page:
    page = browser.new_context(
        base_url=shop.url,
        locale="pt-BR",
        viewport=viewport,  # type: ignore[arg-type]  # two sizes in pixels
        color_scheme=scheme,  # type: ignore[arg-type]  # one of two words
        reduced_motion="reduce",
    ).new_page()
    log_in(page, "dora")
    page.goto("/painel/conversas")
    return page


def _shoot(page: Page, name: str) -> None:
    page.wait_for_timeout(400)  # charts are drawn
    path = DOCS / f"{name}.png"
    page.screenshot(path=path)
    size = path.stat().st_size
    if size > LARGEST:
        raise RuntimeError(f"{path} has {size} bytes; at most {LARGEST} are kept in the repository")


if __name__ == "__main__":
    make_pictures()
