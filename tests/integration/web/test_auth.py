"""Entering over HTTP: tokens for programs, cookies for browsers, and who may do what."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import redis
from litestar import Litestar, get
from sqlalchemy import Engine

from secretaria.attendants.accounts import AccountsRoom, add_attendant, change_role, disable_attendant
from secretaria.attendants.roles import Role
from secretaria.attendants.sessions import Sessions
from secretaria.audit.trail import Actor
from secretaria.clock import SystemClock
from secretaria.web.access import (
    ACCESS,
    ACCESS_COOKIE,
    EVERYONE,
    REFRESH_COOKIE,
    RouteUndeclared,
    for_role,
    require_declarations,
)
from tests.builders import rows
from tests.integration.web.conftest import Start

PASSWORD = "quatro palavras bem inventadas"
TESTER = Actor("teste", "cli", "maquina")
JWT_KEY = "chave-de-teste-com-mais-de-32-bytes-1"
TEAM = {"dona": Role.OWNER, "ana": Role.ATTENDANT, "vera": Role.VIEWER}


@pytest.fixture
def team(engine: Engine, valkey: redis.Redis) -> AccountsRoom:
    """Open an account of each role."""
    clock = SystemClock()
    room = AccountsRoom(engine, clock, Sessions(valkey, clock), TESTER)
    for login, role in TEAM.items():
        add_attendant(room, login=login, name=login.title(), role=role, password=PASSWORD)
    return room


@pytest.fixture
def panel(start: Start, team: AccountsRoom) -> Iterator[httpx.Client]:  # noqa: ARG001  # who may enter
    """Run a service whose panel is open."""
    client = start(JWT_SECRET=JWT_KEY, METRICS_TOKEN="token-das-metricas-0001")
    yield client
    client.cookies.clear()


def enter(panel: httpx.Client, login: str = "dona", **more: object) -> dict[str, Any]:
    """Log in and return what was handed out."""
    answer = panel.post("/auth/token", json={"login": login, "password": PASSWORD, **more})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def bearing(token: str) -> dict[str, str]:
    """Return the header of a program."""
    return {"Authorization": f"Bearer {token}"}


def test_a_program_enters_goes_on_and_leaves(panel: httpx.Client) -> None:
    """Each step hands out what the next one needs."""
    given = enter(panel)
    assert panel.get("/auth/me", headers=bearing(given["access_token"])).json()["role"] == "owner"
    again = panel.post("/auth/refresh", json={"refresh_token": given["refresh_token"]}).json()
    assert panel.post("/auth/logout", json={}, headers=bearing(again["access_token"])).status_code == 200
    assert panel.get("/auth/me", headers=bearing(again["access_token"])).status_code == 401
    assert panel.post("/auth/refresh", json={"refresh_token": again["refresh_token"]}).status_code == 401


def test_a_browser_is_given_cookies_that_scripts_cannot_read(panel: httpx.Client) -> None:
    """Host-only, secure, strict, and no token in the body."""
    answer = panel.post("/auth/token", json={"login": "dona", "password": PASSWORD, "session": "cookie"})
    cookies = answer.headers.get_list("set-cookie")
    assert len(cookies) == 2
    for cookie in cookies:
        assert cookie.startswith("__Host-")
        assert {"HttpOnly", "Secure", "SameSite=strict", "Path=/"} <= {part.strip() for part in cookie.split(";")}
        assert "Domain" not in cookie
    assert not {"access_token", "refresh_token"} & answer.json().keys()


def browser(panel: httpx.Client) -> tuple[dict[str, str], str]:
    """Enter as a browser; return the cookies as a header, because ours are only for TLS, and the word of the page."""
    answer = panel.post("/auth/token", json={"login": "dona", "password": PASSWORD, "session": "cookie"})
    pairs = [cookie.partition(";")[0] for cookie in answer.headers.get_list("set-cookie")]
    return {"Cookie": "; ".join(pairs)}, answer.json()["csrf_token"]


def test_a_page_of_ours_may_change_things(panel: httpx.Client) -> None:
    """It knows the word of the session."""
    cookies, word = browser(panel)
    assert panel.post("/auth/logout", json={}, headers={**cookies, "X-CSRF-Token": word}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-CSRF-Token": "0" * 64},
        {"X-CSRF-Token": "é"},
        {"Origin": "https://outro.test"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Content-Type": "application/x-www-form-urlencoded"},
    ],
)
@pytest.mark.parametrize("path", ["/auth/logout", "/auth/refresh"])
def test_a_page_of_somebody_else_may_not(panel: httpx.Client, path: str, headers: dict[str, str]) -> None:
    """The browser sends the cookie by itself, so the cookie alone proves nothing."""
    cookies, word = browser(panel)
    known = {} if "X-CSRF-Token" in headers or not headers else {"X-CSRF-Token": word}
    if "Content-Type" in headers:
        known = {}
    asked = {**cookies, **known, "Content-Type": "application/json", **headers}
    answer = panel.post(path, content=b"{}", headers=[(k.encode(), v.encode()) for k, v in asked.items()])
    assert answer.status_code in (400, 403, 415)
    assert panel.get("/auth/me", headers=cookies).status_code == 200


def test_a_browser_goes_on_by_its_cookie(panel: httpx.Client) -> None:
    """And is given the next pair."""
    cookies, word = browser(panel)
    answer = panel.post("/auth/refresh", json={}, headers={**cookies, "X-CSRF-Token": word})
    assert {cookie.partition("=")[0] for cookie in answer.headers.get_list("set-cookie")} == {
        ACCESS_COOKIE,
        REFRESH_COOKIE,
    }


@pytest.mark.parametrize(
    "body", [{"login": "x"}, {"login": 1, "password": "x"}, [], {"login": "a", "password": "b", "role": "owner"}]
)
def test_a_body_of_another_shape_is_refused(panel: httpx.Client, body: object) -> None:
    """Unknown fields included: nothing is assigned by surprise."""
    assert panel.post("/auth/token", json=body).status_code == 400


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Basic ZG9uYTp4", "Bearer a.b.c", "Bearer " + "x" * 8000, "Bearer ....", "bearer é"],
)
def test_a_broken_token_is_401(panel: httpx.Client, header: str) -> None:
    """Never a fault of ours."""
    assert panel.get("/auth/me", headers={b"authorization": header.encode()}).status_code == 401


def test_two_authorizations_are_none(panel: httpx.Client) -> None:
    """Nobody may choose which of them counts."""
    token = enter(panel)["access_token"]
    twice = [("authorization", f"Bearer {token}"), ("authorization", f"Bearer {token}")]
    assert panel.get("/auth/me", headers=twice).status_code == 401


def test_wrong_and_unknown_are_told_alike(panel: httpx.Client) -> None:
    """Status and body say nothing about accounts."""
    told = [panel.post("/auth/token", json={"login": login, "password": "não é esta"}) for login in ("dona", "ninguem")]
    assert told[0].status_code == told[1].status_code == 401
    assert told[0].content == told[1].content


def test_too_many_tries_are_told_when_to_come_back(panel: httpx.Client) -> None:
    """The sixth one hears how long."""
    for _ in range(5):
        panel.post("/auth/token", json={"login": "ana", "password": "não é esta"})
    answer = panel.post("/auth/token", json={"login": "ana", "password": PASSWORD})
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize("change", ["role", "disable"])
def test_a_change_of_the_account_is_felt_at_once(panel: httpx.Client, team: AccountsRoom, change: str) -> None:
    """The next request is refused."""
    token = enter(panel, "ana")["access_token"]
    if change == "role":
        change_role(team, "ana", Role.VIEWER)
    else:
        disable_attendant(team, "ana")
    assert panel.get("/auth/me", headers=bearing(token)).status_code == 401


def test_a_given_password_must_be_changed_first(panel: httpx.Client, team: AccountsRoom) -> None:
    """Until then nothing else is open; the change itself is."""
    add_attendant(team, login="novo", name="", role=Role.VIEWER, password=PASSWORD, expired=True)
    given = enter(panel, "novo")
    assert given["password_expired"]
    changed = panel.post(
        "/auth/password",
        json={"current": PASSWORD, "new": "palavras novas e bem raras"},
        headers=bearing(given["access_token"]),
    )
    assert changed.status_code == 200
    assert not changed.json()["password_expired"]


def test_without_redis_nobody_enters_and_events_still_do(start: Start, team: AccountsRoom) -> None:  # noqa: ARG001
    """503, never let through."""
    client = start(JWT_SECRET=JWT_KEY, REDIS_URL="unix:///nonexistent/valkey.sock")
    assert client.post("/auth/token", json={"login": "dona", "password": PASSWORD}).status_code == 503
    assert client.get("/livez").status_code == 200


def test_without_a_key_the_panel_is_closed(start: Start, team: AccountsRoom) -> None:  # noqa: ARG001
    """Empty means closed."""
    client = start()
    assert client.post("/auth/token", json={"login": "dona", "password": PASSWORD}).status_code == 503


def test_a_route_that_declares_nothing_keeps_the_service_from_starting() -> None:
    """Forgetting is found at the first start, not by a stranger."""

    @get("/esquecida", sync_to_thread=False)
    def forgotten() -> None:
        """Declare nothing."""

    @get("/sem-guarda", sync_to_thread=False, opt={ACCESS: Role.OWNER})
    def unguarded() -> None:
        """Declare without a guard."""

    for handler in (forgotten, unguarded):
        with pytest.raises(RouteUndeclared):
            require_declarations(Litestar([handler], openapi_config=None))


def test_every_role_is_held_by_its_guard(panel: httpx.Client) -> None:
    """Each protected route: nobody, a broken, an expired and a revoked token, and every role below it, are refused."""
    app: Litestar = panel.app  # type: ignore[attr-defined]  # the fixture hands it along
    tokens = {login: enter(panel, login)["access_token"] for login in TEAM}
    revoked = enter(panel, "dona")["access_token"]
    panel.post("/auth/logout", json={}, headers=bearing(revoked))
    seen = 0
    for route in app.routes:
        for handler in getattr(route, "route_handlers", []):
            needed = handler.opt.get(ACCESS, EVERYONE)
            if not isinstance(needed, Role):
                continue
            for method in handler.http_methods - {"HEAD", "OPTIONS"}:
                seen += 1
                path = re.sub(r"\{[^}]+\}", "1", route.path_format)
                for headers in ({}, bearing("a.b.c"), bearing(revoked)):
                    answer = panel.request(method, path, headers=headers, json={})
                    sent_to_login = answer.headers.get("Location", "").startswith("/painel/entrar")
                    assert answer.status_code == 401 or sent_to_login, (method, path)
                for login, role in TEAM.items():
                    if list(Role).index(role) > list(Role).index(needed):
                        answer = panel.request(method, path, headers=bearing(tokens[login]), json={})
                        assert answer.status_code == 403, (method, path, role)
    assert seen >= 3


def test_who_is_sent_back_by_their_role_stands_in_the_audit(panel: httpx.Client, engine: Engine) -> None:
    """With the route as it is declared, and from where."""
    token = enter(panel, "vera")["access_token"]
    assert panel.get("/painel/equipe", headers=bearing(token)).status_code == 403
    kept = [entry for entry in rows(engine, "audit_entry") if entry["action"] == "access.denied"]
    assert [(e["actor"], e["target"], e["place"]) for e in kept] == [("vera", "GET /painel/equipe", "127.0.0.1")]


def test_a_role_is_not_enough_for_what_needs_more() -> None:
    """The table above is only as good as its order."""
    assert list(Role) == [Role.OWNER, Role.ATTENDANT, Role.VIEWER]
    assert for_role(Role.OWNER)["opt"][ACCESS] is Role.OWNER
