"""Chromium in front of the panel of a shop, and people on both sides; for tests and for pictures."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from playwright.sync_api import Browser, Page, sync_playwright
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


class BrowserMissing(RuntimeError):
    """This machine has no Chromium."""

    def __init__(self) -> None:
        super().__init__("não há Chromium nesta máquina; instale-o: apt install chromium")


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


@contextmanager
def launched() -> Iterator[Browser]:
    """Open the browser of this machine.

    Raises:
        BrowserMissing: There is none.
    """
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        raise BrowserMissing
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(ARGUMENTS))
        yield browser
        browser.close()


@contextmanager
def looked_into(shop: Shop) -> Iterator[Installation]:
    """Open the parts of a running shop beside it."""
    home = Path(shop.environment["SECRETARIA_HOME"])
    urls = EmbeddedEngines(home).urls
    environment = {**shop.environment, "DATABASE_URL": urls.database_url, "REDIS_URL": urls.redis_url}
    opened = Installation(load_settings(Path(shop.environment["SECRETARIA_CONFIG"]), environment))
    yield opened
    opened.engine.dispose()
    opened.redis.close()


def open_team(installation: Installation) -> AccountsRoom:
    """Open an account for everybody who enters."""
    room = installation.accounts_room(Actor("teste", "cli", "maquina"))
    for login, role in TEAM.items():
        add_attendant(room, login=login, name=login.title(), role=role, password=PASSWORD)
    return room


def log_in(page: Page, login: str, password: str = PASSWORD) -> None:
    """Enter as a person does."""
    page.goto("/painel/entrar")
    page.get_by_label("Login").fill(login)
    page.get_by_label("Senha").fill(password)
    page.get_by_role("button", name="Entrar").click()
    page.wait_for_url(lambda url: "/entrar" not in url)
