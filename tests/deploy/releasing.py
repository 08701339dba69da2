"""What scenarios of releases need: quick images, our own command on the host, customers who write all the time."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from secretaria.machine.docker import VERSION_LABEL
from secretaria.simulation.phone import GROUP, text_event
from tests.builders import SECRET, signed
from tests.deploy.installation import Installation
from tests.deploy.standins import docker

PACKAGE = "/opt/secretaria/lib/python3.13/site-packages/secretaria"
PER_SECOND = 50
SENDERS = 10


@dataclass
class Operator:
    """Somebody who types commands in the folder of an installation.

    Attributes:
        installation: Where.
        home: The folder of ledger and lock.
    """

    installation: Installation
    home: Path

    def type(self, *arguments: str, crash_at: str = "", answer: str = "") -> subprocess.CompletedProcess[str]:
        """Run our command as a process of its own, which is killed at a point if one is named."""
        environment = {**os.environ, "SECRETARIA_HOME": str(self.home), "NO_COLOR": "1"}
        if crash_at:
            armed = self.home / "armed"
            self.home.mkdir(parents=True, exist_ok=True)
            armed.write_text(crash_at, encoding="utf-8")
            environment |= {"SECRETARIA_FAULTS": "1", "SECRETARIA_CRASH_FILE": str(armed)}
        command = [sys.executable, "-m", "secretaria", *arguments]
        return subprocess.run(
            command,
            cwd=self.installation.folder,
            env=environment,
            input=answer,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )

    def ledger(self) -> list[dict[str, Any]]:
        """Return what the command says was done, the newest first."""
        return [json.loads(line) for line in self.type("releases", "--limit", "100", "--json").stdout.splitlines()]

    def git(self, *arguments: str) -> str:
        """Ask git in the checkout."""
        return subprocess.run(
            ["git", *arguments], cwd=self.installation.folder, capture_output=True, text=True, check=True
        ).stdout

    def commit(self, changes: Mapping[str, str]) -> None:
        """Commit files with new contents."""
        for name, text in changes.items():
            path = self.installation.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        self.git("add", *changes)
        self.git("commit", "--quiet", "--message", f"Change {', '.join(changes)}")

    def take_back(self) -> None:
        """Undo the last commit by another one."""
        self.git("revert", "--no-edit", "HEAD")

    def read(self, name: str) -> str:
        """Return a file of the checkout."""
        return (self.installation.folder / name).read_text(encoding="utf-8")

    def versions(self, service: str) -> list[str]:
        """Return which versions of a service run."""
        ids = self.installation.compose("ps", "--quiet", service).split()
        template = f'{{{{index .Config.Labels "{VERSION_LABEL}"}}}}'
        return docker("inspect", "--format", template, *ids).split() if ids else []

    def build_quickly(self, version: str) -> None:
        """Let images be made by putting the tree's program over that of an image that is there: seconds, not minutes."""
        # Under the installation's own name releases remove old images; the program's image is one without its last word.
        base = f"{self.installation.image.rpartition('-')[0]}:{version}"
        self.commit(
            {
                "docker/Dockerfile": (
                    f"FROM {base}\nCOPY secretaria {PACKAGE}\nCOPY migrations {PACKAGE}/_migrations\n"
                    "ARG VERSION=0.0.0\nENV SECRETARIA_VERSION=$VERSION\n"
                )
            }
        )


@dataclass
class Heard:
    """What customers who write all the time were answered.

    Attributes:
        statuses: How many requests got each status; 0 is no answer at all.
        events: The event of each that was accepted.
        slowest: The longest time to an answer, seconds.
    """

    statuses: dict[int, int] = field(default_factory=dict)
    events: set[str] = field(default_factory=set)
    slowest: float = 0.0
    begun: float = 0.0
    seconds: float = 0.0

    @property
    def sent(self) -> int:
        """How many requests were made."""
        return sum(self.statuses.values())


def post_text(installation: Installation, client: httpx.Client, number: str, *, group: bool) -> httpx.Response:
    """Post a signed event of a text through the proxy, written to us or in a group."""
    now = datetime.now(UTC)
    event = text_event(number, "oi", secrets.token_hex(10).upper(), now, "Juliana Prates")
    if group:
        event["key"]["remoteJid"] = GROUP
    body = json.dumps(event).encode()
    headers = {name.decode(): value.decode() for name, value in signed(body, now, SECRET).headers}
    return client.post(f"{installation.url}/webhook/whaticket", content=body, headers=headers)


@contextmanager
def writing_customers(installation: Installation, *, per_second: int = PER_SECOND) -> Iterator[Heard]:
    """Post so many signed events a second through the proxy while the block runs."""
    heard, over, lock = Heard(begun=time.monotonic()), threading.Event(), threading.Lock()

    def write(sender: int) -> None:
        pause, count = SENDERS / per_second, 0
        due = time.monotonic()
        with httpx.Client(verify=installation.unverified(), trust_env=False, timeout=30) as client:
            while not over.is_set():
                count += 1
                began = time.monotonic()
                try:
                    # One in ten wants an answer; the others are of groups, kept as events and left unanswered.
                    answer = post_text(installation, client, f"55209{sender:02}{count % 20:06}", group=count % 10 != 0)
                    status = answer.status_code
                    event = (
                        answer.json().get("event", "") if answer.is_success else ""
                    )  # the proxy's own refusal is no JSON
                except httpx.HTTPError:
                    status, event = 0, ""
                with lock:
                    heard.statuses[status] = heard.statuses.get(status, 0) + 1
                    heard.slowest = max(heard.slowest, time.monotonic() - began)
                    if event:
                        heard.events.add(event)
                due += pause
                over.wait(max(due - time.monotonic(), 0.0))

    senders = [threading.Thread(target=write, args=(number,)) for number in range(SENDERS)]
    for one in senders:
        one.start()
    try:
        yield heard
    finally:
        over.set()
        for one in senders:
            one.join()
        heard.seconds = time.monotonic() - heard.begun
