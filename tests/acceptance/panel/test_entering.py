"""Coming in and being put out, in a real browser over plain http on this machine."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from secretaria.attendants.accounts import AccountsRoom, change_role
from secretaria.attendants.roles import Role
from secretaria.attendants.sessions import PREFIX
from secretaria.bootstrap import Installation
from secretaria.web.access import ACCESS_COOKIE, REFRESH_COOKIE
from tests.acceptance.panel.browsing import PASSWORD, log_in
from tests.acceptance.panel.conftest import Enter


def test_a_wrong_password_is_told_and_the_right_one_enters(enter: Enter) -> None:
    """The cookies for TLS are kept on this machine without it, and leaving ends all."""
    page = enter("vera", anew=True)
    page.get_by_role("button", name="Sair").click()
    expect(page.get_by_text("Você saiu.")).to_be_visible()
    page.get_by_label("Login").fill("vera")
    page.get_by_label("Senha").fill("não é esta")
    page.get_by_role("button", name="Entrar").click()
    expect(page.get_by_role("alert")).to_contain_text("login ou senha incorretos")
    log_in(page, "vera")
    expect(page.get_by_role("heading", name="Conversas")).to_be_visible()


def test_ten_minutes_pass_unnoticed(enter: Enter) -> None:
    """When the access cookie is gone the next click goes on by the refresh cookie, also in a change."""
    page = enter("ivo", anew=True)
    page.context.clear_cookies(name=ACCESS_COOKIE)
    page.reload()
    expect(page.get_by_role("heading", name="Conversas")).to_be_visible()
    assert any(cookie.get("name") == ACCESS_COOKIE for cookie in page.context.cookies())


def test_an_expired_session_leads_to_the_login_and_back(enter: Enter, installation: Installation) -> None:
    """A click in an open page is enough to find out, and nothing is lost of where one was."""
    page = enter("dora", "/painel/auditoria", anew=True)
    _end_session(page, installation)
    page.get_by_label("Quem").fill("do")
    page.wait_for_url("**/entrar?depois=/painel/auditoria**")
    expect(page.get_by_text("Sua sessão terminou.")).to_be_visible()
    page.get_by_label("Login").fill("dora")
    page.get_by_label("Senha").fill(PASSWORD)
    page.get_by_role("button", name="Entrar").click()
    expect(page.get_by_role("heading", name="Auditoria")).to_be_visible()


def test_a_revoked_session_ends_on_the_next_click(enter: Enter, team: AccountsRoom) -> None:
    """Somebody's role was changed while their page was open."""
    page = enter("lia", anew=True)
    change_role(team, "lia", Role.VIEWER)
    change_role(team, "lia", Role.ATTENDANT)
    page.get_by_role("link", name="Indicadores").click()
    expect(page.get_by_text("Sua sessão terminou.")).to_be_visible()


def _end_session(page: Page, installation: Installation) -> None:
    """Let it be over as Redis ends what was not used for half an hour."""
    (token,) = [one.get("value", "") for one in page.context.cookies() if one.get("name") == REFRESH_COOKIE]
    assert installation.redis.delete(PREFIX + token.partition(".")[0]) == 1


def test_a_viewer_sees_no_buttons_and_is_refused_all_the_same(enter: Enter) -> None:
    """Absent on the page, and held by the route."""
    page: Page = enter("vera")
    expect(page.get_by_role("button", name="Pausar secretária em todas")).to_have_count(0)
    expect(page.get_by_role("link", name="Equipe", exact=True)).to_have_count(0)
    word = page.locator('meta[name="csrf"]').get_attribute("content") or ""
    for path in ("/painel/conversas/pausar", "/painel/conversas/1/assumir", "/painel/equipe"):
        answer = page.request.post(path, headers={"X-CSRF-Token": word, "HX-Request": "true"}, form={"text": "x"})
        assert answer.status == 403, path
