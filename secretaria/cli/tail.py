"""secretaria conversations tail: what happens, live; and the options that the commands beside it share."""

import sys
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from secretaria.bootstrap import Installation

Reveal = Annotated[bool, typer.Option("--reveal", help="Mostra números inteiros; fica na auditoria.")]
Mode = Annotated[str | None, typer.Option(metavar="MODO", help="Só neste modo: automatic, waiting, attended, paused.")]
Intent = Annotated[str | None, typer.Option("--intent", metavar="INTENÇÃO", help="Só rodadas lidas assim, como preco.")]
Sentiment = Annotated[int | None, typer.Option(min=-1, max=1, help="Só rodadas lidas assim: -1, 0 ou 1.")]
Handoff = Annotated[
    str | None, typer.Option(metavar="MOTIVO", help="Só o que passou para uma pessoa, por este motivo ou any.")
]


def tail(
    number: Annotated[str | None, typer.Argument(metavar="[NÚMERO]", help="Só deste telefone ou conversa.")] = None,
    since: Annotated[str, typer.Option(metavar="QUANDO", help="Desde quando mostrar: 10m, 2h, 1d.")] = "10m",
    after: Annotated[str | None, typer.Option(metavar="CURSOR", help="Continua depois deste ponto do JSON.")] = None,
    intent: Intent = None,
    sentiment: Sentiment = None,
    mode: Mode = None,
    handoff: Handoff = None,
    grep: Annotated[str | None, typer.Option(metavar="PADRÃO", help="Só falas que o contêm.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="JSON, uma linha por acontecimento (padrão num pipe).")
    ] = False,
    reveal: Reveal = False,
) -> None:
    """Acompanha as conversas ao vivo: --> cliente, <-- secretária, <== pessoa, !! recusa ou falha."""
    from secretaria.attending.record import conversation_named, conversations_of
    from secretaria.attending.timeline import Told, Viewer, wanted
    from secretaria.cli.console import paper
    from secretaria.cli.conversation_screen import told_json, told_line
    from secretaria.cli.following import follow
    from secretaria.cli.moments import moment_of
    from secretaria.cli.queue_screen import zone_of
    from secretaria.database.transaction import transaction

    begin = moment_of(since, now())
    asked = wanted(None, mode=mode, intention=intent, sentiment=sentiment, handoff=handoff, grep=grep)
    parts = opened(reveal=reveal)
    if number is not None:
        with transaction(parts.engine) as session:
            chosen = conversations_of(session, number) or [conversation_named(session, number)]
        asked = wanted(chosen, mode=mode, intention=intent, sentiment=sentiment, handoff=handoff, grep=grep)
    console, zone = paper(), zone_of(parts)

    def show(told: Told) -> None:
        if as_json or not sys.stdout.isatty():
            sys.stdout.write(told_json(told, reveal=reveal) + "\n")
            return
        line = told_line(told, zone, reveal=reveal)
        if line is not None:
            console.print(line, soft_wrap=True)

    follow(parts, Viewer(asked), show, since=begin, after=after)


def now() -> datetime:
    """Return the present moment, before any installation is opened."""
    from secretaria.clock import SystemClock

    return SystemClock().now()


def opened(*, reveal: bool = False) -> "Installation":
    """Find the installation; that whole numbers will be seen is noted first."""
    from secretaria.audit.trail import note_alone
    from secretaria.cli.installed import open_installation, operator

    parts = open_installation()
    if reveal:
        note_alone(parts.engine, operator(), "numbers.revealed", "conversations", at=parts.clock.now())
    return parts
