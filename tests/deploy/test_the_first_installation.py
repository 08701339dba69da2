"""From a checkout to a customer who is answered, with containers: killed on the way, continued, repeated and used."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from secretaria.settings.env_file import read_value
from secretaria.simulation.phone import text_event
from tests.acceptance.commands import Ran, clean_environment, secretaria
from tests.deploy.installation import Installation, OpenInstallation

NUMBER = "5520900009101"
PREPARED = ("HTTP_PORT", "HTTPS_PORT", "EDGE_SUBNET", "INTERNAL_SUBNET", "POSTGRES_SHARED_BUFFERS")


@dataclass(frozen=True)
class Begun:
    """An installation that was made by the command, once to the end and once more.

    Attributes:
        killed: What the one that was killed had told.
        env: What .env said after each whole one.
    """

    shop: Installation
    environment: dict[str, str]
    killed: str
    first: Ran
    second: Ran
    env: tuple[str, str]

    def run(self, *arguments: str, stdin: str = "") -> Ran:
        """Run a command as the operator does, in the folder."""
        return secretaria(*arguments, cwd=self.shop.folder, environment=self.environment, stdin=stdin, seconds=180)


@pytest.fixture(scope="module")
def begun(open_shop: OpenInstallation) -> Begun:
    """Leave only what an operator prepares, and let the command do the rest."""
    shop = open_shop()
    answers = prepare(shop)
    environment = {"SECRETARIA_HOME": str(shop.folder / "home")}
    command = ("install", "--answers", str(answers), "--yes", "--systemd", "--units", str(shop.folder / "units"))
    killed = kill_after("bancos", shop.folder, environment, *command)
    first = secretaria(*command, cwd=shop.folder, environment=environment, seconds=400)
    after_first = (shop.folder / ".env").read_text()
    second = secretaria(*command, cwd=shop.folder, environment=environment, seconds=400)
    return Begun(shop, environment, killed, first, second, (after_first, (shop.folder / ".env").read_text()))


def prepare(shop: Installation) -> Path:
    """Turn what the fixture wrote into answers, and leave of .env only ports and networks."""
    env = shop.folder / ".env"
    told = {name: read_value(env, name) for name in ("WHATICKET_URL", "WHATICKET_TOKEN", "LLM_API_KEY", "LLM_BASE_URL")}
    answers = shop.folder / "respostas.toml"
    answers.write_text(
        'public_host = "localhost"\nmonitoring = false\nwhaticket_flavour = "saas"\nowner_login = "helena"\n'
        'business_folder = "base-da-loja"\n'
        + "".join(f"{name.lower()} = {json.dumps(value)}\n" for name, value in told.items())
    )
    answers.chmod(0o600)
    env.write_text("".join(f"{name}={read_value(env, name)}\n" for name in PREPARED))
    settings = shop.folder / "secretaria.toml"
    settings.write_text(settings.read_text().replace('engine = "compose"\n', ""))
    (shop.folder / "negocio").rename(shop.folder / "base-da-loja")
    return answers


def kill_after(step: str, folder: Path, environment: dict[str, str], *command: str) -> str:
    """Begin an installation, and kill it as a power cut would once a step is told; return what was told."""
    process = subprocess.Popen(
        [sys.executable, "-m", "secretaria", *command],
        cwd=folder, env=clean_environment(environment), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert process.stderr is not None
    lines = []
    with process.stderr as told:
        for line in told:
            lines.append(line)
            if f" {step}:" in line:
                os.killpg(process.pid, signal.SIGKILL)
    process.wait(60)
    return "".join(lines)


def steps_of(ran: Ran) -> dict[str, str]:
    """Return what was told of each step."""
    return {name: status for status, name in re.findall(r"^(ok|já feito|falha) +([^:]+): ", ran.err, re.MULTILINE)}


def test_it_goes_on_where_it_was_killed(begun: Begun) -> None:
    """What runs is left running, the dead holder's lock is no hindrance, and the rest is done to the answered event."""
    assert " bancos:" in begun.killed
    assert begun.first.code == 0, begun.first.err
    steps = steps_of(begun.first)
    assert [steps[name] for name in ("arquivos", "imagem", "bancos")] == ["já feito"] * 3
    assert [steps[name] for name in ("conta do dono", "negócio", "serviços", "registro", "ponta a ponta")] == ["ok"] * 5


def test_done_again_it_changes_nothing(begun: Begun) -> None:
    """No new secret, no second owner, no container replaced, no second release."""
    assert begun.second.code == 0
    assert begun.env[0] == begun.env[1]
    done = (
        "arquivos",
        "imagem",
        "bancos",
        "migrações",
        "conta do dono",
        "negócio",
        "serviços",
        "registro",
        "cópia diária",
    )
    assert {name: steps_of(begun.second)[name] for name in done} == dict.fromkeys(done, "já feito")


def test_a_customer_is_answered_with_what_the_owners_folder_says(begun: Begun) -> None:
    """The token that was handed over opens the public address, and the published folder answers."""
    address = re.search(r"/webhook/whaticket/(\S+)$", begun.second.out, re.MULTILINE)
    assert address is not None
    event = text_event(NUMBER, "quanto custa a limpeza?", "A0B1C2D3E4F5", datetime.now(UTC), "Juliana Prates")
    door = f"{begun.shop.url}/webhook/whaticket/{address[1]}"
    answer = httpx.post(door, json=event, verify=begun.shop.unverified(), trust_env=False, timeout=30)
    assert answer.status_code == 202
    assert "R$ 180" in " ".join(begun.shop.bubbles_to(NUMBER))


def test_commands_of_the_host_reach_the_database_in_its_container(begun: Begun) -> None:
    """The exit code and the output are those of the command inside."""
    seen = begun.run("status", "--json")
    assert (seen.code, json.loads(seen.out)["status"]) == (0, "ok")
    assert begun.run("queue", "show", "o:999999").code == 1


def test_the_audit_names_who_typed_at_the_host(begun: Begun) -> None:
    """Not the account inside a container that nobody knows."""
    entries = [json.loads(line) for line in begun.run("audit", "--json").out.splitlines()]
    assert {entry["place"] for entry in entries if entry["origin"] == "cli"} == {os.uname().nodename}


def test_files_of_the_host_are_read_and_written_by_commands(begun: Begun) -> None:
    """A version is exported to the host, changed there by its owner, and imported again."""
    exported = begun.run("knowledge", "export", "editar")
    assert exported.code == 0, exported.err
    card = begun.shop.folder / "editar/negocio.toml"
    assert card.stat().st_uid == os.getuid()
    card.write_text(card.read_text() + "\n# revisto\n")
    assert begun.run("knowledge", "import", "editar", "--dry-run").code == 0


def test_what_is_piped_in_reaches_the_command(begun: Begun) -> None:
    """A password comes by standard input, as on a machine without containers."""
    added = begun.run("attendants", "add", "rui", "--stdin", stdin="cavalo-bateria-grampo-9\n")
    assert added.code == 0, added.err
    assert "rui" in begun.run("attendants", "list", "--json").out


def test_the_ledger_knows_the_first_release(begun: Begun) -> None:
    """So that there is something to go back to."""
    (release,) = [json.loads(line) for line in begun.run("releases", "--json").out.splitlines()]
    assert (release["kind"], release["outcome"]) == ("install", "released")
    assert release["migration_head"]


def test_a_secret_changes_hands_in_the_containers_too(begun: Begun) -> None:
    """They are made anew with the new token, which opens; the old one opens nothing any more."""
    env = begun.shop.folder / ".env"
    old = read_value(env, "WEBHOOK_TOKEN")
    rotated = begun.run("secrets", "rotate", "WEBHOOK_TOKEN", "--yes")
    assert rotated.code == 0, rotated.err
    begun.shop.wait_until_ready()
    tokens = (read_value(env, "WEBHOOK_TOKEN"), old)
    doors = [f"{begun.shop.url}/webhook/whaticket/{token}" for token in tokens]
    event = text_event(NUMBER, "obrigada!", "A0B1C2D3E4F6", datetime.now(UTC), "Juliana Prates")
    unverified = {"verify": begun.shop.unverified(), "trust_env": False}
    assert [httpx.post(door, json=event, timeout=30, **unverified).status_code for door in doors] == [202, 401]  # type: ignore[arg-type]
    assert "secrets.rotated" in begun.run("audit", "--json").out
