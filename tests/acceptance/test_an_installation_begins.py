"""From an empty folder to an event that is answered, without containers: interrupted, continued and repeated."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from secretaria.clock import SystemClock
from secretaria.settings import TurnsSection
from secretaria.simulation import SAMPLE_BUSINESS
from secretaria.simulation.ledger import Ledger
from secretaria.simulation.llm_server import create_llm
from secretaria.simulation.serving import LocalServer
from secretaria.simulation.tickets import TicketBook
from secretaria.simulation.whaticket_server import create_whaticket
from tests.acceptance.commands import Ran, clean_environment, free_port, secretaria

TOKEN = "token-da-conexao-0001"


@dataclass(frozen=True)
class Installed:
    """A folder in which an installation was interrupted, made and made again.

    Attributes:
        env: What .env said after each whole one.
    """

    folder: Path
    environment: dict[str, str]
    interrupted: int
    first: Ran
    second: Ran
    env: tuple[str, str]


@pytest.fixture(scope="module")
def installed() -> Iterator[Installed]:
    """Install into an empty folder, with the outside world beside it."""
    folder = Path(tempfile.mkdtemp(prefix="secretaria-install-", dir="/tmp"))
    folder.chmod(0o755)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        whaticket = create_whaticket("saas", TOKEN, Ledger(), book=TicketBook(SystemClock()))
        model = create_llm(SAMPLE_BUSINESS, delay_seconds=0.05)
        spoken, written = (stack.enter_context(LocalServer(one)) for one in (whaticket, model))
        answers = folder / "respostas.toml"
        answers.write_text(
            f'whaticket_flavour = "saas"\nwhaticket_url = "{spoken.url}"\nwhaticket_token = "{TOKEN}"\n'
            f'llm_api_key = "chave-inventada"\nllm_base_url = "{written.url}/v1"\nllm_model = "secretaria-simulada"\n'
            f'owner_login = "helena"\nport = {free_port()}\n'
        )
        answers.chmod(0o600)
        silences = [
            name for name in TurnsSection.model_fields if name.endswith("_seconds") and name != "deadline_seconds"
        ]
        hurried = {f"SECRETARIA__TURNS__{name.upper()}": "0.3" for name in silences}
        environment = {"SECRETARIA_HOME": str(folder / "data"), **hurried}
        command = ("install", "--local", "--answers", str(answers), "--yes")
        interrupted = interrupt_at("arquivos", folder, environment, *command)
        first = secretaria(*command, cwd=folder, environment=environment, seconds=180)
        after_first = (folder / ".env").read_text()
        second = secretaria(*command, cwd=folder, environment=environment, seconds=180)
        yield Installed(folder, environment, interrupted, first, second, (after_first, (folder / ".env").read_text()))


def interrupt_at(step: str, folder: Path, environment: dict[str, str], *command: str) -> int:
    """Begin an installation and press Ctrl-C once a step is told."""
    process = subprocess.Popen(
        [sys.executable, "-m", "secretaria", *command],
        cwd=folder, env=clean_environment(environment), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    with process.stderr as told:
        for line in told:
            if f" {step}:" in line:
                process.send_signal(signal.SIGINT)
    return process.wait(60)


def steps_of(ran: Ran) -> dict[str, str]:
    """Return what was told of each step."""
    found = re.findall(r"^(ok|já feito|falha) +([^:]+): ", ran.err, re.MULTILINE)
    return {name: status for status, name in found}


def test_an_interrupted_installation_ends_as_interrupted(installed: Installed) -> None:
    """Ctrl-C is no error."""
    assert installed.interrupted == 130


def test_it_goes_on_where_it_was_interrupted(installed: Installed) -> None:
    """What the first one left is found, and the rest is done, to the event that was answered."""
    assert installed.first.code == 0, installed.first.err
    assert steps_of(installed.first) == {
        "máquina": "ok",
        "arquivos": "já feito",
        "serviço": "ok",
        "conta do dono": "ok",
        "negócio": "já feito",
        "ponta a ponta": "ok",
    }


def test_done_again_it_changes_nothing(installed: Installed) -> None:
    """The same secrets, the same owner; only the proof is made anew."""
    assert installed.second.code == 0
    assert steps_of(installed.second)["conta do dono"] == "já feito"
    assert installed.env[0] == installed.env[1]


def test_the_secrets_are_nobody_elses(installed: Installed) -> None:
    """Only the owner of .env reads it."""
    assert (installed.folder / ".env").stat().st_mode & 0o777 == 0o600


def test_the_password_of_the_owner_is_shown_once(installed: Installed) -> None:
    """The one that was drawn is on standard output of the installation that made the account."""
    shown = [
        len(re.findall(r"^senha de helena .*: \S{20,}$", ran.out, re.MULTILINE))
        for ran in (installed.first, installed.second)
    ]
    assert shown == [1, 0]


def test_what_whaticket_must_be_told_is_handed_over(installed: Installed) -> None:
    """The address with the token of this installation."""
    token = re.search(r"^WEBHOOK_TOKEN=(\S+)$", installed.env[0], re.MULTILINE)
    assert token is not None
    assert f"/webhook/whaticket/{token[1]}" in installed.second.out


def test_nothing_is_left_running(installed: Installed) -> None:
    """Without systemd the service ends with the installation, and says how it is started."""
    assert "secretaria up" in installed.second.err
    ran = secretaria("status", cwd=installed.folder, environment=installed.environment)
    assert ran.code == 1


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ('public_hots = "x"\n', ("public_hots", "public_host")),
        ("http_port = 70000\n", ("http_port", "65535")),
        ('mode = "nuvem"\n', ("mode", "compose")),
        ("", ("whaticket_url", "whaticket_token", "llm_api_key")),
    ],
)
def test_answers_that_cannot_be_used_are_refused_before_anything_is_touched(
    tmp_path: Path, told: str, words: tuple[str, ...]
) -> None:
    """Unknown keys, wrong values and missing ones are said, and the folder stays as it was."""
    (tmp_path / "respostas.toml").write_text(told)
    ran = secretaria("install", "--local", "--answers", "respostas.toml", "--yes", cwd=tmp_path)
    assert ran.code == 3
    assert all(word in ran.err for word in words)
    assert [path.name for path in tmp_path.iterdir()] == ["respostas.toml"]


def test_without_a_terminal_nobody_is_asked(tmp_path: Path) -> None:
    """Whoever did not say --yes has not agreed."""
    told = 'whaticket_url = "http://127.0.0.1:1"\nwhaticket_token = "t"\nllm_api_key = "k"\n'
    (tmp_path / "respostas.toml").write_text(told)
    ran = secretaria("install", "--local", "--answers", "respostas.toml", cwd=tmp_path)
    assert (ran.code, [path.name for path in tmp_path.iterdir()]) == (6, ["respostas.toml"])


def test_the_template_is_a_file_of_answers(tmp_path: Path) -> None:
    """What it prints is read again, and only what must be answered is missing."""
    template = secretaria("install", "--answers-template", cwd=tmp_path)
    (tmp_path / "respostas.toml").write_text(template.out)
    ran = secretaria("install", "--answers", "respostas.toml", "--yes", cwd=tmp_path)
    assert (ran.code, "falta responder: public_host, whaticket_url, whaticket_token, llm_api_key" in ran.err) == (
        3,
        True,
    )
