"""Whatever is wrong: one sentence, one hint, the exit code of the architecture, and no traceback unless asked for."""

from __future__ import annotations

import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from secretaria.local.engines import EngineUrls
from tests.acceptance.commands import Ran, secretaria
from tests.builders import SECRET

OUTSIDE = {
    "WEBHOOK_SECRET": SECRET,
    "WHATICKET_URL": "http://127.0.0.1:1",
    "WHATICKET_TOKEN": "t",
    "LLM_API_KEY": "k",
}
NOWHERE = {"DATABASE_URL": "postgresql://u:senha-do-banco@127.0.0.1:1/x", "REDIS_URL": "redis://127.0.0.1:1/0"}


@pytest.fixture
def folder() -> Iterator[Path]:
    """Make an initialised folder that the engines' user may enter."""
    path = Path(tempfile.mkdtemp(prefix="secretaria-cli-", dir="/tmp"))
    path.chmod(0o755)
    assert secretaria("config", "init", cwd=path).code == 0
    yield path
    shutil.rmtree(path)


@pytest.fixture
def busy_port() -> Iterator[int]:
    """Listen on a port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def assert_explained(ran: Ran, code: int, *words: str) -> None:
    """Check what a person reads: sentence and hint on stderr, nothing of Python, no secret."""
    assert ran.code == code, ran.err
    assert ran.err.count("erro: ") == 1
    assert ran.err.count("dica: ") == 1
    assert "Traceback" not in ran.err + ran.out
    assert "senha-do-banco" not in ran.err + ran.out
    for word in words:
        assert word in ran.err


@pytest.mark.parametrize("command", ["serve", "worker", "up"])
def test_no_configuration_lists_every_missing_key(tmp_path: Path, command: str) -> None:
    """Without any configuration one message names all that is missing and the command that creates it."""
    missing = {
        "serve": ("DATABASE_URL", "REDIS_URL", "WEBHOOK_SECRET ou WEBHOOK_TOKEN"),
        "worker": ("DATABASE_URL", "REDIS_URL", "WHATICKET_URL", "WHATICKET_TOKEN", "LLM_API_KEY"),
        "up": ("WEBHOOK_SECRET ou WEBHOOK_TOKEN", "WHATICKET_URL", "WHATICKET_TOKEN", "LLM_API_KEY"),
    }
    assert_explained(secretaria(command, cwd=tmp_path), 3, *missing[command], "secretaria config init")


def test_init_creates_what_check_then_asks_to_fill(folder: Path) -> None:
    """The created files are complete but for what only the owner knows, and are never overwritten."""
    assert (folder / ".env").stat().st_mode & 0o777 == 0o600
    before = (folder / ".env").read_text()
    again = secretaria("config", "init", cwd=folder)
    assert (folder / ".env").read_text() == before
    assert "já existia" in again.err
    assert_explained(secretaria("config", "check", cwd=folder), 3, "WHATICKET_URL", "WHATICKET_TOKEN", "LLM_API_KEY")
    assert secretaria("config", "check", cwd=folder, environment=OUTSIDE).code == 0


def test_database_that_is_not_postgresql(folder: Path) -> None:
    """An address of another database is refused before anything is tried."""
    wrong = {"DATABASE_URL": "mysql://u@h/x"}
    assert_explained(secretaria("migrate", cwd=folder, environment=wrong), 3, "mysql", "postgresql://")


@pytest.mark.parametrize("arguments", [("migrate",), ("migrate", "--check")])
def test_stopped_postgresql(folder: Path, arguments: tuple[str, ...]) -> None:
    """A PostgreSQL that does not answer is a failure that names what to look at, without the password."""
    assert_explained(secretaria(*arguments, cwd=folder, environment=NOWHERE), 1, "PostgreSQL", "DATABASE_URL")


def test_busy_port_of_the_service(folder: Path, busy_port: int) -> None:
    """A busy port is said at once, with the option that changes it."""
    ran = secretaria("serve", "--port", str(busy_port), cwd=folder, environment={**OUTSIDE, **NOWHERE})
    assert_explained(ran, 3, str(busy_port), "--port")


def test_busy_port_of_up(folder: Path, busy_port: int) -> None:
    """``up`` says it too, instead of restarting a service for ever, and stops its engines."""
    here = {"SECRETARIA_HOME": str(folder / "data")}
    ran = secretaria("up", "--port", str(busy_port), cwd=folder, environment={**OUTSIDE, **here})
    assert_explained(ran, 3, str(busy_port), "--port")
    assert not list((folder / "data").glob("**/postmaster.pid"))


def test_busy_port_of_the_worker_metrics(folder: Path, busy_port: int) -> None:
    """So does a worker whose metrics port is taken."""
    ran = secretaria("worker", "--metrics-port", str(busy_port), cwd=folder, environment={**OUTSIDE, **NOWHERE})
    assert_explained(ran, 3, str(busy_port), "--metrics-port")


def test_unwritable_home(folder: Path) -> None:
    """A home that cannot be written names the variable that moves it."""
    here = {"SECRETARIA_HOME": str(folder / ".env" / "data")}
    assert_explained(secretaria("up", cwd=folder, environment={**OUTSIDE, **here}), 3, "SECRETARIA_HOME")


def test_data_of_another_postgresql(folder: Path) -> None:
    """A data folder of another PostgreSQL major is refused in plain words, untouched."""
    data = folder / "data" / "postgres"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("13\n")
    ran = secretaria("up", cwd=folder, environment={**OUTSIDE, "SECRETARIA_HOME": str(folder / "data")})
    assert_explained(ran, 3, "13")
    assert [path.name for path in data.iterdir()] == ["PG_VERSION"]


def test_only_one_engine_configured(folder: Path) -> None:
    """Half of an installation's engines is a mistake, not a choice."""
    half = {**OUTSIDE, "DATABASE_URL": NOWHERE["DATABASE_URL"]}
    assert_explained(secretaria("up", cwd=folder, environment=half), 3, "DATABASE_URL", "REDIS_URL")


def test_weak_webhook_secret(folder: Path) -> None:
    """A short secret closes no door, so nothing starts with it."""
    weak = {**OUTSIDE, **NOWHERE, "WEBHOOK_SECRET": "curto"}
    assert_explained(secretaria("serve", cwd=folder, environment=weak), 3, "WEBHOOK_SECRET", "32")


def test_unknown_key_names_the_nearest(folder: Path) -> None:
    """An unknown key is refused with its path and the nearest one that exists."""
    (folder / "secretaria.toml").write_text("[turns]\nquiet_period = 3\n")
    assert_explained(
        secretaria("config", "show", cwd=folder), 3, "'turns.quiet_period'", "'turns.quiet_period_seconds'"
    )


def test_business_folder_with_a_mistake(folder: Path) -> None:
    """A wrong file of the owner is named with its key."""
    card = folder / "negocio" / "negocio.toml"
    card.write_text(card.read_text().replace('fuso = "America/Sao_Paulo"', 'fuso = "Marte"'))
    ran = secretaria("config", "check", cwd=folder, environment=OUTSIDE)
    assert_explained(ran, 3, "negocio.toml", "fuso")


def test_worker_on_a_database_nobody_migrated(folder: Path, engines: EngineUrls) -> None:
    """A worker does not begin on a schema that is not its own."""
    empty = {
        **OUTSIDE,
        "DATABASE_URL": engines.database_url.replace("/secretaria?", "/postgres?"),
        "REDIS_URL": engines.redis_url,
        "SECRETARIA__WORKER__METRICS_PORT": "0",
        "SECRETARIA__DATABASE__STARTUP_WAIT_SECONDS": "1",
    }
    assert_explained(secretaria("worker", cwd=folder, environment=empty, seconds=90), 3, "secretaria migrate")


def test_unknown_command_suggests_one(tmp_path: Path) -> None:
    """A mistyped command is a usage error in Portuguese, with the nearest command."""
    assert_explained(secretaria("serv", cwd=tmp_path), 2, "comando desconhecido", "'serve'")


@pytest.mark.parametrize(
    "arguments", [("simulate", "carta"), ("simulate", "texto", "--override", "sem-igual"), ("migrate", "--nada")]
)
def test_what_is_not_understood_is_a_usage_error(folder: Path, arguments: tuple[str, ...]) -> None:
    """Unknown kinds, fields and options end with code 2."""
    assert_explained(secretaria(*arguments, cwd=folder), 2)


def test_verbose_shows_where_an_error_came_from(tmp_path: Path) -> None:
    """``-v``, wherever it stands, adds the traceback."""
    assert "Traceback" in secretaria("-v", "migrate", cwd=tmp_path).err
    assert "Traceback" in secretaria("migrate", "-v", cwd=tmp_path).err
