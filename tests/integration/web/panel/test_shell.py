"""The frame of every page: entering, going on, being refused, and files that browsers keep."""

from __future__ import annotations

import re

import pyotp
import pytest
import redis

from secretaria.attendants.accounts import AccountsRoom, add_attendant, disable_attendant, require_second_step
from secretaria.attendants.roles import Role
from secretaria.attendants.second_step import new_key
from secretaria.attendants.sessions import PREFIX
from secretaria.web.access import ACCESS_COOKIE, REFRESH_COOKIE
from secretaria.web.panel.navigation import HOME
from tests.integration.web.panel.conftest import PASSWORD, Browser


def test_who_is_not_in_is_asked_and_then_led_on(browser: Browser) -> None:
    """The page that was asked for is remembered."""
    asked = browser.get("/painel/equipe")
    assert asked.status_code == 303
    assert asked.headers["Location"].startswith("/painel/entrar?depois=/painel/equipe")
    form = {"login": "dona", "password": PASSWORD, "depois": "/painel/equipe"}
    assert browser.site.post("/painel/entrar", data=form).headers["Location"] == "/painel/equipe"


def test_nobody_is_led_out_of_the_panel(browser: Browser) -> None:
    """An address that a stranger put into a link leads home."""
    for elsewhere in (
        "https://outro.test/",
        "//outro.test",
        "/painel//outro.test",
        "/painel/../x",
        "/painel/\\x",
        "/metrics",
    ):
        form = {"login": "dona", "password": PASSWORD, "depois": elsewhere}
        assert browser.site.post("/painel/entrar", data=form).headers["Location"] == HOME


def test_a_wrong_password_is_told_on_the_page(browser: Browser) -> None:
    """And the login that was typed stays."""
    answer = browser.enter("dona", "não é esta")
    assert answer.status_code == 401
    assert "login ou senha incorretos" in answer.text
    assert 'value="dona"' in answer.text


def test_a_code_is_asked_for_where_the_account_has_a_second_step(browser: Browser, team: AccountsRoom) -> None:
    """The field is there for everybody, the telephone offers the code, and without it nobody learns what was wrong."""
    page = browser.get("/painel/entrar").text
    assert "Código do aplicativo (se você usa)" in page
    assert 'name="code" autocomplete="one-time-code" inputmode="numeric"' in page
    key = new_key()
    recovery = require_second_step(team, "dona", key, pyotp.TOTP(key).at(team.clock.now()))
    assert browser.enter("dona").text == browser.enter("dona", "não é esta").text
    form = {"login": "dona", "password": PASSWORD, "code": recovery[0]}
    assert browser.site.post("/painel/entrar", data=form).headers["Location"] == HOME
    credentials = {"login": "dona", "password": PASSWORD}
    assert browser.site.post("/auth/token", json=credentials).status_code == 401
    assert browser.site.post("/auth/token", json={**credentials, "code": recovery[1]}).status_code == 200


def test_an_access_cookie_that_is_over_is_renewed_on_the_way(browser: Browser) -> None:
    """Page and change alike go on by the refresh cookie, and the browser is handed the next pair."""
    browser.enter("dona")
    before = dict(browser.cookies)
    del browser.cookies[ACCESS_COOKIE]
    assert browser.get("/painel/equipe").status_code == 200
    assert browser.cookies[REFRESH_COOKIE] != before[REFRESH_COOKIE]
    del browser.cookies[ACCESS_COOKIE]
    changed = browser.post("/painel/equipe/papel", {"login": "ana", "role": "viewer"})
    assert changed.status_code == 200
    assert browser.cookies[ACCESS_COOKIE]


def test_parts_of_a_page_that_renew_at_once_do_not_end_the_session(browser: Browser) -> None:
    """Each is given the same successor."""
    browser.enter("dona")
    stale = {REFRESH_COOKIE: browser.cookies[REFRESH_COOKIE]}
    answers = [Browser(browser.site, dict(stale)).get("/painel/equipe") for _ in range(4)]
    assert {answer.status_code for answer in answers} == {200}
    following = {
        cookie for answer in answers for cookie in answer.headers.get_list("set-cookie") if "refresh" in cookie
    }
    assert len(following) == 1


def test_a_renewal_asked_for_by_another_site_is_refused(browser: Browser) -> None:
    """The refresh cookie alone proves no more than the access cookie."""
    browser.enter("dona")
    del browser.cookies[ACCESS_COOKIE]
    browser.word = "0" * 64
    assert browser.post("/painel/equipe/papel", {"login": "ana", "role": "viewer"}).status_code == 403


def test_a_session_that_ended_leads_htmx_to_the_login(browser: Browser, valkey: redis.Redis) -> None:
    """With the page that is open in mind."""
    browser.enter("dona")
    valkey.delete(*valkey.keys(f"{PREFIX}*"))
    answer = browser.post("/painel/equipe/papel", HX_Current_URL="http://x/painel/equipe")
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"].startswith("/painel/entrar?depois=/painel/equipe")


def test_leaving_ends_it(browser: Browser) -> None:
    """The cookies are gone, and would not be taken."""
    browser.enter("vera")
    kept = dict(browser.cookies)
    assert browser.post("/painel/sair").headers["HX-Redirect"].startswith("/painel/entrar")
    assert not any(browser.cookies.values())
    browser.cookies = kept
    assert browser.get("/painel/indicadores").status_code == 303


def test_a_given_password_is_changed_before_anything(browser: Browser, team: AccountsRoom) -> None:
    """Every page leads there, and after it everything is open."""
    add_attendant(team, login="novo", name="", role=Role.VIEWER, password=PASSWORD, expired=True)
    assert browser.enter("novo").headers["Location"] == "/painel/senha"
    assert browser.get("/painel/indicadores").headers["Location"] == "/painel/senha"
    form = {"current": PASSWORD, "new": "palavras novas e bem raras", "again": "palavras novas e raras"}
    assert "não são iguais" in browser.post("/painel/senha", form).text
    changed = browser.post("/painel/senha", {**form, "again": form["new"]})
    assert changed.headers["HX-Redirect"] == HOME
    assert browser.get("/painel/indicadores").status_code == 200


def test_what_may_not_be_seen_is_neither_linked_nor_opened(browser: Browser) -> None:
    """In a page, in Portuguese."""
    browser.enter("vera")
    page = browser.get("/painel/indicadores").text
    assert "/painel/equipe" not in page
    refused = browser.get("/painel/equipe")
    assert refused.status_code == 403
    assert "seu papel não permite isto" in refused.text.lower()


def test_a_closed_account_is_out_at_once(browser: Browser, team: AccountsRoom) -> None:
    """On its next click."""
    browser.enter("ana")
    disable_attendant(team, "ana")
    assert browser.get("/painel/indicadores").status_code == 303


@pytest.mark.parametrize("path", ["/painel/nada", "/painel/equipe/nada", "/painel/static/000000000000/panel.css"])
def test_what_is_not_there_is_told_in_a_page(browser: Browser, path: str) -> None:
    """Not in JSON."""
    answer = browser.get(path)
    assert answer.status_code == 404
    assert "Esta página não existe" in answer.text


def test_files_are_kept_by_browsers_for_ever(browser: Browser) -> None:
    """Their names change with their content; nothing of a page comes from elsewhere or is written into it."""
    page = browser.get("/painel/entrar")
    assert page.headers["Cache-Control"] == "no-store"
    addresses = re.findall(r'(?:src|href)="(/painel/static/[^"#]+)"', page.text)
    assert len(addresses) >= 5
    for address in addresses:
        assert "immutable" in browser.get(address).headers["Cache-Control"]
    assert "http://" not in page.text.replace("(http)", "").replace("http://127.0.0.1", "")
    assert not re.search(r"<script(?![^>]*\bsrc=)|\sstyle=|\son[a-z]+=", page.text)


def test_where_a_browser_keeps_no_session_it_is_told(browser: Browser) -> None:
    """Over plain http from another machine the login would only come back."""
    assert "não vai guardar" in browser.get("/painel/entrar", Host="192.168.0.7:8000").text
    for host in ("127.0.0.1:8000", "localhost:8000", "[::1]:8000"):
        assert "não vai guardar" not in browser.get("/painel/entrar", Host=host).text
