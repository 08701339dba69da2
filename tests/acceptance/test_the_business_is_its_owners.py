"""The owner edits, publishes, restores and answers once, on a running shop whose next reply obeys."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import Engine

from secretaria.clock import SystemClock
from secretaria.database.engine import build_engine
from secretaria.database.transaction import transaction
from secretaria.knowledge.missing import record_missing
from secretaria.local.engines import EmbeddedEngines
from secretaria.replies.models import Reply
from secretaria.simulation import SAMPLE_BUSINESS
from tests.acceptance.commands import Ran, secretaria
from tests.acceptance.conftest import Shop, open_shop
from tests.builders import a_text, rows

PATIENCE_SECONDS = 30.0
REPLIES = str(Reply.__tablename__)


@pytest.fixture(scope="module")
def own() -> Iterator[Shop]:
    """Open a shop whose business may change without anybody else noticing."""
    with open_shop() as opened:
        yield opened


@pytest.fixture
def database(own: Shop) -> Iterator[Engine]:
    """Look into the database of the shop."""
    engine = build_engine(EmbeddedEngines(Path(own.environment["SECRETARIA_HOME"])).urls.database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Copy the sample, to be edited."""
    folder = tmp_path / "negocio"
    shutil.copytree(SAMPLE_BUSINESS / "base", folder / "base")
    shutil.copy(SAMPLE_BUSINESS / "negocio.toml", folder)
    return folder


def knowledge(shop: Shop, *arguments: str, stdin: str = "") -> Ran:
    """Run one of the commands with nothing but what the shop's processes were given."""
    home = Path(shop.environment["SECRETARIA_HOME"]).parent
    return secretaria("knowledge", *arguments, cwd=home, environment=shop.environment, stdin=stdin)


def lines(ran: Ran) -> list[dict[str, Any]]:
    """Read what a program would."""
    assert ran.code == 0, ran.err
    return [json.loads(line) for line in ran.out.splitlines()]


def newest_reply(shop: Shop, engine: Engine, number: str, text: str) -> dict[str, Any]:
    """Let a customer write, wait for the answer and return its row."""
    known = len(rows(engine, REPLIES))
    shop.phone.post({**a_text(text, number=number, message_id=f"K{number}"), "messageTimestamp": int(time.time())})
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if len(rows(engine, REPLIES)) > known:
            return rows(engine, REPLIES)[-1]
        time.sleep(0.1)
    raise AssertionError("\n".join(shop.said[-40:]))


def test_an_edit_is_obeyed_by_the_next_reply(own: Shop, database: Engine, folder: Path) -> None:
    """The configured folder was published; an edit is shown, tried, published and obeyed, and an old version returns."""
    (first,) = lines(knowledge(own, "versions", "--json"))
    assert (first["version"], first["origin"], first["published"], first["chunks"]) == (1, "folder", True, 84)
    assert (
        newest_reply(own, database, "5520900008001", "tem estacionamento?")["business_version"] == first["fingerprint"]
    )
    assert "nada mudou" in knowledge(own, "import", str(folder)).err

    card = folder / "negocio.toml"
    card.write_text(card.read_text(encoding="utf-8").replace('nome = "Sol"', 'nome = "Lua"'), encoding="utf-8")
    (folder / "base/avisos.md").write_text("## Reforma da fachada\n\nA entrada é pela rua de trás.\n", encoding="utf-8")
    tried = knowledge(own, "import", str(folder), "--dry-run")
    assert (tried.code, '~ secretaria.nome: "Sol" -> "Lua"' in tried.out) == (0, True)
    assert "+ avisos.md#reforma-da-fachada  Reforma da fachada" in tried.out
    assert len(lines(knowledge(own, "versions", "--json"))) == 1

    (published,) = lines(knowledge(own, "import", str(folder), "--note", "obra", "--json"))
    assert (published["version"], published["published"], published["over"]) == (2, True, 1)
    assert (
        newest_reply(own, database, "5520900008002", "tem estacionamento?")["business_version"]
        == published["fingerprint"]
    )
    (found, *_) = lines(knowledge(own, "search", "reforma na faixada", "--json"))
    assert found["source"] == "avisos.md#reforma-da-fachada"

    assert knowledge(own, "restore", "1").code == 6
    assert "versão 3 publicada" in knowledge(own, "restore", "1", "--yes").err
    assert lines(knowledge(own, "compare", "1", "3", "--json")) == [{"card": [], "chunks": []}]
    assert len(lines(knowledge(own, "list", "--json"))) == 84
    assert "assistente virtual" in knowledge(own, "show", first["fingerprint"]).out
    assert "3*" in knowledge(own, "versions").out
    assert knowledge(own, "show", "99").code == 1
    again = folder.parent / "escrita"
    assert knowledge(own, "export", str(again), "--version", "2").code == 0
    assert "nenhuma" not in knowledge(own, "import", str(again), "--dry-run").out
    assert knowledge(own, "export", str(again)).code == 3


def test_a_bad_file_changes_nothing_and_is_told_with_its_line(own: Shop, folder: Path) -> None:
    """File, line and reason are told to people and to programs; the published version stays."""
    before = lines(knowledge(own, "versions", "--json"))
    card = folder / "negocio.toml"
    card.write_text(card.read_text(encoding="utf-8").replace("fuso =", "fuzo ="), encoding="utf-8")
    (folder / "base/faq.md").write_text("## Um\n\n## Um\nx\n", encoding="utf-8")
    refused = knowledge(own, "import", str(folder))
    assert refused.code == 3
    assert "negocio.toml, linha 7: chave desconhecida 'negocio.fuzo'" in refused.err
    assert "base/faq.md, linha 3: o título 'Um' repete o da linha 1" in refused.err
    told = json.loads(knowledge(own, "import", str(folder), "--json").out)
    assert {(one["file"], one["line"]) for one in told["problems"]} >= {("negocio.toml", 7), ("base/faq.md", 1)}
    assert lines(knowledge(own, "versions", "--json")) == before


def test_a_question_without_an_answer_is_answered_once(own: Shop, database: Engine) -> None:
    """The owner sees it with its count, answers it once, and the base has grown."""
    for asked in ("fazem acupuntura?", "vocês fazem acupuntura?", "qual o time do dono?"):
        with transaction(database) as session:
            record_missing(session, asked, SystemClock().now())
    listed = lines(knowledge(own, "missing", "--json"))
    assert [(one["id"], one["times"]) for one in listed] == [(1, 2), (2, 1)]
    assert "fazem acupuntura?" in knowledge(own, "missing").out
    assert knowledge(own, "missing", "answer", "1", "-", stdin=" \n").code == 2
    answered = knowledge(own, "missing", "answer", "1", stdin="Não fazemos acupuntura.\n")
    assert (answered.code, "perguntas-respondidas.md#fazem-acupuntura" in answered.out) == (0, True)
    assert knowledge(own, "missing", "answer", "1", "de novo").code == 1
    assert "dispensada" in knowledge(own, "missing", "dismiss", "2").err
    assert knowledge(own, "missing", "--json").out == ""
    assert [one["state"] for one in lines(knowledge(own, "missing", "--all", "--json"))] == ["answered", "dismissed"]
    (found, *_) = lines(knowledge(own, "search", "acupuntura", "--json"))
    assert found["text"] == "Não fazemos acupuntura."


def test_a_part_is_edited_tried_and_published(own: Shop) -> None:
    """One table is rewritten as a draft, tried on a message beside what is published, and then published; all is audited."""
    shown = knowledge(own, "preview", "--formality", "formal").out
    assert "+ Escreva com cortesia formal" in shown
    persona = '[secretaria]\nnome = "Maré"\napresentacao = "Sou a Maré."\nemojis = "nunca"\n'
    (draft,) = lines(knowledge(own, "edit", "persona", "--file", "-", "--json", stdin=persona))
    assert (draft["published"], {"secretaria.nome", "secretaria.emojis"} <= {one["key"] for one in draft["card"]}) == (
        False,
        True,
    )
    tried = knowledge(own, "preview", "tem vaga?", "--version", str(draft["version"])).out
    assert '+Nome: Maré. Apresentação: "Sou a Maré."' in tried
    assert knowledge(own, "edit", "persona", "--file", "-", stdin="[horarios]\n").code == 2
    assert knowledge(own, "publish", str(draft["version"]), "--yes").code == 0
    unit = knowledge(
        own, "edit", "avisos.md", "--title", "Férias", "--file", "-", "--publish", "--yes", stdin="Até dia 5."
    )
    assert (unit.code, "+ avisos.md#ferias  Férias" in unit.out) == (0, True)
    (head, *_) = lines(knowledge(own, "versions", "--json"))
    assert (head["published"], head["origin"]) == (True, "edit")
    home = Path(own.environment["SECRETARIA_HOME"]).parent
    noted = lines(secretaria("audit", "--json", cwd=home, environment=own.environment))
    assert {"knowledge.drafted", "knowledge.published"} <= {entry["action"] for entry in noted}
