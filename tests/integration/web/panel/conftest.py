"""The panel as a browser without scripts would use it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import httpx
import pytest
import redis
from sqlalchemy import Engine

from secretaria.attendants.accounts import AccountsRoom
from secretaria.attendants.models import Attendant
from secretaria.attendants.passwords import hash_password
from secretaria.attendants.roles import Role
from secretaria.attendants.sessions import Sessions
from secretaria.audit.trail import Actor
from secretaria.clock import SystemClock
from secretaria.database.transaction import transaction
from secretaria.simulation import SAMPLE_BUSINESS
from tests.integration.web.conftest import service

KEY = "chave-de-teste-com-mais-de-32-bytes-1"
PASSWORD = "quatro palavras bem inventadas"
TEAM = {"dona": Role.OWNER, "ana": Role.ATTENDANT, "vera": Role.VIEWER}


@dataclass
class Browser:
    """One person in front of the panel; cookies are kept by hand, because ours are only for TLS."""

    site: httpx.Client
    cookies: dict[str, str]
    word: str = ""

    def get(self, path: str, **headers: str) -> httpx.Response:
        """Open a page."""
        return self._keep(self.site.get(path, headers=self._headers(headers)))

    def post(self, path: str, data: dict[str, str] | None = None, **headers: str) -> httpx.Response:
        """Ask for a change as htmx does."""
        asked = {"HX-Request": "true", "X-CSRF-Token": self.word, **headers}
        return self._keep(self.site.post(path, data=data or {}, headers=self._headers(asked)))

    def enter(self, login: str, password: str = PASSWORD) -> httpx.Response:
        """Log in, and read the word of the session from the page that follows."""
        form = {"login": login, "password": password}
        answer = self._keep(self.site.post("/painel/entrar", data=form, headers=self._headers({})))
        if answer.status_code == 303:
            found = re.search(r'name="csrf" content="([0-9a-f]{64})"', self.get(answer.headers["Location"]).text)
            self.word = found.group(1) if found else ""
        return answer

    def _headers(self, more: dict[str, str]) -> dict[str, str]:
        named = {name.replace("_", "-"): value for name, value in more.items()}
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()), **named}

    def _keep(self, answer: httpx.Response) -> httpx.Response:
        for cookie in answer.headers.get_list("set-cookie"):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value.strip('"')
        self.site.cookies.clear()
        return answer


@pytest.fixture(scope="module")
def panel_site(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Run one service whose panel is open for all tests of a module."""
    config = tmp_path_factory.mktemp("panel") / "secretaria.toml"
    more = {
        "JWT_SECRET": KEY,
        "SECRETARIA__BUSINESS__FOLDER": str(SAMPLE_BUSINESS),
    }
    with service(config, {**environment, **more}) as client:
        yield client


@pytest.fixture
def team(engine: Engine, valkey: redis.Redis) -> AccountsRoom:
    """Open an account of each role."""
    clock = SystemClock()
    room = AccountsRoom(engine, clock, Sessions(valkey, clock), Actor("teste", "cli", "maquina"))
    with transaction(engine) as session:
        for login, role in TEAM.items():
            kept = kept_password()
            session.add(
                Attendant(login=login, name=login.title(), role=role, password_hash=kept, created_at=clock.now())
            )
    return room


@cache
def kept_password() -> str:
    """Hash the password of everybody once: it is made slow on purpose."""
    return hash_password(PASSWORD)


@pytest.fixture
def browser(panel_site: httpx.Client, team: AccountsRoom) -> Browser:  # noqa: ARG001  # who may enter
    """Open a browser that nobody has entered with."""
    return Browser(panel_site, {})
