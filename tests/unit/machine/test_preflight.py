"""A machine that cannot carry an installation is refused in words, before anything on it is touched."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from secretaria.machine.preflight import (
    ADVISED_MEMORY_BYTES,
    MINIMUM_MEMORY_BYTES,
    Finding,
    MachineNotReady,
    engine_folder,
    look_at_clock,
    look_at_disk,
    look_at_engine,
    look_at_memory,
    look_at_name,
    look_at_port,
    published_by_us,
    require_ready,
)
from secretaria.machine.runner import Runner
from tests.recorded_programs import RecordedPrograms


@pytest.fixture
def programs(tmp_path: Path) -> RecordedPrograms:
    """Put a healthy engine on the PATH."""
    found = RecordedPrograms(tmp_path)
    found.answer("docker", "version *", says="20.10.24")
    found.answer("docker", "compose version *", says="2.26.1-4")
    return found


@pytest.fixture
def busy_port() -> Iterator[int]:
    """Listen on a port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield int(listener.getsockname()[1])


def test_an_engine_that_answers_is_told_with_its_version(programs: RecordedPrograms) -> None:
    """Engine and Compose are named as they answered."""
    assert [one.found for one in look_at_engine(programs.runner())] == ["motor 20.10.24", "versão 2.26.1-4"]


def test_a_client_without_its_engine_is_refused_with_its_own_words(programs: RecordedPrograms) -> None:
    """What the client complains about reaches the person."""
    programs.answer("docker", "version *", complains="Cannot connect to the Docker daemon\n", code=1)
    (found,) = look_at_engine(programs.runner())
    assert found.status == "falha"
    assert "Cannot connect to the Docker daemon" in found.found


def test_no_docker_at_all_says_how_to_install_it(tmp_path: Path) -> None:
    """A machine without the program is told where it comes from."""
    (found,) = look_at_engine(Runner(tmp_path, {"PATH": str(tmp_path)}))
    assert (found.status, found.found) == ("falha", "não está instalado")


@pytest.mark.parametrize(
    ("version", "status"), [("1.29.2", "falha"), ("2.19.9", "falha"), ("v2.20.0", "ok"), ("5.0", "ok")]
)
def test_an_old_compose_is_refused(programs: RecordedPrograms, version: str, status: str) -> None:
    """Only a Compose that knows what our files use goes on."""
    programs.answer("docker", "compose version *", says=version)
    assert list(look_at_engine(programs.runner()))[1].status == status


def test_a_full_disk_is_refused(tmp_path: Path) -> None:
    """Less room than asked for refuses."""
    assert look_at_disk(tmp_path, minimum_bytes=1 << 60).status == "falha"


def test_a_folder_that_will_be_is_measured_where_it_will_be(tmp_path: Path) -> None:
    """A folder that does not exist yet is looked at through the nearest one that does."""
    assert str(tmp_path) in look_at_disk(tmp_path / "a" / "b", minimum_bytes=1).found


def test_the_engine_says_where_its_images_lie(programs: RecordedPrograms, tmp_path: Path) -> None:
    """Room is looked for where the engine keeps its images, not where we stand."""
    programs.answer("docker", "info *", says=str(tmp_path))
    assert engine_folder(programs.runner(), Path("/")) == tmp_path


@pytest.mark.parametrize(
    ("total", "status"),
    [(MINIMUM_MEMORY_BYTES - 1, "falha"), (ADVISED_MEMORY_BYTES - 1, "aviso"), (ADVISED_MEMORY_BYTES, "ok")],
)
def test_memory_is_judged_by_what_the_shop_needs(total: int, status: str) -> None:
    """Too little refuses, little warns."""
    assert look_at_memory(total).status == status


def test_a_port_of_somebody_else_is_refused(busy_port: int) -> None:
    """A program that already listens keeps its port."""
    assert look_at_port(busy_port).status == "falha"


def test_a_port_that_is_ours_already_is_fine(busy_port: int) -> None:
    """A repeated installation finds its own proxy on the port."""
    assert look_at_port(busy_port, ours=lambda _: True).status == "ok"


def test_the_engine_says_which_port_is_ours(programs: RecordedPrograms) -> None:
    """A published port counts only within our own project."""
    programs.answer("docker", "ps *label=com.docker.compose.project=loja *publish=443", says="f00d\n")
    ours = published_by_us(programs.runner(), "loja")
    assert (ours(443), ours(80)) == (True, False)


def test_a_clock_before_this_program_existed_is_refused(programs: RecordedPrograms) -> None:
    """A machine that thinks it is 1970 would have every signature refused."""
    assert look_at_clock(programs.runner(), now=0.0).status == "falha"


@pytest.mark.parametrize(("heard", "status"), [("yes", "ok"), ("no", "aviso")])
def test_a_clock_without_a_time_server_warns(programs: RecordedPrograms, heard: str, status: str) -> None:
    """Systemd's word about the time server is passed on."""
    programs.answer("timedatectl", "show *", says=heard)
    assert look_at_clock(programs.runner()).status == status


@pytest.mark.parametrize(("own", "status"), [("198.51.100.7", "ok"), ("10.0.0.2", "aviso")])
def test_a_name_that_leads_elsewhere_only_warns(own: str, status: str) -> None:
    """Behind a router the address of a name is never ours, and that is right."""
    found = look_at_name("loja.exemplo.com.br", resolve=lambda _: {"198.51.100.7"}, own=[own])
    assert found.status == status


def test_a_name_that_does_not_exist_warns() -> None:
    """A name may be made after the installation."""

    def nowhere(_: str) -> list[str]:
        raise OSError

    assert look_at_name("loja.exemplo.com.br", resolve=nowhere, own=[]).status == "aviso"


def test_every_failure_is_told_at_once() -> None:
    """Who mends one thing must not find the next one only afterwards."""
    findings = [Finding("disco", "falha", "1 GiB", "libere"), Finding("docker", "falha", "não responde", "ligue")]
    with pytest.raises(MachineNotReady) as refused:
        require_ready(findings)
    assert (refused.value.message.count(":"), refused.value.hint) == (3, "libere; ligue")
