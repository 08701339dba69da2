"""Equipe and Auditoria: what the owner does to accounts, and what is written of it."""

from __future__ import annotations

import re

from sqlalchemy import Engine
from sqlmodel import Session

from secretaria.attendants.store import find_attendant
from tests.integration.web.panel.conftest import Browser


def test_a_new_person_enters_with_the_password_that_was_shown_once(browser: Browser) -> None:
    """And must change it."""
    browser.enter("dona")
    added = browser.post("/painel/equipe", {"login": "Caio", "name": "Caio <b>Reis</b>", "role": "attendant"})
    assert "Caio &lt;b&gt;Reis&lt;/b&gt;" in added.text
    shown = re.search(r'<code class="drawn">([^<]+)</code>', added.text)
    assert shown is not None
    assert shown.group(1) not in browser.get("/painel/equipe").text
    assert Browser(browser.site, {}).enter("caio", shown.group(1)).headers["Location"] == "/painel/senha"


def test_role_password_and_closing_obey(browser: Browser, engine: Engine) -> None:
    """Each in one click."""
    browser.enter("dona")
    assert browser.post("/painel/equipe/papel", {"login": "ana", "role": "viewer"}).status_code == 200
    assert browser.post("/painel/equipe/senha", {"login": "ana"}).status_code == 200
    assert browser.post("/painel/equipe/fechar", {"login": "vera"}).status_code == 200
    with Session(engine) as session:
        ana, vera = find_attendant(session, "ana"), find_attendant(session, "vera")
    assert ana is not None
    assert (ana.role, ana.password_expired) == ("viewer", True)
    assert vera is not None
    assert vera.disabled_at is not None
    assert browser.post("/painel/equipe/reabrir", {"login": "vera"}).status_code == 200


def test_the_last_owner_stays_one(browser: Browser) -> None:
    """The domain refuses, and the page says why."""
    browser.enter("dona")
    refused = browser.post("/painel/equipe/fechar", {"login": "dona"})
    assert refused.status_code == 409
    assert "última pessoa" in refused.text


def test_a_role_that_is_none_is_refused(browser: Browser) -> None:
    """Nothing of the framework's English reaches the page."""
    browser.enter("dona")
    refused = browser.post("/painel/equipe/papel", {"login": "ana", "role": "deus"})
    assert refused.status_code == 400
    assert "não pôde ser lido" in refused.text


def test_the_owner_sees_who_did_what(browser: Browser) -> None:
    """Filtered by who and by what."""
    browser.enter("dona")
    browser.post("/painel/equipe/fechar", {"login": "ana"})
    assert "attendant.disabled" in browser.get("/painel/auditoria").text
    filtered = browser.get("/painel/auditoria?quem=dona&acao=attendant&dias=30").text
    assert "attendant.disabled" in filtered
    assert "session.opened" not in filtered
    assert "Nada registrado" in browser.get("/painel/auditoria?quem=ninguem").text
