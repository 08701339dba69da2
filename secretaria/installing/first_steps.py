"""The steps of a first installation that are commands of our own, wherever they run: schema, owner, business, proof."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from secretaria.errors import PreflightRefused, SecretariaError
from secretaria.installing.steps import Outcome, Step
from secretaria.machine.commands import Argv
from secretaria.machine.runner import CommandFailed, Runner

MIGRATE_SECONDS, E2E_SECONDS = 600.0, 240.0
ShowPassword = Callable[[str, str], None]


class NotAnswering(SecretariaError):
    """Everything runs, and yet an event was not answered; the installation stays, to be mended."""


@dataclass(frozen=True)
class OwnCommands:
    """How commands of ours are run where the database is.

    Attributes:
        runner: Starts them.
        command: Makes the argument list of a command.
        beside_service: The same, where the service answers at its own address.
    """

    runner: Runner
    command: Callable[[Sequence[str]], Argv]
    beside_service: Callable[[Sequence[str]], Argv]

    def run(self, *arguments: str, stdin: str = "", seconds: float = 120.0) -> str:
        """Run a command to its end and return what it wrote on stdout.

        Raises:
            CommandFailed: It ended badly.
        """
        with tempfile.TemporaryFile() as given:
            given.write(stdin.encode())
            given.seek(0)
            return self.runner.run(self.command(arguments), stdin=given, seconds=seconds).output

    def lines(self, *arguments: str) -> list[dict[str, Any]]:
        """Run a command that writes one JSON object a line, and return them."""
        return _objects(self.run(*arguments, "--json").splitlines())


def migrate_step(own: OwnCommands) -> Step:
    """Bring the database to the schema of this version."""

    def take() -> Outcome:
        if own.runner.succeeds(own.command(("migrate", "--check")), seconds=MIGRATE_SECONDS):
            return Outcome("o banco está em dia", before=True)
        own.run("migrate", seconds=MIGRATE_SECONDS)
        return Outcome("o banco chegou ao esquema desta versão")

    return Step("migrações", take)


def owner_step(own: OwnCommands, login: str, name: str, password: str, show: ShowPassword) -> Step:
    """Open the account of the owner, unless somebody is owner already.

    Args:
        own: Runs our commands.
        login: What the owner types to enter.
        name: How the panel calls the owner.
        password: Chosen by the owner; empty draws one, which must be changed at the first entrance.
        show: Shown the password that was drawn, once, at the moment there is one.
    """

    def take() -> Outcome:
        owners = [
            one["login"] for one in own.lines("attendants", "list") if one["role"] == "owner" and not one["disabled"]
        ]
        if owners:
            return Outcome(f"{', '.join(owners)} já entra como dono", before=True)
        named = ("--name", name) if name else ()
        chosen = "--stdin" if password else "--random"
        told = own.run("attendants", "add", login, "--role", "owner", *named, chosen, stdin=password)
        if password:
            return Outcome(f"{login} entra com a senha escolhida")
        show(login, told.strip())
        return Outcome(f"{login} entra com a senha sorteada acima, e a troca ao entrar")

    return Step("conta do dono", take)


def business_step(own: OwnCommands, folder: str) -> Step:
    """Publish the business folder, unless something is published.

    Args:
        own: Runs our commands.
        folder: As the command finds it where it runs.
    """

    def take() -> Outcome:
        published = own.lines("knowledge", "versions", "--limit", "1")
        if published:
            return Outcome(
                "já há uma versão publicada; para publicar outra: secretaria knowledge import PASTA", before=True
            )
        own.run("knowledge", "import", folder)
        return Outcome(f"{folder} publicada")

    return Step("negócio", take)


def proof_step(own: OwnCommands) -> Step:
    """Send an event of nobody through everything, and read how far it came."""

    def take() -> Outcome:
        argv = own.beside_service(("doctor", "--e2e", "--json"))
        try:
            own.runner.run(argv, seconds=E2E_SECONDS)
        except CommandFailed as error:
            failed = next((one for one in _objects(error.lines) if one.get("status") == "falha"), None)
            if failed is None:
                raise
            raise NotAnswering(
                f"{failed['name']}: {failed['found']}",
                f"{failed['mend']}; depois repita: secretaria install".removeprefix("; "),
            ) from error
        return Outcome("um evento de ninguém foi do webhook até o envio, e nada ficou dele")

    return Step("ponta a ponta", take)


def password_in(file: str) -> str:
    """Return the password that stands in a file's first line.

    Raises:
        PreflightRefused: There is none.
    """
    try:
        with open(file, encoding="utf-8") as opened:  # noqa: PTH123  # one line of it
            password = opened.readline().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise PreflightRefused(f"não consegui ler a senha em {file}", "confira owner_password_file") from error
    if not password:
        raise PreflightRefused(f"{file} está vazio", "escreva a senha na primeira linha")
    return password


def _objects(lines: Sequence[str]) -> list[dict[str, Any]]:
    found = []
    for line in lines:
        try:
            told = json.loads(line)
        except ValueError:
            continue
        if isinstance(told, dict):
            found.append(told)
    return found
