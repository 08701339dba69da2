"""The root of the command line: global options and the list of commands.

Files of commands do without ``from __future__ import annotations``: typer would compile every annotation again, at each start.
"""

import os
from pathlib import Path
from typing import Annotated

import typer

import secretaria
from secretaria.cli import (
    agenda,
    attendants,
    audit,
    backup,
    certificate,
    config,
    conversations,
    demo,
    deploy,
    doctor,
    healthcheck,
    inbox,
    incident,
    install,
    knowledge,
    logs,
    migrate,
    prepare,
    queue,
    rehearse,
    releases,
    restore,
    restored,
    retention,
    rollback,
    scale,
    secrets,
    serve,
    simulate,
    stack,
    status,
    up,
    worker,
)
from secretaria.cli import eval as evaluate

CONFIG_VARIABLE = "SECRETARIA_CONFIG"

app = typer.Typer(
    name="secretaria",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Secretária Virtual: atende clientes pelo WhatsApp, através do Whaticket.\n\n"
    "Comece com: secretaria demo. Em qualquer comando, -v mostra a origem de um erro.",
)
app.command("demo")(demo.demo)
app.command("install")(install.install)
app.command("up")(up.up)
app.command("prepare", hidden=True)(prepare.prepare)
app.command("serve")(serve.serve)
app.command("worker")(worker.worker)
app.command("migrate")(migrate.migrate)
app.command("rehearse")(rehearse.rehearse)
app.command("deploy")(deploy.deploy)
app.command("rollback")(rollback.rollback)
app.command("scale")(scale.scale)
app.command("stack")(stack.stack)
app.add_typer(releases.app, name="releases")
app.command("doctor")(doctor.doctor)
app.command("certificate")(certificate.certificate)
app.command("healthcheck")(healthcheck.healthcheck)
app.command("status")(status.status)
app.command("logs")(logs.logs)
app.command("audit")(audit.audit)
app.command("incident")(incident.incident)
app.command("retention")(retention.retention)
app.add_typer(backup.app, name="backup")
app.command("restore")(restore.restore)
app.command("restored", hidden=True)(restored.restored)
app.add_typer(agenda.app, name="agenda")
app.add_typer(conversations.app, name="conversations")
app.command("simulate")(simulate.simulate)
app.add_typer(attendants.app, name="attendants")
app.add_typer(config.app, name="config")
app.add_typer(evaluate.app, name="eval")
app.add_typer(inbox.app, name="inbox")
app.add_typer(queue.app, name="queue")
app.add_typer(secrets.app, name="secrets")
app.add_typer(knowledge.app, name="knowledge")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"secretaria {secretaria.__version__}")
        raise typer.Exit


@app.callback()
def root(
    config_file: Annotated[
        Path | None, typer.Option("--config", "-c", envvar=CONFIG_VARIABLE, help="Arquivo secretaria.toml a usar.")
    ] = None,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Mostra a versão e sai.")
    ] = False,
) -> None:
    """Secretária Virtual."""
    if config_file is not None:
        os.environ[CONFIG_VARIABLE] = str(config_file.absolute())  # the processes we start read the same file
