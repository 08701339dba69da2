"""Chromium in front of the panel of a real shop: one browser and one shop for all tests, a customer of its own for each."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Page, sync_playwright
from sqlmodel import Session, select

from secretaria.attendants.accounts import AccountsRoom, add_attendant
from secretaria.attendants.roles import Role
from secretaria.audit.trail import Actor
from secretaria.bootstrap import Installation
from secretaria.conversations.models import Contact, Conversation
from secretaria.local.engines import EmbeddedEngines
from secretaria.settings import load_settings
from secretaria.simulation.phone import text_event
from tests.acceptance.conftest import Shop

PASSWORD = "palavras raras de uma só pessoa"
TEAM = {"dora": Role.OWNER, "ivo": Role.ATTENDANT, "lia": Role.ATTENDANT, "vera": Role.VIEWER}
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
PATIENCE_MILLISECONDS = 15_000
AXE = Path(__file__).with_name("vendor") / "axe.min.js"
SERIOUS = frozenset({"serious", "critical"})
Enter = Callable[..., Page]


@dataclass
class Customer:
    """Somebody who writes to the shop of the tests.

    Attributes:
        number: Of nobody.
    """

    shop: Shop
    installation: Installation
    number: str
    name: str = "Bia Souza"

    def write(self, text: str) -> None:
        """Send a message."""
        event = text_event(self.number, text, uuid4().hex.upper(), datetime.now(UTC), self.name)
        assert self.shop.phone.post(event)[0] == 202

    def heard(self, words: str, seconds: float = 20) -> None:
        """Wait until something was sent to this phone."""
        self.shop.ledger.wait_for(
            lambda sent: any(one.number == self.number and words in one.body for one in sent), timeout=seconds
        )

    @property
    def conversation_id(self) -> int:
        """The conversation with them; they have written."""
        with Session(self.installation.engine) as session:
            statement = select(Conversation.id).join(Contact).where(Contact.number == self.number)
            return session.exec(statement).one() or 0


@dataclass
class Watched:
    """What a browser complained about."""

    complaints: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        """Agree to what is asked, and write down what must not be."""
        page.on("dialog", self._answer)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._read)

    def _answer(self, dialog: Dialog) -> None:
        if dialog.type != "confirm":
            self.complaints.append(f"{dialog.type}: {dialog.message}")
        dialog.accept()

    def _read(self, message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            self.complaints.append(message.text)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Open the browser of this machine."""
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        pytest.fail("não há Chromium nesta máquina; instale-o: apt install chromium", pytrace=False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def installation(shop: Shop) -> Iterator[Installation]:
    """Look into the shop from beside it."""
    home = Path(shop.environment["SECRETARIA_HOME"])
    urls = EmbeddedEngines(home).urls
    environment = {**shop.environment, "DATABASE_URL": urls.database_url, "REDIS_URL": urls.redis_url}
    opened = Installation(load_settings(Path(shop.environment["SECRETARIA_CONFIG"]), environment))
    yield opened
    opened.engine.dispose()
    opened.redis.close()


@pytest.fixture(scope="session")
def team(installation: Installation) -> AccountsRoom:
    """Open an account for everybody who enters."""
    room = installation.accounts_room(Actor("teste", "cli", "maquina"))
    for login, role in TEAM.items():
        add_attendant(room, login=login, name=login.title(), role=role, password=PASSWORD)
    return room


@pytest.fixture(scope="session")
def kept_sessions() -> dict[str, Any]:
    """Keep who has entered, so that a test about something else need not."""
    return {}


@pytest.fixture
def enter(shop: Shop, chromium: Browser, team: AccountsRoom, kept_sessions: dict[str, Any]) -> Iterator[Enter]:  # noqa: ARG001  # who may enter
    """Open a page for somebody who has entered, in a browser of their own; nothing may have gone wrong in it."""
    watched = Watched()
    with ExitStack() as stack:

        def open_page(login: str, path: str = "/painel/conversas", *, anew: bool = False, **how: Any) -> Page:  # noqa: ANN401  # what a context takes
            kept = None if anew else kept_sessions.get(login)
            context: BrowserContext = chromium.new_context(
                base_url=shop.url, locale="pt-BR", storage_state=kept, reduced_motion="reduce", **how
            )
            stack.callback(context.close)
            context.set_default_timeout(PATIENCE_MILLISECONDS)
            page = context.new_page()
            watched.watch(page)
            if kept is None:
                log_in(page, login)
            if kept is None and not anew:
                kept_sessions[login] = context.storage_state()
            page.goto(path)
            return page

        yield open_page
    assert watched.complaints == []


def log_in(page: Page, login: str, password: str = PASSWORD) -> None:
    """Enter as a person does."""
    page.goto("/painel/entrar")
    page.get_by_label("Login").fill(login)
    page.get_by_label("Senha").fill(password)
    page.get_by_role("button", name="Entrar").click()
    page.wait_for_url(lambda url: "/entrar" not in url)


@pytest.fixture
def customer(shop: Shop, installation: Installation) -> Customer:
    """Return somebody who has never written."""
    return Customer(shop, installation, f"5520{uuid4().int % 10**8:09d}")


def serious_problems(page: Page) -> list[str]:
    """Return what axe-core finds on a page that keeps somebody from using it."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run()")["violations"]
    return [
        f"{one['id']}: {one['help']} ({one['nodes'][0]['html'][:120]})" for one in found if one["impact"] in SERIOUS
    ]
