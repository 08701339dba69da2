"""Installs without containers: files, the service with its own engines, owner, business, proof; then what to do next."""

from __future__ import annotations

import os
import pwd
import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from secretaria.cli.completing import complete_files
from secretaria.cli.install_screen import completed_outcome, show_password, tell_next, tell_step, tell_warnings
from secretaria.cli.installed import account_name
from secretaria.cli.processes import own_command
from secretaria.errors import PreflightRefused
from secretaria.installing.answers import Answers
from secretaria.installing.first_steps import OwnCommands, business_step, owner_step, password_in, proof_step
from secretaria.installing.steps import Outcome, Step, take_steps
from secretaria.installing.units import Service
from secretaria.installing.with_systemd import systemd_step
from secretaria.installing.without_containers import Door, look_at_machine, run_beside_step
from secretaria.machine.commands import Argv
from secretaria.machine.preflight import require_ready
from secretaria.machine.runner import Runner
from secretaria.settings import CONFIG_VARIABLE, ENV_FILE, Settings, load_settings

STOP_MARGIN_SECONDS = 35


def install_local(config: Path, answers: Answers, *, units: Path | None, user: str) -> None:
    """Take every step of an installation that ``secretaria up`` runs.

    Args:
        config: The secretaria.toml, there already or not.
        answers: What the operator said.
        units: Where units of systemd are written; None writes none, and the service ends with the installation.
        user: The account that a unit runs the service under; empty takes the one that types.
    """
    folder = config.parent
    folder.mkdir(parents=True, exist_ok=True)
    before = load_settings(config) if config.is_file() else load_settings()
    os.environ[CONFIG_VARIABLE] = str(config)
    password = password_in(answers.owner_password_file) if answers.owner_password_file else ""
    account = _service_account(user) if units else ""
    runner = Runner(folder)
    looked_at = Door(before.server.host, answers.port or before.server.port)
    first = [
        Step("máquina", partial(_examine, runner, before.home, looked_at)),
        Step("arquivos", partial(_complete, config, answers, account, before.home)),
    ]
    take_steps(first, tell_step)
    settings = load_settings(config)
    door = Door(settings.server.host, settings.server.port)
    own = OwnCommands(runner, partial(_own, account), partial(_own, account))
    with ExitStack() as stack:
        service = _service(settings, config, account)
        running = systemd_step(runner, service, door, units) if units else None
        steps = [
            running or run_beside_step(runner, service.command, door, stack),
            owner_step(own, answers.owner_login, answers.owner_name, password, show_password),
            business_step(own, str(settings.business.folder)),
            proof_step(own),
        ]
        take_steps(steps, tell_step)
    public = f"https://{answers.public_host}" if answers.public_host else f"http://{door.host}:{door.port}"
    tell_next(settings, public, () if units else ("para atender: secretaria up (ou instale com --systemd)",))


def _examine(runner: Runner, home: Path, door: Door) -> Outcome:
    findings = require_ready(look_at_machine(runner, home, door))
    tell_warnings(findings)
    return Outcome("; ".join(f"{one.name} {one.found}" for one in findings))


def _complete(config: Path, answers: Answers, account: str, home: Path) -> Outcome:
    """Complete the files; what a service of another account must read or write becomes that account's."""
    more = {"SECRETARIA_HOME": str(home)} if account else {}
    completed = complete_files(config.parent, answers, more)
    if account and os.geteuid() == 0:
        home.mkdir(parents=True, exist_ok=True)
        for owned in (home, config.parent / ENV_FILE):
            shutil.chown(owned, account, pwd.getpwnam(account).pw_gid)
    return completed_outcome(completed)


def _service_account(user: str) -> str:
    """Return the account that the service runs under: one that may do little.

    Raises:
        PreflightRefused: It does not exist, or it is root.
    """
    name = user or account_name()
    hint = "diga outra com --user CONTA; para criar uma: sudo useradd --system --create-home secretaria"
    try:
        found = pwd.getpwnam(name)
    except KeyError as error:
        raise PreflightRefused(f"a conta {name} não existe", hint) from error
    if found.pw_uid == 0:
        raise PreflightRefused("o serviço não deve rodar como root", hint)
    return name


def _own(account: str, arguments: Sequence[str]) -> Argv:
    """Return a command of ours, under the account of the service where that is not the one that types."""
    command = own_command(*arguments)
    if not account or pwd.getpwnam(account).pw_uid == os.geteuid():
        return command
    return ("runuser", "--user", account, "--", *command)


def _service(settings: Settings, config: Path, account: str) -> Service:
    return Service(
        folder=config.parent,
        config=config,
        home=settings.home,
        user=account,
        command=own_command("up"),
        stop_seconds=settings.worker.shutdown_seconds + STOP_MARGIN_SECONDS,
    )
