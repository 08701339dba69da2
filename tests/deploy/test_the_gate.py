"""What judges a version before anything live is touched, from inside the containers of an installation."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.deploy.installation import VERSION, Installation
from tests.deploy.releasing import Operator
from tests.deploy.standins import ROOT

FILING = "secretaria/inbox/filing.py"
DATABASES = "SELECT string_agg(datname, ',' ORDER BY datname) FROM pg_database WHERE NOT datistemplate"
MESSAGES = "SELECT count(*) || ' ' || coalesce(max(id), 0) FROM message"


@pytest.fixture(scope="module")
def answered(installation: Installation) -> Installation:
    """An installation in which a customer was answered, so that a turn is recorded."""
    installation.post("5520900009101", "quanto custa a limpeza?")
    installation.bubbles_to("5520900009101")
    return installation


def asked(installation: Installation, sql: str) -> str:
    """Ask the live database."""
    program = ("psql", "--host", "/var/run/postgresql", "--username", "secretaria", "--no-align", "--tuples-only")
    return installation.inside("postgres", *program, "--command", sql).strip()


def test_a_version_is_tried_in_a_container_on_a_copy_that_is_gone_afterwards(answered: Installation) -> None:
    """The recorded turn is decided as it was, the server told its disk, and no live row is other."""
    before = asked(answered, DATABASES), asked(answered, MESSAGES)
    told = json.loads(
        answered.compose("run", "--rm", "--no-deps", "-T", "owner", "rehearse", "--json").splitlines()[-1]
    )
    assert (told["passed"], told["replay"]["differences"]) == (True, [])
    assert told["replay"]["turns"] >= 1
    assert told["copy"]["free_bytes"] > 0
    assert (asked(answered, DATABASES), asked(answered, MESSAGES)) == before


def test_the_examination_proves_the_version_from_inside(answered: Installation) -> None:
    """The event of nobody goes through api and workers of the version that runs, and is said to a look-alike."""
    said = answered.inside("api", "secretaria", "doctor", "--e2e", "--json", "--version", VERSION)
    steps = {line["name"]: line for line in map(json.loads, said.splitlines())}
    assert {step["status"] for step in steps.values()} == {"ok"}
    assert {"versão do serviço", "quem respondeu"} <= steps.keys()


def test_the_examination_from_a_container_of_its_own_is_told_where_the_service_is(answered: Installation) -> None:
    """Nothing answers there, and it is told how to ask the one that runs."""
    once = ("run", "--rm", "--no-deps", "-T", "api", "doctor", "--e2e", "--json")
    with pytest.raises(AssertionError, match=r"nada responde em .*--url http://api:8000"):
        answered.compose(*once)


def test_a_deploy_of_a_version_that_answers_own_messages_stops_before_anything_live_is_touched(
    answered: Installation, tmp_path: Path
) -> None:
    """It exits 5 and says which rule was broken; the version before serves on, and nothing of the new one is left."""
    operator = Operator(answered, tmp_path)
    operator.build_quickly(VERSION)
    operator.commit({FILING: with_the_mistake()})
    containers = answered.compose("ps", "--quiet"), operator.git("tag"), operator.git("rev-parse", "main")
    published = operator.type("deploy", "--yes")
    told = published.stdout + published.stderr
    assert published.returncode == 5, told
    assert "não cumpriu: mensagem própria, do telefone, não tem resposta" in told
    assert (answered.compose("ps", "--quiet"), operator.git("tag"), operator.git("rev-parse", "main")) == containers
    assert operator.ledger()[0]["outcome"] == "failed"
    assert not operator.ledger()[0]["backup"]


def with_the_mistake() -> str:
    """Return the filing of events in which somebody mistook whose words a message holds."""
    source = (ROOT / FILING).read_text(encoding="utf-8")
    wrong = source.replace("else _file_own_message\n", "else _file_message\n")
    assert wrong != source
    return wrong
