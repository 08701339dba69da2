"""secretaria logs: the lines of all processes together, and a message's whole story among them."""

import sys
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
SHOWN_BEFORE = ("time", "level", "process", "message", "where")
NOBODY = "-"


def logs(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ARQUIVO]...", help="Registros a ler; - lê a entrada padrão (padrão: os desta máquina)."
        ),
    ] = None,
    conversation: Annotated[
        str, typer.Option(metavar="ID", help="Só a história desta conversa (número), ou deste evento (e:<uuid>).")
    ] = "",
    level: Annotated[str, typer.Option(metavar="NÍVEL", help="Deste nível para cima: INFO, WARNING, ERROR.")] = "",
    since: Annotated[str, typer.Option(metavar="QUANDO", help="Desde: 30m, 12h, 7d ou AAAA-MM-DD.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="As linhas como foram escritas.")] = False,
) -> None:
    """Mostra o registro de todos os processos, em ordem, ou a história inteira de uma conversa."""
    from secretaria.cli.console import paper, print_json, say
    from secretaria.cli.moments import moment_of
    from secretaria.clock import SystemClock

    lowest = _level(level)
    begin = moment_of(since, SystemClock().now()) if since else None
    found = [line for line in _read(files or []) if _is_wanted(line, lowest, begin)]
    if conversation:
        found = story(found, conversation.removeprefix("e:"))
    for line in sorted(found, key=lambda one: str(one["time"])):
        if as_json:
            print_json(line)
        else:
            paper().print(_told(line), markup=False, soft_wrap=True)
    if not found:
        say("nenhuma linha; o registro desta máquina fica em SECRETARIA_HOME/logs ([log] kept_megabytes)")


def story(lines: list[dict[str, Any]], wanted: str) -> list[dict[str, Any]]:
    """Return the lines of one conversation or event: what carries its number, and what carries the ids of those lines."""
    of_it = [line for line in lines if wanted in {str(line.get("conversation_id")), str(line.get("correlation_id"))}]
    ids = {line.get("correlation_id") for line in of_it} - {None, NOBODY}
    return [line for line in lines if line in of_it or line.get("correlation_id") in ids]


def _read(files: list[str]) -> Iterable[dict[str, Any]]:
    from secretaria.log_files import kept_lines, parsed
    from secretaria.settings import load_settings

    if not files:
        yield from kept_lines(load_settings().home / "logs")
    for name in files:
        if name == "-":
            yield from parsed(sys.stdin)
            continue
        try:
            with Path(name).open(encoding="utf-8", errors="replace") as file:
                yield from parsed(file)
        except OSError as error:
            from secretaria.errors import UsageInvalid

            raise UsageInvalid(f"não consigo ler {name}: {error.strerror}", "confira o caminho") from error


def _level(written: str) -> int:
    from secretaria.errors import UsageInvalid
    from secretaria.validation import nearest

    name = written.upper() or LEVELS[0]
    if name not in LEVELS:
        raise UsageInvalid(f"nível desconhecido: {written}{nearest(name, LEVELS)}", f"há {', '.join(LEVELS)}")
    return LEVELS.index(name)


def _is_wanted(line: Mapping[str, Any], lowest: int, begin: datetime | None) -> bool:
    if line["level"] in LEVELS and LEVELS.index(line["level"]) < lowest:
        return False
    if begin is None:
        return True
    try:
        return datetime.fromisoformat(str(line["time"])) >= begin
    except ValueError:
        return False


def _told(line: Mapping[str, Any]) -> str:
    rest = " ".join(f"{name}={value}" for name, value in line.items() if name not in SHOWN_BEFORE and value is not None)
    return f"{line['time']} {line['level']:<7} {line.get('process', NOBODY):<6} {line['message']} {rest}"
