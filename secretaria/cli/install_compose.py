"""Installs with containers: files, image, engines, schema, owner, business, the rest, proof; then what to do next."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from secretaria.cli.completing import complete_files
from secretaria.cli.forwarding import ComposeHost, container_command
from secretaria.cli.install_screen import completed_outcome, show_password, tell_next, tell_step, tell_warnings
from secretaria.cli.installed import operator_name
from secretaria.cli.publishing import find_host
from secretaria.cli.starting import BUSINESS_FOLDER
from secretaria.copies.schedule import cron_line, timer_units
from secretaria.installing.answers import Answers
from secretaria.installing.first_steps import (
    OwnCommands,
    business_step,
    migrate_step,
    owner_step,
    password_in,
    proof_step,
)
from secretaria.installing.steps import Outcome, Step, take_steps
from secretaria.installing.with_containers import (
    checkout_version,
    engines_step,
    everything_step,
    image_step,
    ledger_step,
    look_at_machine,
    port_in,
    proxy_step,
)
from secretaria.installing.with_systemd import timer_step
from secretaria.machine.preflight import require_ready
from secretaria.releases.host import VERSION_VARIABLE, Host
from secretaria.releases.lock import held
from secretaria.settings import CONFIG_VARIABLE, ENV_FILE, load_settings
from secretaria.settings.env_file import read_value

HTTPS_PORT = 443


def install_compose(config: Path, answers: Answers, *, units: Path | None) -> None:
    """Take every step of an installation that docker compose runs.

    Args:
        config: The secretaria.toml, there already or not.
        answers: What the operator said.
        units: Where units of systemd are written for the daily copy; None writes none.
    """
    began = datetime.now(UTC)
    password = password_in(answers.owner_password_file) if answers.owner_password_file else ""
    before = _host_before(config)
    ports = _ports(before.env_file, answers)
    version = read_value(before.env_file, VERSION_VARIABLE) or checkout_version(before)
    with held(before.lock, before.who, "instalação", version=version):
        first = [
            Step("máquina", partial(_examine, before, ports, answers.public_host)),
            Step("arquivos", partial(_complete, config, answers, version)),
        ]
        take_steps(first, tell_step)
        os.environ[CONFIG_VARIABLE] = str(config)
        host, settings = find_host()
        containers = ComposeHost(host.folder, host.compose)
        own = OwnCommands(
            host.runner(),
            lambda arguments: tuple(container_command(containers, arguments, terminal=False)),
            lambda arguments: host.compose.inside("api", "secretaria", *arguments),
        )
        steps = [
            image_step(host, version),
            engines_step(host),
            migrate_step(own),
            owner_step(own, answers.owner_login, answers.owner_name, password, show_password),
            business_step(own, str(config.parent / BUSINESS_FOLDER)),
            everything_step(host),
            proxy_step(ports[0]),
            ledger_step(host, version, began),
            proof_step(own),
        ]
        texts = timer_units(host.folder, _program())
        take_steps([*steps, *([timer_step(host.runner(), texts, units)] if units else [])], tell_step)
    public = f"https://{answers.public_host}" + ("" if ports[1] == HTTPS_PORT else f":{ports[1]}")
    more = (
        ()
        if units
        else (f"cópia diária: repita com --systemd, ou no crontab: {cron_line(host.folder, _program()).strip()}",)
    )
    tell_next(settings, public, more)


def _host_before(config: Path) -> Host:
    """Describe the machine before there are files: by the defaults, where no file says otherwise."""
    settings = load_settings(config) if config.is_file() else load_settings(None, {**os.environ, CONFIG_VARIABLE: ""})
    return Host(config.parent, settings.home, settings.deploy, config.parent / ENV_FILE, operator_name())


def _ports(env_file: Path, answers: Answers) -> tuple[int, int]:
    """Return the published ports of HTTP and HTTPS: what stands in .env is what compose will take."""
    written = read_value(env_file, "HTTP_PORT"), read_value(env_file, "HTTPS_PORT")
    return port_in(written[0] or str(answers.http_port)), port_in(written[1] or str(answers.https_port))


def _examine(host: Host, ports: tuple[int, int], public_host: str) -> Outcome:
    findings = require_ready(look_at_machine(host, ports, public_host))
    tell_warnings(findings)
    return Outcome("; ".join(f"{one.name} {one.found}" for one in findings))


def _complete(config: Path, answers: Answers, version: str) -> Outcome:
    deploy = load_settings(config).deploy if config.is_file() else None
    image = {VERSION_VARIABLE: version, "SECRETARIA_IMAGE": deploy.image if deploy else "secretaria"}
    completed = complete_files(config.parent, answers, image)
    _let_containers_read(config)
    return completed_outcome(completed)


def _let_containers_read(config: Path) -> None:
    """Let the account of the containers, which is nobody here, read what is mounted there; .env is not among it."""
    folder = config.parent / BUSINESS_FOLDER
    for path in (config, folder, *folder.rglob("*")):
        mode = path.stat().st_mode
        readable = mode | (0o055 if path.is_dir() else 0o044)
        if readable != mode:
            path.chmod(readable)


def _program() -> Path:
    """Return the command as who has no PATH of ours calls it."""
    beside = Path(sys.executable).parent / "secretaria"
    return beside if beside.is_file() else Path(sys.argv[0]).absolute()
