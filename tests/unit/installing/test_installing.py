"""An installation looks before it does, tells each step, and stops at the first that fails."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from secretaria.errors import PreflightRefused, Unavailable
from secretaria.installing.first_steps import (
    NotAnswering,
    OwnCommands,
    business_step,
    migrate_step,
    owner_step,
    password_in,
    proof_step,
)
from secretaria.installing.pasting import webhook_instructions
from secretaria.installing.steps import Outcome, Step, Told, take_steps, wait_until
from secretaria.installing.with_containers import (
    checkout_version,
    image_step,
    ledger_step,
    look_at_machine,
    port_in,
)
from secretaria.releases import ledger
from secretaria.releases.host import Host
from secretaria.settings import DeploySection, Flavour
from tests.recorded_programs import RecordedPrograms

OWNER = '{"login": "helena", "role": "owner", "disabled": false}\n'
FAILED = '{"name": "rodada", "status": "falha", "found": "sem resposta", "mend": "veja os workers"}\n'


@pytest.fixture
def programs(tmp_path: Path) -> RecordedPrograms:
    """Put an engine on the PATH that agrees to everything."""
    found = RecordedPrograms(tmp_path)
    found.answer("docker", "*")
    found.answer("git", "*", code=1)
    return found


@pytest.fixture
def own(programs: RecordedPrograms) -> OwnCommands:
    """Run our commands through the recorded docker."""
    return OwnCommands(
        programs.runner(), lambda words: ("docker", "run", *words), lambda words: ("docker", "exec", *words)
    )


@pytest.fixture
def host(programs: RecordedPrograms, tmp_path: Path) -> Host:
    """Describe a checkout without git, whose program's file states a version."""
    (tmp_path / "secretaria").mkdir()
    (tmp_path / "secretaria/__init__.py").write_text('__version__ = "1.4.2"\n')
    deploy = DeploySection(engine="compose", project="loja")
    return Host(tmp_path, tmp_path / "home", deploy, tmp_path / ".env", "marisa@loja", variables=programs.environment)


def ran(programs: RecordedPrograms) -> list[str]:
    """Return what docker was asked, a line each."""
    return [" ".join(call[1:]) for call in programs.calls if call[0] == "docker"]


def test_the_first_failure_is_told_and_ends_it() -> None:
    """What comes after a failed step is not touched."""

    def fail() -> Outcome:
        raise PreflightRefused("não deu", "mende")

    told: list[Told] = []
    steps = [Step("um", lambda: Outcome("feito")), Step("dois", fail), Step("três", lambda: Outcome("nunca"))]
    with pytest.raises(PreflightRefused):
        take_steps(steps, told.append)
    assert told == [Told("ok", "um", "feito"), Told("falha", "dois", "não deu")]


def test_waiting_ends() -> None:
    """What never becomes so is said after its time."""
    with pytest.raises(Unavailable):
        wait_until(lambda: False, 0, "nunca veio", "")


def test_a_schema_that_is_in_order_is_left_alone(own: OwnCommands, programs: RecordedPrograms) -> None:
    """Only the question is asked."""
    assert migrate_step(own).take().before
    assert ran(programs) == ["run migrate --check"]


def test_a_schema_that_is_behind_is_brought_forward(own: OwnCommands, programs: RecordedPrograms) -> None:
    """The question, then the deed."""
    programs.answer("docker", "run migrate --check", code=1)
    assert not migrate_step(own).take().before
    assert ran(programs)[-1] == "run migrate"


def test_a_second_owner_is_not_made(own: OwnCommands, programs: RecordedPrograms) -> None:
    """Whoever is owner stays the only one."""
    programs.answer("docker", "run attendants list *", says=OWNER)
    assert owner_step(own, "outra", "", "", lambda *_: None).take().before
    assert [line for line in ran(programs) if "add" in line] == []


def test_a_drawn_password_is_shown_at_once(own: OwnCommands, programs: RecordedPrograms) -> None:
    """Before anything else can go wrong."""
    programs.answer("docker", "run attendants add *", says="senha-sorteada\n")
    shown: list[tuple[str, str]] = []
    owner_step(own, "helena", "Helena", "", lambda *one: shown.append(one)).take()
    assert shown == [("helena", "senha-sorteada")]


def test_a_chosen_password_is_never_an_argument(own: OwnCommands, programs: RecordedPrograms) -> None:
    """It goes by standard input, where the list of processes does not show it."""
    owner_step(own, "helena", "", "cavalo-bateria", lambda *_: None).take()
    assert "cavalo-bateria" not in str(programs.calls)
    assert ran(programs)[-1].endswith("--role owner --stdin")


def test_a_published_business_is_left_alone(own: OwnCommands, programs: RecordedPrograms) -> None:
    """A second installation publishes nothing over what the owner has edited since."""
    programs.answer("docker", "run knowledge versions *", says='{"id": 1}\n')
    assert business_step(own, "negocio").take().before


def test_a_proof_that_fails_says_how_far_it_came(own: OwnCommands, programs: RecordedPrograms) -> None:
    """The examination's own words, and what mends it."""
    programs.answer("docker", "exec doctor *", says=FAILED, code=1)
    with pytest.raises(NotAnswering) as failed:
        proof_step(own).take()
    assert (failed.value.message, "veja os workers" in failed.value.hint) == ("rodada: sem resposta", True)


def test_an_image_that_is_here_is_taken(host: Host, programs: RecordedPrograms) -> None:
    """Nothing is built a second time."""
    programs.answer("docker", "image inspect *", says='[{"Id": "sha256:1", "Config": {}}]')
    assert image_step(host, "1.4.2").take().before
    assert [line for line in ran(programs) if line.startswith("build")] == []


def test_an_image_that_is_missing_is_built_with_its_labels(host: Host, programs: RecordedPrograms) -> None:
    """It says of itself which version it is and which schema it knows."""
    programs.answer("docker", "image inspect *", code=1)
    (host.folder / "migrations/versions").mkdir(parents=True)
    (host.folder / "migrations/versions/0016_second_step.py").touch()
    image_step(host, "1.4.2").take()
    (built,) = [line for line in ran(programs) if line.startswith("build")]
    assert "--tag secretaria:1.4.2" in built
    assert "br.secretaria.migration-head=0016_second_step" in built


def test_a_tag_names_the_version_of_a_checkout(host: Host, programs: RecordedPrograms) -> None:
    """Without one the program's own file does."""
    assert checkout_version(host) == "1.4.2"
    programs.answer("git", "describe *", says="v1.5.0\n")
    assert checkout_version(host) == "1.5.0"


def test_the_first_release_is_noted_once(host: Host, programs: RecordedPrograms) -> None:
    """Deploy and rollback find where they start from, and a repeated installation adds nothing."""
    programs.answer("docker", "image inspect *", code=1)
    first, second = (ledger_step(host, "1.4.2", datetime.now(UTC)).take() for _ in range(2))
    (release,) = ledger.read(host.ledger)
    assert (release.kind, release.version, first.before, second.before) == ("install", "1.4.2", False, True)


def test_a_database_whose_password_is_lost_is_not_given_another(host: Host, programs: RecordedPrograms) -> None:
    """Its volume is here, and .env does not know how to open it."""
    programs.answer("docker", "*version *", says="2.26.1")
    findings = {one.name: one for one in look_at_machine(host, [], "")}
    assert findings["banco anterior"].status == "falha"


@pytest.mark.parametrize(("value", "port"), [("443", 443), ("127.0.0.1:8443", 8443), ("[::1]:8443", 8443)])
def test_a_published_port_is_read_as_compose_reads_it(value: str, port: int) -> None:
    """With and without the address it is bound to."""
    assert port_in(value) == port


def test_an_empty_password_file_opens_no_account(tmp_path: Path) -> None:
    """It is refused before anything is touched."""
    (tmp_path / "senha").touch()
    with pytest.raises(PreflightRefused):
        password_in(str(tmp_path / "senha"))


@pytest.mark.parametrize(("flavour", "secret"), [("saas", "TOKEN"), ("community", "CHAVE"), ("ticketz", "CHAVE")])
def test_each_edition_is_told_what_it_can_use(flavour: Flavour, secret: str) -> None:
    """What has no webhook needs a relay, which signs; what has one is given the address with the token."""
    lines = "\n".join(webhook_instructions(flavour, "https://loja.example", "TOKEN", "CHAVE"))
    assert secret in lines
    assert "https://loja.example/webhook/whaticket" in lines
