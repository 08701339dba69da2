"""On a compose host, commands that need the database run in a container of this installation, as if they ran here.

They replace this process, so exit code, signals and the terminal are the container's own. Most get a container for
themselves: it may hold files of the host, it ends with its command, and it takes no memory of the service that customers
wait for. Only what looks at the service itself runs inside that.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from secretaria.machine.commands import Compose

FORWARDED = frozenset(
    {
        "agenda",
        "attendants",
        "audit",
        "conversations",
        "doctor",
        "eval",
        "inbox",
        "incident",
        "knowledge",
        "migrate",
        "queue",
        "rehearse",
        "retention",
        "simulate",
        "status",
    }
)
AS_OWNER = frozenset({"migrate", "rehearse"})
BESIDE_THE_SERVICE = frozenset({"doctor", "simulate"})
CONFIG_OPTIONS = ("--config", "-c")
HELP_OPTIONS = ("--help", "-h")
VERBOSE = ("-v", "--verbose")
BROUGHT = Path("/host")  # where files of the host stand in the container
SERVICE = "api"
PASSED_PREFIX, PASSED = "SECRETARIA__", ("NO_COLOR", "SECRETARIA_OPERATOR")


@dataclass(frozen=True)
class ComposeHost:
    """An installation whose database only its containers reach.

    Attributes:
        folder: Where its files lie.
        compose: Its project.
    """

    folder: Path
    compose: Compose


def forward(arguments: Sequence[str]) -> None:
    """Run a command where the database is, in place of this process; return where it is to run here.

    Args:
        arguments: The command line, without the program's name.

    Raises:
        PreflightRefused: Docker is missing.
        UsageInvalid: A file that was named cannot be brought along.
    """
    own = list(arguments[: arguments.index("--")]) if "--" in arguments else list(arguments)
    command, config = _command(own)
    if command is None or command not in FORWARDED or any(option in own for option in HELP_OPTIONS):
        return
    host = compose_host(config)
    if host is None:
        return
    rest = [word for word in own[own.index(command) :] if word not in VERBOSE]
    verbose = [word for word in own if word in VERBOSE]
    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    _become(container_command(host, [*rest, *arguments[len(own) :]], flags=verbose, terminal=terminal), host.folder)


def compose_host(config: str | None = None) -> ComposeHost | None:
    """Return the compose project that holds the database; None where this process reaches the database itself.

    Args:
        config: The secretaria.toml in use; by default what ``SECRETARIA_CONFIG`` names, or the one of this folder.
    """
    path = Path(config or os.environ.get("SECRETARIA_CONFIG") or "secretaria.toml")
    if os.environ.get("DATABASE_URL") or not path.is_file():
        return None
    import tomllib

    try:
        told = tomllib.loads(path.read_text(encoding="utf-8")).get("deploy", {})
    except (OSError, ValueError):
        return None  # the command itself says what is wrong with the file
    engine = os.environ.get("SECRETARIA__DEPLOY__ENGINE") or (told.get("engine") if isinstance(told, dict) else None)
    if engine != "compose":
        return None
    from secretaria.machine.commands import Compose, named_env_file
    from secretaria.settings import env_file_of, load_settings

    settings = load_settings(path)
    if settings.secrets.database_url.get_secret_value():
        return None
    folder, env_file = path.absolute().parent, env_file_of(path.absolute())
    return ComposeHost(
        folder, Compose(settings.deploy.project, settings.deploy.files, named_env_file(folder, env_file))
    )


def container_command(
    host: ComposeHost, command: Sequence[str], *, flags: Sequence[str] = (), terminal: bool
) -> list[str]:
    """Return the argument list that runs a command in a container.

    Args:
        host: The installation.
        command: Name and arguments.
        flags: What stands before the command.
        terminal: Whether a person sits at both ends.

    Raises:
        UsageInvalid: A file that was named cannot be brought along.
    """
    from secretaria.cli.installed import OPERATOR_VARIABLE, operator_name

    told = {OPERATOR_VARIABLE: operator_name()}
    passed = [name for name in os.environ if name in PASSED or name.startswith(PASSED_PREFIX)]
    environment = [part for name, value in told.items() for part in ("--env", f"{name}={value}")]
    environment += [part for name in passed if name not in told for part in ("--env", f"{name}={os.environ[name]}")]
    without_terminal = [] if terminal else ["-T"]
    if command[0] in BESIDE_THE_SERVICE and _service_runs(host):
        return list(
            host.compose.command("exec", *without_terminal, *environment, SERVICE, "secretaria", *flags, *command)
        )
    rewritten, mounts = brought_along(command)
    user: list[str] = []
    if mounts:
        owner = next(iter(mounts)).stat()  # so that the files may be read there, and what is written belongs to them
        user = ["--user", f"{owner.st_uid}:{owner.st_gid}"]
    volumes = [part for path in mounts for part in ("--volume", f"{path}:{BROUGHT}{path}")]
    options = ["--rm", "--no-deps", *without_terminal, *user, *volumes, *environment]
    from secretaria.machine.commands import OWNER

    service = OWNER if command[0] in AS_OWNER else SERVICE
    return list(host.compose.command("run", *options, service, *flags, *rewritten))


def brought_along(command: Sequence[str]) -> tuple[list[str], dict[Path, None]]:
    """Find the files and folders that a command names, and where they stand in the container.

    Returns:
        The command with their places in the container, and what must be mounted for it, in order.

    Raises:
        UsageInvalid: The folder in which something is to be written does not exist, or has a colon in its name.
    """
    import typer.main

    from secretaria.cli.app import app
    from secretaria.errors import UsageInvalid

    rewritten, mounts = list(command), dict[Path, None]()
    for option, path, typed in _paths(typer.main.get_command(app), list(command)):
        place = path.expanduser().absolute()
        mounted = place if place.exists() else place.parent
        if not mounted.exists():
            raise UsageInvalid(f"{place.parent} não existe", "crie a pasta antes; o comando roda num contêiner")
        if ":" in str(mounted):
            raise UsageInvalid(f"o Docker não aceita dois-pontos em {mounted}", "use outra pasta")
        mounts[mounted] = None
        if typed:
            rewritten = [_moved(argument, str(path), f"{BROUGHT}{place}") for argument in rewritten]
        else:
            rewritten += [option, f"{BROUGHT}{place}"]
    return rewritten, mounts


def _paths(command: object, words: list[str]) -> list[tuple[str, Path, bool]]:
    """Return option, path and whether it was typed, of every parameter of a command that is a path."""
    from typing import Any

    found: Any = command
    while words and words[0] in getattr(found, "commands", {}):
        found = found.commands[words.pop(0)]
    if getattr(found, "commands", None):
        return []
    context = found.make_context("", words, resilient_parsing=True)
    paths = []
    for parameter in found.params:
        value = context.params.get(parameter.name)
        typed = context.get_parameter_source(parameter.name).name == "COMMANDLINE"
        listed = value if isinstance(value, list | tuple) else [value]
        paths += [(parameter.opts[0], one, typed) for one in listed if isinstance(one, Path) and str(one) != "-"]
    return paths


def _moved(argument: str, path: str, place: str) -> str:
    name, equals, value = argument.partition("=")
    if equals and name.startswith("--") and _same(value, path):
        return f"{name}={place}"
    return place if _same(argument, path) else argument


def _same(argument: str, path: str) -> bool:
    return not argument.startswith("-") and argument != "" and str(Path(argument)) == path


def _command(arguments: Sequence[str]) -> tuple[str | None, str | None]:
    """Return the command and the configuration file that stands before it."""
    config: str | None = None
    words = iter(arguments)
    for word in words:
        if word in CONFIG_OPTIONS:
            config = next(words, None)
        elif word.startswith("--config="):
            config = word.partition("=")[2]
        elif not word.startswith("-"):
            return word, config
    return None, config


def _service_runs(host: ComposeHost) -> bool:
    from secretaria.machine.runner import CommandFailed, Runner

    try:
        asked = host.compose.command("ps", "--quiet", "--status", "running", SERVICE)
        return bool(Runner(host.folder).run(asked, seconds=30).output.strip())
    except CommandFailed:
        return False


def _become(argv: list[str], folder: Path) -> NoReturn:
    from secretaria.machine.runner import ProgramMissing

    os.chdir(folder)
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        os.execvp(argv[0], argv)  # noqa: S606  # no shell, and nothing of ours is left to do
    except FileNotFoundError as error:
        raise ProgramMissing(argv[0]) from error
