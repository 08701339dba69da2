"""A Docker engine for the tests: the machine's own where one answers, otherwise one that is started and ended here."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.deploy.debian import SUITE, mirror, run

START_SECONDS = 60.0
PLUGINS = ("docker-compose", "docker-buildx")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


@contextmanager
def running_engine() -> Iterator[None]:
    """Make ``docker``, ``docker compose`` and ``docker buildx`` work while the tests run.

    Debian 12's engine has no Compose of today, so Debian 13's plug-ins are unpacked; nothing of the system is changed.
    """
    assert shutil.which("dockerd") or _answers(), "no Docker engine: apt-get install docker.io"
    if _answers():
        _require_plugins()
        yield
        return
    folder = Path(tempfile.mkdtemp(prefix="secretaria-docker-", dir="/var/tmp"))
    socket = folder / "docker.sock"
    log = (folder / "log").open("wb")
    places = [f"--data-root={folder}/data", f"--exec-root={folder}/exec", f"--pidfile={folder}/pid"]
    command = ["dockerd", *places, f"--host=unix://{socket}"]
    process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    os.environ["DOCKER_HOST"] = f"unix://{socket}"
    try:
        deadline = time.monotonic() + START_SECONDS
        while not _answers():
            assert process.poll() is None, (folder / "log").read_text(errors="replace")[-4000:]
            assert time.monotonic() < deadline, "the engine did not start in time"
            time.sleep(0.2)
        _require_plugins()
        yield
    finally:
        os.environ.pop("DOCKER_HOST")
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        log.close()
        shutil.rmtree(folder, ignore_errors=True)


def _require_plugins() -> None:
    """Unpack what ``docker`` lacks of its plug-ins into the folder of this user, where it looks for them."""
    missing = [name for name in PLUGINS if not _succeeds("docker", name.removeprefix("docker-"), "version")]
    if not missing:
        return
    folder = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker") / "cli-plugins"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="secretaria-plugins-") as place:
        for package in _downloaded(Path(place), missing):
            run(["dpkg-deb", "--extract", str(package), place], 60)
        for name in missing:
            shutil.copy(Path(place) / "usr/libexec/docker/cli-plugins" / name, folder / name)


def _downloaded(place: Path, packages: list[str]) -> list[Path]:
    """Fetch packages of the newer Debian with an apt that keeps its lists in a folder of its own, signatures checked."""
    source = place / "sources.list"
    source.write_text(f"deb [signed-by={KEYRING}] {mirror()} {SUITE} main\n", encoding="utf-8")
    for name in ("lists/partial", "archives/partial"):
        (place / name).mkdir(parents=True)
    own = [f"Dir::Etc::sourcelist={source}", "Dir::Etc::sourceparts=-", f"Dir::State::lists={place}/lists"]
    own += [f"Dir::Cache={place}", "APT::Sandbox::User=root"]
    apt = ["apt-get", "--quiet", *(part for option in own for part in ("--option", option))]
    run([*apt, "update"], 180)
    run([*apt, "download", *packages], 180, place)
    return sorted(place.glob("*.deb"))


def _answers() -> bool:
    return _succeeds("docker", "info")


def _succeeds(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, timeout=30, check=False).returncode == 0
    except FileNotFoundError:
        return False
