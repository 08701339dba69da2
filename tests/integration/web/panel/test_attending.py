"""What people do in a conversation, route by route; the rules themselves are proved in ``tests/integration/attending``."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from secretaria.audit.trail import read_trail
from secretaria.conversations.models import Author, Contact, Conversation, Direction, Message
from tests.builders import rows
from tests.integration.web.panel.conftest import Browser

NOW = datetime(2026, 8, 11, 13, 0, tzinfo=UTC)
ACTIONS = ("assumir", "devolver", "encerrar", "pausar", "retomar", "escrever", "anotar", "sugestao", "numero")


@pytest.fixture
def conversation(engine: Engine) -> int:
    """Let somebody have written once."""
    with Session(engine) as session:
        contact = Contact(identity_key="5520900000101", number="5520900000101", name="Bia <Souza>", created_at=NOW)
        session.add(contact)
        session.flush()
        conversation = Conversation(
            contact_id=contact.id or 0,
            channel="principal",
            mode_changed_at=NOW,
            episode_at=NOW,
            last_message_at=NOW,
            last_seq=1,
            last_inbound_seq=1,
            created_at=NOW,
        )
        session.add(conversation)
        session.flush()
        session.add(
            Message(
                conversation_id=conversation.id or 0,
                seq=1,
                direction=Direction.INBOUND,
                author=Author.CONTACT,
                kind="text",
                text="oi",
                sent_at=NOW,
                received_at=NOW,
            )
        )
        session.commit()
        return conversation.id or 0


def test_a_viewer_changes_nothing(browser: Browser, conversation: int) -> None:
    """Every action is refused by its route, and none is offered."""
    browser.enter("vera")
    for action in ACTIONS:
        answer = browser.post(f"/painel/conversas/{conversation}/{action}", {"text": "x", "request_id": "1"})
        assert answer.status_code == 403, action
    page = browser.get(f"/painel/conversas/{conversation}").text
    assert "Assumir" not in page
    assert "<textarea" not in page


def test_what_is_written_twice_is_sent_once(browser: Browser, conversation: int, engine: Engine) -> None:
    """A doubled click brings the same words under the same name."""
    browser.enter("ana")
    for _ in range(2):
        sent = {"text": "Já vejo para você.", "request_id": "um-pedido"}
        answer = browser.post(f"/painel/conversas/{conversation}/escrever", sent)
        assert answer.status_code == 200
        assert "Já vejo para você." in answer.text
    assert len(rows(engine, "outbox_item")) == 1
    assert rows(engine, "conversation")[0]["holder"] == "ana"


def test_who_has_it_is_told_and_only_the_owner_takes_it_away(browser: Browser, conversation: int) -> None:
    """Giving back somebody else's conversation is a matter of the role."""
    browser.enter("ana")
    browser.post(f"/painel/conversas/{conversation}/assumir")
    owner = Browser(browser.site, {})
    owner.enter("dona")
    refused = owner.post(f"/painel/conversas/{conversation}/assumir")
    assert refused.status_code == 409
    assert "A conversa está com ana" in refused.text
    given_back = owner.post(f"/painel/conversas/{conversation}/devolver")
    assert "com a secretária" in given_back.text


def test_a_whole_number_is_shown_to_who_asks_and_that_is_noted(
    browser: Browser, conversation: int, engine: Engine
) -> None:
    """The page itself shows it masked."""
    browser.enter("ana")
    assert "5520900000101" not in browser.get(f"/painel/conversas/{conversation}").text
    assert "5520900000101" in browser.post(f"/painel/conversas/{conversation}/numero").text
    (entry,) = read_trail(engine, action="conversation.revealed")
    assert (entry.actor, entry.target) == ("ana", f"conversation:{conversation}")


def test_notes_and_quick_answers_are_kept(browser: Browser, conversation: int) -> None:
    """For the team, as text."""
    browser.enter("ana")
    note = {"text": "Prefere <b>manhã</b>", "request_id": "nota"}
    assert "Prefere &lt;b&gt;manhã&lt;/b&gt;" in browser.post(f"/painel/conversas/{conversation}/anotar", note).text
    assert "/pix" in browser.post("/painel/respostas-rapidas", {"name": "pix", "text": "A chave é o CNPJ."}).text
    assert "A chave é o CNPJ." in browser.get(f"/painel/conversas/{conversation}").text
    assert browser.post("/painel/respostas-rapidas", {"name": "não serve", "text": "x"}).status_code == 400
    assert "Nenhuma ainda" in browser.post("/painel/respostas-rapidas/remover", {"name": "pix"}).text


def test_everywhere_she_is_silenced_by_one_switch(browser: Browser, conversation: int) -> None:
    """And in one conversation by another."""
    browser.enter("ana")
    browser.post("/painel/conversas/pausar")
    assert "pausada em todas as conversas" in browser.get("/painel/conversas").text
    browser.post("/painel/conversas/retomar")
    assert "pausada em todas as conversas" not in browser.get("/painel/conversas").text
    assert "pausada" in browser.post(f"/painel/conversas/{conversation}/pausar").text
    assert "com a secretária" in browser.post(f"/painel/conversas/{conversation}/retomar").text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("busca=bia", True),
        ("busca=ninguem", False),
        ("modo=paused", False),
        ("modo=x'--", True),
        ("sentimento=9", True),
        ("dias=1", False),
    ],
)
def test_the_list_is_filtered_by_what_is_offered(
    browser: Browser, conversation: int, query: str, *, found: bool
) -> None:
    """And anything else filters nothing."""
    browser.enter("vera")
    assert (f'id="c{conversation}"' in browser.get(f"/painel/conversas?{query}").text) is found


@pytest.mark.parametrize("query", ["quantas=0", "quantas=1000000000", "quantas=-1", "quantas=x", f"busca={'a' * 101}"])
def test_a_page_has_its_limits(browser: Browser, query: str) -> None:
    """Told in Portuguese."""
    browser.enter("vera")
    refused = browser.get(f"/painel/conversas?{query}")
    assert refused.status_code == 400
    assert "Isto não pôde ser lido" in refused.text


def test_what_does_not_exist_is_told(browser: Browser, conversation: int) -> None:
    """A conversation, a reason, a turn."""
    browser.enter("ana")
    assert browser.get("/painel/conversas/999").status_code == 404
    assert browser.get("/painel/porque/999").status_code == 404
    assert browser.post("/painel/porque/999/teste", {"note": "x"}).status_code == 404
    assert browser.get(f"/painel/conversas/{conversation}?baloes=-5").status_code == 200
