"""The owner at the panel: changes her, sees both answers first, publishes; and one answer is used by the next reply."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from secretaria.attendants.accounts import AccountsRoom, add_attendant
from secretaria.attendants.roles import Role
from secretaria.bootstrap import Installation
from secretaria.database.transaction import transaction
from secretaria.knowledge.changing import published_version
from tests.acceptance.panel.browsing import PASSWORD, Customer
from tests.acceptance.panel.conftest import Enter, serious_problems

PAGE = "/painel/secretaria"
PATIENCE_MILLISECONDS = 30_000  # two whole turns of the model


def test_two_owners_change_her_and_one_of_them_publishes(
    enter: Enter, team: AccountsRoom, installation: Installation
) -> None:
    """Both answers stand side by side before anything is kept; who publishes second is told who was first."""
    add_attendant(team, login="otto", name="Otto", role=Role.OWNER, password=PASSWORD)
    page = enter("dora", PAGE)
    page.get_by_label("Nome", exact=True).fill("")
    page.get_by_role("radio", name=re.compile("^formal")).check()
    page.get_by_role("button", name="Gravar rascunho").click()
    expect(page.get_by_text("Nada foi gravado.")).to_be_visible()
    name = page.get_by_label("Nome", exact=True)
    expect(name).to_be_focused()
    expect(name).to_have_accessible_description("Não pode ser vazio.")
    expect(page.get_by_role("radio", name=re.compile("^formal"))).to_be_checked()
    name.fill("Luna")
    page.get_by_role("button", name="Ver as duas respostas").click()
    expect(page.locator("#tried .said")).to_have_count(2, timeout=PATIENCE_MILLISECONDS)
    expect(page.locator("#tried ins", has_text="cortesia formal")).to_be_visible()
    assert serious_problems(page) == []
    page.get_by_role("button", name="Gravar rascunho").click()
    expect(page.get_by_text("2 mudanças")).to_be_visible()
    assert serious_problems(page) == []

    other = enter("otto", PAGE)
    expect(other.get_by_role("heading", name="Rascunho")).to_be_visible()
    _publish(page)
    expect(page.get_by_text("Publicado. A próxima resposta já segue esta versão.")).to_be_visible()
    _publish(other)
    expect(other.get_by_role("alert").get_by_text("publicou este mesmo rascunho antes de você")).to_be_visible()

    page.get_by_role("link", name="Histórico").click()
    page.get_by_role("link", name="versão 1", exact=True).click()
    page.get_by_role("button", name="Voltar a esta versão").click()
    expect(page.get_by_text("Versão restaurada.")).to_be_visible()
    with transaction(installation.engine) as session:
        assert 'nome = "Sol"' in published_version(session).card


def test_one_answer_is_used_by_the_next_reply(enter: Enter, customer: Customer) -> None:
    """A question that the base did not answer stands on the page; answered once, the next who asks is told."""
    customer.write("posso levar meu cachorro?")
    customer.heard("não sei")
    page = enter("dora", "/painel/base")
    question = page.get_by_role("listitem").filter(has=page.get_by_text("posso levar meu cachorro?"))
    question.get_by_text("Responder uma vez").click()
    question.get_by_label("O que se pode dizer a qualquer cliente").fill("Pode, desde que ele espere na recepção.")
    question.get_by_role("button", name="Responder e publicar").click()
    expect(page.get_by_text("Respondida. A base cresceu")).to_be_visible()
    customer.number = (
        f"{customer.number[:-1]}{9 - int(customer.number[-1])}"  # another one: to the first a person was called
    )
    customer.write("posso levar meu cachorro?")
    customer.heard("espere na recepção")
    page.get_by_label("Buscar como a secretária busca").fill("cachorro na recepção")
    found = page.get_by_role("link", name="posso levar meu cachorro?")
    expect(page.get_by_text("a mais próxima primeiro")).to_be_visible()
    found.click()
    expect(page.get_by_label("Texto")).to_have_value("Pode, desde que ele espere na recepção.")
    page.get_by_label("Texto").fill("")
    page.get_by_role("button", name="Gravar rascunho").click()
    expect(
        page.get_by_role("alert").get_by_text("uma unidade precisa de título e de texto", exact=False)
    ).to_be_visible()
    assert serious_problems(page) == []


def _publish(page: Page) -> None:
    page.get_by_role("button", name="Publicar").click()
