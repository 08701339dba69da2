"""secretaria queue: what waits in the three queues, the story of each row, and what an operator may do about it."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from secretaria.replies.interventions import InterventionRoom

app = typer.Typer(no_args_is_help=True, help="Filas: o que espera, desde quando, por quê, e o que fazer.")

Json = Annotated[bool, typer.Option("--json", help="JSON, uma linha por resultado.")]
Row = Annotated[str, typer.Argument(metavar="ID", help="e:<uuid> evento, t:<número> rodada, o:<número> envio.")]
Queues = Annotated[list[str] | None, typer.Argument(metavar="[FILA]...", help="inbox, turns, outbox (padrão: todas).")]


@app.callback()
def group() -> None:
    """Filas: o que espera, desde quando, por quê, e o que fazer."""


@app.command()
def stats(as_json: Json = False) -> None:
    """Conta o que está aberto ou precisa de alguém, por fila; diz a idade do mais antigo e o que está pausado."""
    from secretaria.cli import queue_screen
    from secretaria.cli.installed import open_installation
    from secretaria.replies.backlog import read_stats

    installation = open_installation()
    queue_screen.show_stats(read_stats(installation.engine, installation.clock.now()), as_json=as_json)


@app.command("list")
def list_rows(
    queue: Annotated[str | None, typer.Option(metavar="FILA", help="Só esta: inbox, turns ou outbox.")] = None,
    state: Annotated[str | None, typer.Option(metavar="ESTADO", help="Só este estado, como held ou parked.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Quantos, no máximo.")] = 50,
    as_json: Json = False,
) -> None:
    """Lista o que ainda não chegou ao fim: primeiro o que precisa de alguém, depois o que espera há mais tempo."""
    from secretaria.cli import queue_screen
    from secretaria.cli.console import say
    from secretaria.cli.installed import open_installation
    from secretaria.replies.backlog import list_standing

    installation = open_installation()
    standing = list_standing(installation.engine, queue=queue, state=state, limit=limit)
    queue_screen.show_standing(standing, queue_screen.zone_of(installation), as_json=as_json)
    if not standing:
        say("nada espera")
    elif len(standing) == limit:
        say(f"só os primeiros {limit}; veja mais com --limit")


@app.command()
def show(
    row: Row,
    text: Annotated[bool, typer.Option("--text", help="Mostra também o que foi escrito.")] = False,
    as_json: Json = False,
) -> None:
    """Conta a história inteira de um evento, uma rodada ou um envio, em ordem."""
    from secretaria.audit.trail import note_alone
    from secretaria.cli import queue_screen
    from secretaria.cli.installed import open_installation, operator
    from secretaria.replies.references import parse_reference
    from secretaria.replies.story import tell_story

    reference = parse_reference(row)
    installation = open_installation()
    if text:
        note_alone(installation.engine, operator(), "text.revealed", str(reference), at=installation.clock.now())
    story = tell_story(installation.engine, reference)
    queue_screen.show_story(story, queue_screen.zone_of(installation), with_text=text, as_json=as_json)


@app.command()
def retry(
    row: Row,
    arrived: Annotated[
        bool, typer.Option("--arrived", help="Não reenvia: o envio incerto já chegou ao cliente.")
    ] = False,
) -> None:
    """Põe de volta um evento retido (parked) ou um envio parado (held, dead)."""
    from secretaria.cli.console import say
    from secretaria.replies import interventions
    from secretaria.replies.references import parse_reference

    reference = parse_reference(row)
    if arrived:
        interventions.confirm_arrived(_room(), reference)
        say(f"{reference}: anotado que já chegou")
    else:
        interventions.retry(_room(), reference)
        say(f"{reference}: de volta à fila")


@app.command()
def drop(
    row: Row,
    yes: Annotated[bool, typer.Option("--yes", help="Não pergunta.")] = False,
) -> None:
    """Desiste de um evento retido (parked) ou de um envio parado (held, unconfirmed, dead)."""
    from secretaria.cli.confirmation import confirm
    from secretaria.cli.console import say
    from secretaria.replies.interventions import drop as give_up
    from secretaria.replies.references import parse_reference

    reference = parse_reference(row)
    confirm(f"desistir de {reference}? Um evento perde o que o cliente escreveu.", yes=yes)
    give_up(_room(), reference)
    say(f"{reference}: ninguém mais vai olhar")


@app.command()
def pause(queues: Queues = None) -> None:
    """Pausa filas em todos os workers: o que chega é guardado e espera."""
    from secretaria.cli.console import say
    from secretaria.cli.installed import open_installation, operator, operator_name
    from secretaria.queue.pauses import pause_queue
    from secretaria.replies.references import chosen_queues

    chosen = chosen_queues(queues or [])
    installation = open_installation()
    for queue in chosen:
        fresh = pause_queue(
            installation.engine, queue, by=operator_name(), now=installation.clock.now(), actor=operator()
        )
        say(f"{queue}: {'pausada' if fresh else 'já estava pausada'}")


@app.command()
def resume(queues: Queues = None) -> None:
    """Retoma filas pausadas; o que esperava volta a andar em alguns segundos."""
    from secretaria.cli.console import say
    from secretaria.cli.installed import open_installation, operator
    from secretaria.queue.pauses import resume_queue
    from secretaria.replies.references import chosen_queues

    chosen = chosen_queues(queues or [])
    installation = open_installation()
    for queue in chosen:
        resumed = resume_queue(installation.engine, queue, now=installation.clock.now(), actor=operator())
        say(f"{queue}: {'retomada' if resumed else 'não estava pausada'}")


@app.command()
def drain(
    queues: Queues = None,
    timeout: Annotated[float, typer.Option(min=0, metavar="S", help="Quantos segundos esperar.")] = 60.0,
    as_json: Json = False,
) -> None:
    """Espera até nada estar aberto nem a caminho; sai com 1 e o que resta se o tempo acabar."""
    from secretaria.cli import queue_screen
    from secretaria.cli.console import say
    from secretaria.cli.installed import open_installation
    from secretaria.replies.backlog import read_stats, wait_until_idle
    from secretaria.replies.references import chosen_queues

    chosen = chosen_queues(queues or [])
    installation = open_installation()
    for known in read_stats(installation.engine, installation.clock.now()):
        if known.queue in chosen and known.paused_at is not None:
            say(f"{known.queue}: está pausada, o que houver nela não anda")
    left = wait_until_idle(installation.engine, chosen, timeout_seconds=timeout)
    if left:
        queue_screen.show_left(left, as_json=as_json)
        raise typer.Exit(1)
    say("nada aberto, nada a caminho")


def _room() -> "InterventionRoom":
    from secretaria.cli.installed import open_installation, operator
    from secretaria.replies.interventions import InterventionRoom

    installation = open_installation()
    return InterventionRoom(installation.engine, installation.publisher, installation.clock, operator())
