"""secretaria audit: who did what, when and from where."""

from typing import Annotated

import typer

LONG_NUMBER = 12  # with the country in front


def audit(
    since: Annotated[str, typer.Option(metavar="QUANDO", help="Desde: 30m, 12h, 7d ou AAAA-MM-DD.")] = "",
    actor: Annotated[str, typer.Option(metavar="QUEM", help="Só desta conta (começo do nome basta).")] = "",
    action: Annotated[str, typer.Option(metavar="AÇÃO", help="Só estas ações, como queue ou queue.dropped.")] = "",
    number: Annotated[
        str,
        typer.Option(
            metavar="NÚMERO", help="Só o que diz respeito a esta pessoa; mostra também a marca dela nos logs."
        ),
    ] = "",
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Quantas, no máximo.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="JSON, uma linha por registro.")] = False,
) -> None:
    """Mostra quem fez o quê, quando, de onde, e o que mudou; o mais recente primeiro."""
    from secretaria.audit.trail import read_trail
    from secretaria.cli.console import print_json, say
    from secretaria.cli.installed import open_installation
    from secretaria.cli.moments import moment_of

    installation = open_installation()
    begin = moment_of(since, installation.clock.now()) if since else None
    subject = _subject(number) if number else None
    entries = read_trail(installation.engine, since=begin, actor=actor, action=action, subject=subject, limit=limit)
    if as_json:
        for entry in entries:
            print_json(entry.model_dump(mode="json"))
        return
    if not entries:
        say("nada registrado")
        return
    _show(entries)


def _subject(number: str) -> str:
    """Find a person by the hash under which the audit knows them, and say how the logs call them."""
    from secretaria.cli.console import say
    from secretaria.privacy import keyed_hash
    from secretaria.whaticket.numbers import identity_key, person_mark

    digits = "".join(filter(str.isdigit, number))
    whole = digits if len(digits) >= LONG_NUMBER else f"55{digits}"
    say(f"nos logs, esta pessoa é contact={person_mark(whole)}")
    return keyed_hash(identity_key(whole))


def _show(entries: list) -> None:  # type: ignore[type-arg]  # of AuditEntry, which the import above would make slow
    from rich.table import Table

    from secretaria.cli.console import paper

    table = Table(box=None, pad_edge=False)
    for title in ("quando (UTC)", "quem", "de onde", "ação", "o quê", "antes", "depois"):
        table.add_column(title, overflow="fold")
    for entry in entries:
        changes = (_told(entry.before), _told(entry.after))
        table.add_row(f"{entry.at:%Y-%m-%d %H:%M:%S}", entry.actor, entry.place, entry.action, entry.target, *changes)
    paper().print(table)


def _told(values: dict[str, object] | None) -> str:
    return ", ".join(f"{name}={value}" for name, value in (values or {}).items())
