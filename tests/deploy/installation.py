"""One installation as an operator has it: a git checkout, .env, secretaria.toml, negocio/, and a compose project."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import ssl
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from typing import TypeVar

import httpx
from dotenv import dotenv_values

import secretaria
from secretaria.clock import SystemClock
from secretaria.settings import TurnsSection
from secretaria.simulation import SAMPLE_BUSINESS
from secretaria.simulation.faults import LlmFaults, SendFaults
from secretaria.simulation.ledger import Ledger
from secretaria.simulation.llm_server import create_llm
from secretaria.simulation.phone import text_event
from secretaria.simulation.serving import LocalServer
from secretaria.simulation.tickets import TicketBook
from secretaria.simulation.whaticket_server import create_whaticket
from tests.acceptance.commands import free_port
from tests.builders import SECRET, TOKEN, signed
from tests.deploy.standins import ROOT, docker

WHATICKET_TOKEN = "token-da-conexao-0001"
VERSION = secretaria.__version__
READY_SECONDS = 120.0
OpenInstallation = Callable[..., "Installation"]
Told = TypeVar("Told")


@dataclass
class Installation:
    """An installation and what stands around it.

    Attributes:
        folder: The checkout, on branch main, tagged with the version that it begins with.
        project: The name of its compose project.
        image: The name of its image, without a version.
        https_port: Where its proxy answers on loopback, with a certificate that nobody vouches for.
        ledger: What reached its customers.
    """

    folder: Path
    project: str
    image: str
    http_port: int
    https_port: int
    ledger: Ledger
    llm_faults: LlmFaults
    send_faults: SendFaults
    files: tuple[str, ...] = ("docker-compose.prod.yml",)
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def env(self) -> dict[str, str]:
        """What its .env says now."""
        return {name: value or "" for name, value in dotenv_values(self.folder / ".env").items()}

    @property
    def url(self) -> str:
        """The public address."""
        return f"https://127.0.0.1:{self.https_port}"

    def compose(self, *arguments: str, seconds: float = 300, stdin: str = "") -> str:
        """Run ``docker compose`` on the project, as the operator does in the folder, and return its stdout."""
        files = [part for file in self.files for part in ("--file", file)]
        command = ["docker", "compose", "--project-name", self.project, *files, *arguments]
        ended = subprocess.run(
            command, cwd=self.folder, env={**os.environ, **self.environment}, capture_output=True, text=True,
            timeout=seconds, check=False, input=stdin,
        )  # fmt: skip
        assert ended.returncode == 0, f"{' '.join(arguments)}\n{ended.stdout[-3000:]}\n{ended.stderr[-3000:]}"
        return ended.stdout

    def start(self, *options: str) -> None:
        """Start the engines, migrate, and start the rest; return when an event sent now would be answered."""
        self.bring_up(*options)
        self.wait_until_ready()

    def bring_up(self, *options: str) -> None:
        """Start the engines, migrate, and start the rest."""
        self.compose("up", "--detach", "--wait", "postgres", "redis")
        self.compose("run", "--rm", "--no-deps", "-T", "owner", "migrate")
        self.compose("up", "--detach", *options)

    def wait_until_ready(self) -> None:
        """Wait until the service takes traffic through the proxy and a worker lives."""
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if self._asked("/readyz") == 200 and self._worker_lives():
                return
            time.sleep(0.3)
        raise AssertionError(self.compose("ps", "--all") + self.compose("logs", "--tail", "30"))

    def post(self, number: str, text: str, *, client: httpx.Client | None = None) -> httpx.Response:
        """Post a signed event of a text written just now, through the proxy."""
        now = datetime.now(UTC)
        event = text_event(number, text, secrets.token_hex(10).upper(), now, "Juliana Prates")
        body = json.dumps(event).encode()
        headers = {name.decode(): value.decode() for name, value in signed(body, now, SECRET).headers}
        sender = client or httpx
        verify = {} if client else {"verify": self.unverified(), "trust_env": False}
        return sender.post(f"{self.url}/webhook/whaticket", content=body, headers=headers, timeout=120, **verify)  # type: ignore[arg-type]

    def bubbles_to(self, number: str, seconds: float = 60.0) -> list[str]:
        """Wait for a reply to a number and return what was said."""
        self.ledger.wait_for(lambda sent: any(one.number == number for one in sent), timeout=seconds)
        return [sent.body for sent in self.ledger.sent(number)]

    def inside(self, service: str, *arguments: str, stdin: str = "") -> str:
        """Run a program in a running container of a service."""
        return self.compose("exec", "-T", service, *arguments, stdin=stdin)

    @staticmethod
    def unverified() -> ssl.SSLContext:
        """Return a context that accepts the self-signed certificate, as tests on loopback may."""
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context

    def _asked(self, path: str) -> int:
        try:
            return httpx.get(self.url + path, timeout=5, trust_env=False, verify=self.unverified()).status_code
        except httpx.HTTPError:
            return 0

    def _worker_lives(self) -> bool:
        try:
            self.inside("worker", "secretaria", "healthcheck", "worker")
        except AssertionError:
            return False
        return True


def eventually(look: Callable[[], Told], enough: Callable[[Told], bool], seconds: float = 90.0) -> Told:
    """Look until it is enough or the time is over, and return what was seen last."""
    deadline = time.monotonic() + seconds
    while not enough(seen := look()) and time.monotonic() < deadline:
        time.sleep(0.3)
    return seen


@contextmanager
def program_image() -> Iterator[str]:
    """Build the program's image from the tree as it is, under a name of its own."""
    name = f"secretaria-test-{secrets.token_hex(3)}"
    head = max(path.stem for path in (ROOT / "migrations/versions").glob("[0-9]*.py"))
    told = (f"VERSION={VERSION}", "REVISION=0000000", f"MIGRATION_HEAD={head}")
    labels = [word for argument in told for word in ("--build-arg", argument)]
    docker(
        "build",
        "--quiet",
        "--file",
        str(ROOT / "docker/Dockerfile"),
        *labels,
        "--tag",
        f"{name}:{VERSION}",
        str(ROOT),
        seconds=400,
    )
    try:
        yield name
    finally:
        _forget_images(name)


def _forget_images(name: str) -> None:
    for tag in docker("images", "--format", "{{.Repository}}:{{.Tag}}", name).split():
        docker("rmi", "--force", tag)


@contextmanager
def open_installation(image: str, **extra: str) -> Iterator[Installation]:
    """Lay out an installation that is not started yet.

    Args:
        image: The name of the program's image.
        extra: Lines of .env that differ from the usual.
    """
    folder = Path(tempfile.mkdtemp(prefix="secretaria-installed-", dir="/tmp"))
    project = f"secretaria-{secrets.token_hex(3)}"
    ledger, llm_faults, send_faults = Ledger(), LlmFaults(), SendFaults()
    book = TicketBook(SystemClock())
    whaticket = create_whaticket("saas", WHATICKET_TOKEN, ledger, faults=send_faults, book=book)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        gateway = bridge_address()
        spoken = stack.enter_context(LocalServer(whaticket, gateway))
        model = stack.enter_context(
            LocalServer(create_llm(SAMPLE_BUSINESS, delay_seconds=0.1, faults=llm_faults), gateway)
        )
        own = f"{image}-{project.rpartition('-')[2]}"  # a release removes old images of its name: not those of others
        docker("tag", f"{image}:{VERSION}", f"{own}:{VERSION}")
        stack.callback(_forget_images, own)
        opened = Installation(folder, project, own, free_port(), free_port(), ledger, llm_faults, send_faults)
        _check_out(folder)
        _write_env(opened, spoken.url, f"{model.url}/v1", extra)
        _write_settings(opened)
        shutil.copytree(SAMPLE_BUSINESS, folder / "negocio")
        stack.callback(opened.compose, "down", "--volumes", "--remove-orphans", "--timeout", "5")
        yield opened


def bridge_address() -> str:
    """Return this machine's address on the engine's own bridge, where containers that have a way out reach it."""
    bridge = json.loads(docker("network", "inspect", "bridge"))[0]["IPAM"]["Config"][0]
    return str(bridge.get("Gateway") or next(ip_network(bridge["Subnet"]).hosts()))


def _check_out(folder: Path) -> None:
    """Make a repository of the tree as it is, whose only commit is the version that runs."""
    listed = _git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    _git(folder, "init", "--quiet", "--initial-branch=main")
    _git(folder, "config", "user.name", "Operadora")
    _git(folder, "config", "user.email", "operadora@exemplo.com.br")
    _git(folder, "add", "--all")
    _git(folder, "commit", "--quiet", "--message", f"Version {VERSION}")
    _git(folder, "tag", "--annotate", "--message", f"v{VERSION}", f"v{VERSION}")


def _git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True).stdout


def _write_env(opened: Installation, whaticket_url: str, llm_url: str, extra: Mapping[str, str]) -> None:
    net = secrets.randbelow(200) + 20
    values = {
        "SECRETARIA_IMAGE": opened.image,
        "SECRETARIA_VERSION": VERSION,
        "PUBLIC_HOST": "localhost",
        "COMPOSE_PROFILES": "",
        "HTTP_PORT": f"127.0.0.1:{opened.http_port}",
        "HTTPS_PORT": f"127.0.0.1:{opened.https_port}",
        "EDGE_SUBNET": f"10.214.{net}.0/25",
        "INTERNAL_SUBNET": f"10.214.{net}.128/25",
        "POSTGRES_SHARED_BUFFERS": "64MB",
        "POSTGRES_PASSWORD": secrets.token_hex(16),
        "POSTGRES_APP_PASSWORD": secrets.token_hex(16),
        "REDIS_PASSWORD": secrets.token_hex(16),
        "GRAFANA_ADMIN_PASSWORD": secrets.token_hex(16),
        "WEBHOOK_SECRET": SECRET,
        "WEBHOOK_TOKEN": TOKEN,
        "JWT_SECRET": secrets.token_hex(32),
        "PRIVACY_KEY": secrets.token_hex(32),
        "WHATICKET_URL": whaticket_url,
        "WHATICKET_TOKEN": WHATICKET_TOKEN,
        "LLM_API_KEY": "chave-inventada",
        "LLM_BASE_URL": llm_url,
        **extra,
    }
    file = opened.folder / ".env"
    file.touch(0o600)
    file.write_text("".join(f"{name}={value}\n" for name, value in values.items()), encoding="utf-8")


def _write_settings(opened: Installation) -> None:
    """Write a secretaria.toml for an installation on compose whose customers are answered at once."""
    silences = [name for name in TurnsSection.model_fields if name.endswith("_seconds") and name != "deadline_seconds"]
    hurried = "\n".join(f"{name} = 0.3" for name in silences)
    (opened.folder / "secretaria.toml").write_text(
        f'[deploy]\nengine = "compose"\nproject = "{opened.project}"\nimage = "{opened.image}"\n[turns]\n{hurried}\n'
        "[outbox]\ntyping_minimum_seconds = 0.1\ntyping_maximum_seconds = 0.1\n"
        '[whaticket]\nflavour = "saas"\n[llm]\nmodel = "secretaria-simulada"\n',
        encoding="utf-8",
    )
