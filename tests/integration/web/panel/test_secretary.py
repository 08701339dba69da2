"""Secretária: who may change her, what is wrong with what they write, and that nobody's words are lost."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import Engine

from secretaria.simulation import SAMPLE_BUSINESS
from tests.answering import LLM_KEY
from tests.builders import rows
from tests.integration.web.panel.conftest import Browser
from tests.scripted_model import ScriptedModel, Stage

PAGE = "/painel/secretaria"


@pytest.fixture(scope="module")
def environment(environment: dict[str, str], model_stage: tuple[Stage, ScriptedModel]) -> dict[str, str]:
    """Run the sample clinic, with a model."""
    return {
        **environment,
        "SECRETARIA__BUSINESS__FOLDER": str(SAMPLE_BUSINESS),
        "LLM_API_KEY": LLM_KEY,
        "LLM_BASE_URL": model_stage[1].url,
        "SECRETARIA__LLM__MODEL": "secretaria-simulada",
    }


def _sheet(browser: Browser) -> dict[str, str]:
    """Return what the form of the page would send, the fields that stand once."""
    page = browser.get(PAGE).text
    seen = re.search(r'name="visto" value="(\d+)"', page)
    assert seen is not None
    return {"visto": seen.group(1)}


def test_bad_input_is_told_at_its_field(browser: Browser) -> None:
    """In Portuguese, with everything that was typed still there, and nothing kept."""
    browser.enter("dona")
    form = {**_sheet(browser), "secretaria.nome": "", "secretaria.tom": "seco", "horarios.centro.sab": "08:00"}
    refused = browser.post(PAGE, form)
    assert refused.status_code == 422
    assert refused.headers["HX-Retarget"] == "#card"
    assert "2 campos precisam de correção" in refused.text
    assert 'id="e-secretaria.nome">Não pode ser vazio.' in refused.text
    assert 'value="seco"' in refused.text
    assert "Rascunho</h2>" not in browser.get(PAGE).text


def test_a_draft_is_published_and_an_older_version_comes_back(browser: Browser) -> None:
    """Each shows in the history, with who did it and what changed."""
    browser.enter("dona")
    kept = browser.post(PAGE, {**_sheet(browser), "secretaria.nome": "Luna", "secretaria.formalidade": "formal"})
    assert kept.headers["HX-Redirect"] == f"{PAGE}?feito=gravado"
    page = browser.get(f"{PAGE}?feito=gravado").text
    assert "2 mudanças" in page
    assert "Nada muda para os clientes até alguém publicar" in page
    published = browser.post(f"{PAGE}/publicar", {"versao": "2", "volta": PAGE})
    assert published.headers["HX-Redirect"] == f"{PAGE}?feito=publicado"
    told = browser.get(f"{PAGE}/versoes/2").text
    assert ">Sol</del>" in told
    assert ">Luna</ins>" in told
    browser.post(f"{PAGE}/restaurar", {"versao": "1"})
    history = browser.get(f"{PAGE}/versoes").text
    assert history.index("versão 3") < history.index("volta à versão 1") < history.index("versão 2")
    assert 'value="Sol"' in browser.get(PAGE).text


def test_of_two_who_publish_one_loses_and_sees_it(browser: Browser) -> None:
    """With who came first; what the loser wrote is kept, and carried over in one click."""
    browser.enter("dona")
    browser.post(PAGE, {**_sheet(browser), "secretaria.nome": "Luna"})
    browser.post(f"{PAGE}/publicar", {"versao": "2"})
    lost = browser.post(f"{PAGE}/publicar", {"versao": "2"})
    assert lost.status_code == 409
    assert "publicou este mesmo rascunho antes de você" in lost.text
    browser.post(PAGE, {**_sheet(browser), "secretaria.tom": "seco"})
    browser.post(f"{PAGE}/restaurar", {"versao": "1"})
    lost = browser.post(f"{PAGE}/publicar", {"versao": "3"})
    assert "publicou a" in lost.text
    assert "continua guardado" in lost.text
    assert "Este rascunho parou" in browser.get(PAGE).text
    browser.post(f"{PAGE}/trazer", {"versao": "3"})
    page = browser.get(PAGE).text
    assert 'value="seco"' in page
    assert 'value="Sol"' in page


def test_who_wrote_over_a_draft_that_changed_is_told_first(browser: Browser) -> None:
    """What they typed stays, what the other changed is shown, and sending it once more is their decision."""
    browser.enter("dona")
    mine = _sheet(browser)
    browser.post(PAGE, {**mine, "secretaria.nome": "Luna"})
    refused = browser.post(PAGE, {**mine, "secretaria.nome": "Estela"})
    assert refused.status_code == 409
    assert "dona mudou isto enquanto você escrevia" in refused.text.lower()
    assert 'value="Estela"' in refused.text
    assert ">Luna</ins>" in refused.text
    seen = re.search(r'name="visto" value="(\d+)"', refused.text)
    assert seen is not None
    assert browser.post(PAGE, {"visto": seen.group(1), "secretaria.nome": "Estela"}).status_code == 200


def test_two_answers_stand_side_by_side(browser: Browser, engine: Engine, model: ScriptedModel) -> None:
    """By the model, of what is live and of what the form says, kept or not; nothing is sent, and the day pays."""
    browser.enter("dona")
    form = {**_sheet(browser), "secretaria.formalidade": "formal", "com": "mensagem", "mensagem": "quanto é a limpeza?"}
    tried = browser.post(f"{PAGE}/experimentar", form).text
    assert tried.count('<ul class="said">') == 2
    assert "cortesia formal" in tried
    assert sorted("cortesia formal" in prompt for prompt in model.prompts()) == [False, True]
    assert rows(engine, "outbox_item") == rows(engine, "reply") == rows(engine, "message") == []
    assert len(rows(engine, "business_version")) == 1


def test_a_preview_needs_a_message(browser: Browser) -> None:
    """Said in a sentence, not by two answers to nothing."""
    browser.enter("dona")
    refused = browser.post(f"{PAGE}/experimentar", {**_sheet(browser), "com": "mensagem", "mensagem": "  "})
    assert refused.status_code == 400
    assert "escreva a mensagem de um cliente" in refused.text.lower()


@pytest.mark.parametrize("login", ["ana", "vera"])
def test_who_does_not_own_the_business_reads(browser: Browser, login: str) -> None:
    """The page is shown without its buttons, and every route refuses."""
    browser.enter(login)
    page = browser.get(PAGE).text
    assert "Gravar rascunho" not in page
    assert "Experimentar" not in page
    assert browser.get(f"{PAGE}/versoes/1").status_code == 200
    for path in ("", "/experimentar", "/publicar", "/descartar", "/trazer", "/restaurar"):
        assert browser.post(f"{PAGE}{path}", {"versao": "1"}).status_code == 403


def test_a_change_needs_the_word_of_the_session(browser: Browser) -> None:
    """As everywhere in the panel."""
    browser.enter("dona")
    browser.word = "0" * 64
    assert browser.post(PAGE, {"visto": "1", "secretaria.nome": "Luna"}).status_code == 403
