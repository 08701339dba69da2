"""Base de conhecimento: searched as she searches, changed as a draft, and grown by one answer."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import Engine

from secretaria.clock import SystemClock
from secretaria.database.transaction import transaction
from secretaria.knowledge.missing import record_missing
from secretaria.simulation import SAMPLE_BUSINESS
from tests.builders import rows
from tests.integration.web.panel.conftest import Browser

PAGE = "/painel/base"
PARKING = "faq.md%23faq-04"


@pytest.fixture(scope="module")
def environment(environment: dict[str, str]) -> dict[str, str]:
    """Run the sample clinic."""
    return {**environment, "SECRETARIA__BUSINESS__FOLDER": str(SAMPLE_BUSINESS)}


def _seen(page: str) -> str:
    found = re.search(r'name="visto" value="(\d+)"', page)
    assert found is not None
    return found.group(1)


def test_the_base_is_searched_as_she_searches(browser: Browser) -> None:
    """Only the list is sent to who types; a unit has an address, also the one that conversations link to."""
    browser.enter("vera")
    found = browser.get(f"{PAGE}?busca=posso+estacionar", HX_Request="true").text
    assert "<html" not in found
    assert found.index("Tem estacionamento?") < 800
    assert "Nada na base fala disso" in browser.get(f"{PAGE}?busca=zzzz").text
    assert browser.get(f"{PAGE}?trecho={PARKING}").headers["Location"] == f"{PAGE}/{PARKING}"
    unit = browser.get(f"{PAGE}/{PARKING}").text
    assert "primeira hora grátis" in unit
    assert "Gravar rascunho" not in unit
    assert browser.get(f"{PAGE}/faq.md%23nada").status_code == 404


def test_units_change_as_a_draft(browser: Browser) -> None:
    """One is changed and keeps its id, one is new in a topic of its own, one goes; customers hear of none until then."""
    browser.enter("dona")
    seen = _seen(browser.get(f"{PAGE}/{PARKING}").text)
    form = {"visto": seen, "fonte": "faq.md#faq-04", "titulo": "Onde paro o carro?", "texto": "Na rua de trás."}
    assert browser.post(f"{PAGE}/mudar", form).headers["HX-Redirect"] == f"{PAGE}?feito=gravado"
    new = {"visto": "2", "assunto": "Férias coletivas", "titulo": "Fecham em julho?", "texto": "Sim, dez dias."}
    assert browser.post(f"{PAGE}/nova", new).headers["HX-Redirect"] == f"{PAGE}?feito=gravado"
    assert browser.post(f"{PAGE}/tirar", {"visto": "3", "fonte": "faq.md#faq-01"}).status_code == 200
    page = browser.get(PAGE).text
    assert "3 mudanças" in page
    assert "Férias coletivas</h3>" in page
    assert browser.get(f"{PAGE}/faq.md%23faq-01").status_code == 404
    browser.post("/painel/secretaria/publicar", {"versao": "4", "volta": PAGE})
    unit = browser.get(f"{PAGE}/{PARKING}").text
    assert "Onde paro o carro?" in unit
    assert "versão 4</a>" in unit


def test_what_cannot_be_a_unit_comes_back_as_it_was_typed(browser: Browser) -> None:
    """With the reason."""
    browser.enter("dona")
    seen = _seen(browser.get(f"{PAGE}/nova").text)
    for title, text, why in (
        ("", "Na rua.", "precisa de título e de texto"),
        ("Vaga", "# Outro", "começa com # ou ##"),
        ("Limpeza", "Aqui.", "repete o da linha"),
    ):
        form = {"visto": seen, "arquivo": "servicos-e-precos.md", "titulo": title, "texto": text}
        refused = browser.post(f"{PAGE}/nova", form)
        assert refused.status_code in {400, 422}
        assert why in refused.text
        assert f">{text}</textarea>" in refused.text
        assert refused.headers["HX-Retarget"] == "#unit"


def test_one_answer_makes_the_base_grow(browser: Browser, engine: Engine) -> None:
    """It is published and noted at once, the question is closed, and the draft that somebody works on goes on from there."""
    browser.enter("dona")
    browser.post(
        "/painel/secretaria", {"visto": _seen(browser.get("/painel/secretaria").text), "secretaria.tom": "seco"}
    )
    with transaction(engine) as session:
        for _ in range(2):
            asked = record_missing(session, "fazem acupuntura?", SystemClock().now())
        other = record_missing(session, "posso levar meu cachorro?", SystemClock().now())
    page = browser.get(PAGE).text
    assert re.search(r"fazem acupuntura\?</p>\s*<p class=\"soft\">2 vezes", page)
    empty = browser.post(f"{PAGE}/responder", {"pergunta": str(asked), "titulo": "Acupuntura", "resposta": " "})
    assert (empty.status_code, empty.headers["HX-Retarget"]) == (422, f"#flaw-{asked}")
    answer = {"pergunta": str(asked), "titulo": "Acupuntura", "resposta": "Só com a parceira Agulha Boa."}
    assert browser.post(f"{PAGE}/responder", answer).headers["HX-Redirect"] == f"{PAGE}?feito=respondida"
    assert browser.post(f"{PAGE}/responder", answer).status_code == 409
    browser.post(f"{PAGE}/dispensar", {"pergunta": str(other)})
    page = browser.get(PAGE).text
    assert "Acupuntura</a>" in page
    assert "a base respondeu a tudo" in page
    assert "respondida por <bdi>dona</bdi>" in browser.get(f"{PAGE}?todas=1").text
    assert "Este rascunho parou" not in page
    assert "1 mudança" in page
    assert {"knowledge.answered", "knowledge.dismissed"} <= {entry["action"] for entry in rows(engine, "audit_entry")}


@pytest.mark.parametrize("login", ["ana", "vera"])
def test_who_does_not_own_the_base_reads(browser: Browser, login: str) -> None:
    """The page is shown without its buttons, and every route refuses."""
    browser.enter(login)
    page = browser.get(PAGE).text
    assert "Nova unidade" not in page
    assert browser.get(f"{PAGE}/nova").status_code == 403
    for path in ("nova", "mudar", "tirar", "responder", "dispensar"):
        assert browser.post(f"{PAGE}/{path}", {"visto": "1", "fonte": "x", "pergunta": "1"}).status_code == 403
