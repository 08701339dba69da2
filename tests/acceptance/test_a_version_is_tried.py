"""``secretaria rehearse`` and ``migrate --plan`` as a deploy calls them, on a database of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from secretaria.database.beside import PREFIX
from secretaria.local.engines import EngineUrls
from tests.acceptance.commands import secretaria


@pytest.fixture
def installed(engines: EngineUrls, tmp_path: Path) -> dict[str, str]:
    """Name the engines of an installation, which has migrated them."""
    return {
        "DATABASE_URL": engines.database_url,
        "REDIS_URL": engines.redis_url,
        "SECRETARIA_HOME": str(tmp_path),
    }


def beside(engine: Engine) -> int:
    """Count what stands beside the live database."""
    found = text("SELECT count(*) FROM pg_database WHERE starts_with(datname, :prefix)")
    with engine.connect() as connection:
        return int(connection.execute(found, {"prefix": PREFIX}).scalar_one())


def test_a_version_that_may_come_is_told_so(engine: Engine, installed: dict[str, str], tmp_path: Path) -> None:
    """Copied, migrated, asked and thrown away; the table names each part and what it took."""
    tried = secretaria("rehearse", cwd=tmp_path, environment=installed)
    assert (tried.code, beside(engine)) == (0, 0)
    assert "9 de 9 regras" in tried.out
    assert "cópia" in tried.out


def test_a_trial_that_is_stopped_leaves_nothing(engine: Engine, installed: dict[str, str], tmp_path: Path) -> None:
    """SIGTERM, as docker stop sends it, drops the copy on the way out."""
    trying = subprocess.Popen(
        [sys.executable, "-m", "secretaria", "rehearse", "--json"],
        cwd=tmp_path,
        env={**os.environ, **installed},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 120
    while beside(engine) == 0 and trying.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    trying.send_signal(signal.SIGTERM)
    said, _ = trying.communicate(timeout=30)
    assert (trying.returncode, said, beside(engine)) == (130, b"", 0)


def test_the_plan_of_a_migration_is_told_as_json(engine: Engine, installed: dict[str, str], tmp_path: Path) -> None:
    """Nothing is pending here; the way back says of each step what it would lose, and the way itself is refused."""
    planned = secretaria("migrate", "--plan", "--json", cwd=tmp_path, environment=installed)
    told = json.loads(planned.out)
    assert (told["current"], told["pending"]) == (told["head"], [])
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO queue_pause VALUES ('inbox', now(), 'alguém')"))
    back = secretaria("migrate", "--plan", "--to", "0001_spine", "--json", cwd=tmp_path, environment=installed)
    last = json.loads(back.out)["back"][-1]
    assert (last["revision"], last["kind"], last["reversible"]) == ("0002_never_lost", "expand", False)
    assert "as linhas da tabela queue_pause (1)" in last["loses"]
    refused = secretaria("migrate", "--to", "0001_spine", cwd=tmp_path, environment=installed)
    assert refused.code == 3
    assert "queue_pause (1)" in refused.err
    assert "secretaria restore" in refused.err


def test_a_version_says_what_it_misses_before_it_is_started(tmp_path: Path) -> None:
    """All of it at once, each with what mends it; on more machines than one the engines' addresses too."""
    (tmp_path / "secretaria.toml").write_text('[deploy]\nengine = "swarm"\n', encoding="utf-8")
    missing = secretaria("config", "check", "--json", cwd=tmp_path, environment={"WEBHOOK_SECRET": "curto"})
    told = json.loads(missing.out)
    assert (missing.code, told["complete"]) == (3, False)
    said = " ".join(problem["what"] for problem in told["problems"])
    for name in ("DATABASE_URL", "REDIS_URL", "WHATICKET_URL", "LLM_API_KEY", "WEBHOOK_SECRET precisa de pelo menos"):
        assert name in said
    assert all(problem["mend"] for problem in told["problems"])


def test_a_key_that_a_version_does_not_know_is_a_problem_too(tmp_path: Path) -> None:
    """Nothing after it can be read, so it stands alone."""
    (tmp_path / "secretaria.toml").write_text("[deploy]\nmotor = 1\n", encoding="utf-8")
    told = json.loads(secretaria("config", "check", "--json", cwd=tmp_path).out)
    (problem,) = told["problems"]
    assert problem["what"].startswith("secretaria.toml: chave desconhecida 'deploy.motor'")


def test_a_compose_host_does_not_miss_what_its_compose_file_writes(tmp_path: Path) -> None:
    """The addresses of the engines stand in no .env there."""
    (tmp_path / "secretaria.toml").write_text('[deploy]\nengine = "compose"\n', encoding="utf-8")
    told = json.loads(secretaria("config", "check", "--json", cwd=tmp_path).out)
    assert "DATABASE_URL" not in json.dumps(told)


def test_a_complete_configuration_is_told_as_such(tmp_path: Path) -> None:
    """A program that asks gets the version that answered, and nothing to mend."""
    assert secretaria("config", "init", cwd=tmp_path).code == 0
    outside = {"WHATICKET_URL": "https://w.example", "WHATICKET_TOKEN": "x" * 20, "LLM_API_KEY": "chave-inventada"}
    told = json.loads(secretaria("config", "check", "--json", cwd=tmp_path, environment=outside).out)
    assert (told["complete"], told["problems"]) == (True, [])
    assert told["version"]
