"""On a compose host a command that needs the database runs in a container, with the files that it names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from secretaria.cli.forwarding import ComposeHost, brought_along, compose_host, container_command
from secretaria.errors import UsageInvalid
from secretaria.machine.commands import Compose
from tests.recorded_programs import RecordedPrograms


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ComposeHost:
    """Give an installation whose service is down, and nothing of the caller's environment."""
    for name in [name for name in os.environ if name.startswith("SECRETARIA")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    programs = RecordedPrograms(tmp_path)
    programs.answer("docker", "compose *")
    monkeypatch.setenv("PATH", programs.environment["PATH"])
    monkeypatch.setenv("SUDO_USER", "marisa")
    monkeypatch.chdir(tmp_path)
    return ComposeHost(tmp_path, Compose("loja", ["docker-compose.prod.yml"]))


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ("[deploy]\nengine = 'compose'\n", True),
        ("[deploy]\nengine = 'local'\n", False),
        ("", False),
        ("[deploy", False),
    ],
)
def test_only_a_compose_installation_forwards(host: ComposeHost, settings: str, found: bool) -> None:  # noqa: FBT001  # a case
    """The file says how the installation runs; one that cannot be read is left to the command."""
    (host.folder / "secretaria.toml").write_text(settings)
    assert (compose_host() is not None) is found


@pytest.mark.parametrize("where", ["environment", "file"])
def test_a_database_that_is_reached_from_here_needs_no_container(
    host: ComposeHost, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """Inside a container, and with a database of one's own, commands run where they are typed."""
    (host.folder / "secretaria.toml").write_text("[deploy]\nengine = 'compose'\n")
    if where == "environment":
        monkeypatch.setenv("DATABASE_URL", "postgresql://u@db/x")
    else:
        (host.folder / ".env").write_text("DATABASE_URL=postgresql://u@db/x\n")
    assert compose_host() is None


def test_a_command_gets_a_container_of_its_own_and_says_who_typed(host: ComposeHost) -> None:
    """Nothing else is started, nothing is left, and the audit will name the person at the host."""
    argv = container_command(host, ["queue", "stats", "--json"], terminal=False)
    assert argv[:8] == [
        "docker",
        "compose",
        "--project-name",
        "loja",
        "--file",
        "docker-compose.prod.yml",
        "run",
        "--rm",
    ]
    assert argv[-4:] == ["api", "queue", "stats", "--json"]
    assert f"SECRETARIA_OPERATOR=marisa@{os.uname().nodename}" in argv


@pytest.mark.parametrize(("terminal", "hidden"), [(True, False), (False, True)])
def test_a_terminal_is_passed_on(host: ComposeHost, terminal: bool, hidden: bool) -> None:  # noqa: FBT001  # a case
    """Who types gets a terminal in the container, and a pipe gets none."""
    assert ("-T" in container_command(host, ["status"], terminal=terminal)) is hidden


def test_what_the_operator_overrides_goes_along(host: ComposeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that is set for one command holds in the container too; nothing else of the environment does."""
    monkeypatch.setenv("SECRETARIA__LLM__MODEL", "outro")
    argv = container_command(host, ["eval", "run"], terminal=False)
    assert [one for one in argv if one.startswith("SECRETARIA__")] == ["SECRETARIA__LLM__MODEL=outro"]


def test_the_doctor_looks_from_inside_the_service_while_it_runs(host: ComposeHost) -> None:
    """It examines the service at the service's own address."""
    RecordedPrograms(host.folder).answer("docker", "compose *", says="f00d\n")
    argv = container_command(host, ["doctor", "--e2e"], terminal=False)
    assert (argv[6], argv[-4:]) == ("exec", ["api", "secretaria", "doctor", "--e2e"])


def test_the_doctor_gets_a_container_while_the_service_is_down(host: ComposeHost) -> None:
    """Then above all somebody wants to know what is wrong."""
    assert container_command(host, ["doctor"], terminal=False)[6] == "run"


def test_a_folder_is_brought_along_under_the_owner_of_it(host: ComposeHost) -> None:
    """The folder stands in the container where the command then looks for it, and who owns it may read it there."""
    (host.folder / "minha").mkdir()
    argv = container_command(host, ["knowledge", "import", "minha", "--dry-run"], terminal=False)
    place = host.folder / "minha"
    assert argv[argv.index("--volume") + 1] == f"{place}:/host{place}"
    assert argv[argv.index("--user") + 1] == f"{place.stat().st_uid}:{place.stat().st_gid}"
    assert argv[-4:] == ["knowledge", "import", f"/host{place}", "--dry-run"]


def test_what_will_be_written_brings_the_folder_around_it(host: ComposeHost) -> None:
    """A file that does not exist yet is made in its folder of the host."""
    rewritten, mounts = brought_along(["agenda", "export", "agenda.ics"])
    assert (list(mounts), rewritten[-1]) == ([host.folder], f"/host{host.folder}/agenda.ics")


def test_an_option_that_nobody_gave_is_written_where_the_command_was_typed(host: ComposeHost) -> None:
    """The folder in which one stands is the host's, not the container's."""
    rewritten, _ = brought_along(["conversations", "export", "5520900001111"])
    assert rewritten[-2:] == ["--folder", f"/host{host.folder}"]


def test_an_option_with_an_equals_sign_is_understood(host: ComposeHost) -> None:
    """Both ways to write an option bring its file along."""
    (host.folder / "minha").mkdir()
    rewritten, _ = brought_along(["eval", "run", "--suite=oracle", "--business=minha"])
    assert rewritten[-1] == f"--business=/host{host.folder}/minha"


@pytest.mark.usefixtures("host")
def test_words_are_no_paths() -> None:
    """Only a parameter that is a path is looked at, whatever files lie about."""
    Path("horario").mkdir()
    assert brought_along(["knowledge", "search", "horario"]) == (["knowledge", "search", "horario"], {})


@pytest.mark.usefixtures("host")
def test_standard_input_stays_standard_input() -> None:
    """A dash is passed on, and so is what is piped in."""
    assert brought_along(["inbox", "explain", "-"]) == (["inbox", "explain", "-"], {})


@pytest.mark.parametrize("folder", ["nowhere/minha", "com:dois"])
def test_what_cannot_be_brought_along_is_refused(host: ComposeHost, folder: str) -> None:
    """A folder that is not there, and a name that the engine cannot mount, are said at once."""
    (host.folder / "com:dois").mkdir()
    with pytest.raises(UsageInvalid):
        brought_along(["knowledge", "import", folder])
