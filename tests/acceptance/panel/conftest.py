"""Chromium in front of the panel of a real shop: one browser and one shop for all tests, a customer of its own for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Page

from secretaria.attendants.accounts import AccountsRoom
from secretaria.bootstrap import Installation
from tests.acceptance.conftest import Shop
from tests.acceptance.panel.browsing import PASSWORD, BrowserMissing, Customer, launched, log_in, looked_into, open_team

__all__ = [
    "PASSWORD",
    "Customer",
    "Enter",
    "log_in",
    "serious_problems",
]  # what tests of pages need beside the fixtures

PATIENCE_MILLISECONDS = 15_000
AXE = Path(__file__).with_name("vendor") / "axe.min.js"
SERIOUS = frozenset({"serious", "critical"})
Enter = Callable[..., Page]


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


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Open the browser of this machine; it takes the event loop of its thread, which tests of other rooms want too."""
    try:
        with launched() as browser:
            yield browser
    except BrowserMissing as missing:
        pytest.fail(str(missing), pytrace=False)


@pytest.fixture(scope="session")
def installation(shop: Shop) -> Iterator[Installation]:
    """Look into the shop from beside it."""
    with looked_into(shop) as opened:
        yield opened


@pytest.fixture(scope="session")
def team(installation: Installation) -> AccountsRoom:
    """Open an account for everybody who enters."""
    return open_team(installation)


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
