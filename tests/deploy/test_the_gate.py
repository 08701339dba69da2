"""What judges a version before anything live is touched, from inside the containers of an installation."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests.deploy.installation import VERSION, Installation
from tests.deploy.standins import ROOT, docker

MISTAKEN = "0.0.9"
FILING = "secretaria/inbox/filing.py"
DATABASES = "SELECT string_agg(datname, ',' ORDER BY datname) FROM pg_database WHERE NOT datistemplate"
MESSAGES = "SELECT count(*) || ' ' || coalesce(max(id), 0) FROM message"


@pytest.fixture(scope="module")
def answered(installation: Installation) -> Installation:
    """An installation in which a customer was answered, so that a turn is recorded."""
    installation.post("5520900009101", "quanto custa a limpeza?")
    installation.bubbles_to("5520900009101")
    return installation


@pytest.fixture(scope="module")
def mistaken(answered: Installation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Build a version in which somebody mistook whose words a message holds."""
    folder = tmp_path_factory.mktemp("mistaken")
    source = (ROOT / FILING).read_text(encoding="utf-8")
    wrong = source.replace("else _file_own_message\n", "else _file_message\n")
    assert wrong != source
    (folder / "filing.py").write_text(wrong, encoding="utf-8")
    place = f"/opt/secretaria/lib/python3.13/site-packages/{FILING}"
    lines = f"FROM {answered.image}:{VERSION}\nCOPY filing.py {place}\nENV SECRETARIA_VERSION={MISTAKEN}\n"
    (folder / "Dockerfile").write_text(lines, encoding="utf-8")
    docker("build", "--quiet", "--tag", f"{answered.image}:{MISTAKEN}", str(folder))
    yield MISTAKEN
    docker("rmi", "--force", f"{answered.image}:{MISTAKEN}")


def rehearsed(installation: Installation, version: str) -> tuple[int, dict[str, Any]]:
    """Try a version in a container of its image, and return how that ended and what it said."""
    files = [part for file in installation.files for part in ("--file", file)]
    ended = subprocess.run(
        ["docker", "compose", "--project-name", installation.project, *files,
         "run", "--rm", "--no-deps", "-T", "api", "rehearse", "--json"],
        cwd=installation.folder, capture_output=True, text=True, timeout=180, check=False,
        env={**os.environ, "SECRETARIA_VERSION": version},
    )  # fmt: skip
    assert ended.stdout, ended.stderr[-3000:]
    return ended.returncode, json.loads(ended.stdout)


def asked(installation: Installation, sql: str) -> str:
    """Ask the live database."""
    program = ("psql", "--host", "/var/run/postgresql", "--username", "secretaria", "--no-align", "--tuples-only")
    return installation.inside("postgres", *program, "--command", sql).strip()


def test_a_version_is_tried_in_a_container_on_a_copy_that_is_gone_afterwards(answered: Installation) -> None:
    """The recorded turn is decided as it was, the server told its disk, and no live row is other."""
    before = asked(answered, DATABASES), asked(answered, MESSAGES)
    code, told = rehearsed(answered, VERSION)
    assert (code, told["passed"], told["replay"]["differences"]) == (0, True, [])
    assert told["replay"]["turns"] >= 1
    assert told["copy"]["free_bytes"] > 0
    assert (asked(answered, DATABASES), asked(answered, MESSAGES)) == before


def test_a_version_that_answers_own_messages_does_not_pass(answered: Installation, mistaken: str) -> None:
    """It is found out on the copy, by the rules it breaks, and nothing reached a customer."""
    before, sent = asked(answered, MESSAGES), len(answered.ledger.sent())
    code, told = rehearsed(answered, mistaken)
    broken = {rule["rule"] for rule in told["conduct"] if not rule["kept"]}
    assert (code, told["passed"]) == (1, False)
    assert "mensagem própria, do telefone, não tem resposta" in broken
    assert (asked(answered, MESSAGES), len(answered.ledger.sent())) == (before, sent)


def test_the_examination_proves_the_version_from_inside(answered: Installation) -> None:
    """The event of nobody goes through api and workers of the version that runs, and is said to a look-alike."""
    said = answered.inside("api", "secretaria", "doctor", "--e2e", "--json", "--version", VERSION)
    steps = {line["name"]: line for line in map(json.loads, said.splitlines())}
    assert {step["status"] for step in steps.values()} == {"ok"}
    assert {"versão do serviço", "quem respondeu"} <= steps.keys()
