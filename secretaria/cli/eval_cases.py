"""secretaria eval cases: recorded turns that somebody kept, with what should come of them."""

from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Turnos gravados que viraram teste, para eval replay --kept.")

Turn = Annotated[int, typer.Argument(metavar="TURNO", help="Número do turno gravado.")]


@app.callback()
def group() -> None:
    """Turnos gravados que viraram teste, para eval replay --kept."""


@app.command("list")
def list_kept(
    as_json: Annotated[bool, typer.Option("--json", help="Um objeto JSON por linha.")] = False,
) -> None:
    """Lista o que virou teste, o mais novo primeiro."""
    from dataclasses import asdict

    from rich.table import Table

    from secretaria.audit.trail import note_alone
    from secretaria.cli.console import paper, print_json, say
    from secretaria.cli.installed import open_installation, operator
    from secretaria.database.transaction import transaction
    from secretaria.privacy import mask_text
    from secretaria.replies.cases import list_cases

    installation = open_installation()
    with transaction(installation.engine) as session:
        cases = list_cases(session)
    note_alone(installation.engine, operator(), "cases.listed", "testes", at=installation.clock.now())
    table = Table("turno", "cliente", "resposta", "o que se esperava", "por quem")
    for case in cases:
        said, answered = (mask_text(" / ".join(texts)) for texts in (case.said, case.bubbles))
        if as_json:
            print_json({**asdict(case), "said": said, "bubbles": answered})
        else:
            table.add_row(str(case.turn_id), said, answered, mask_text(case.expected.note), case.kept_by)
    if not cases:
        say("nada virou teste ainda: secretaria eval cases keep TURNO --note '…'")
    elif not as_json:
        paper().print(table)


@app.command()
def keep(
    turn: Turn,
    note: Annotated[str, typer.Option("--note", metavar="TEXTO", help="O que se esperava, em uma frase.")],
    handoff: Annotated[
        bool | None, typer.Option("--handoff/--no-handoff", help="Se uma pessoa tinha que ser chamada.")
    ] = None,
    silent: Annotated[bool | None, typer.Option("--silent/--answered", help="Se nada devia ser dito.")] = None,
    says: Annotated[
        list[str] | None, typer.Option("--says", metavar="TRECHO", help="Tem que dizer (repetível).")
    ] = None,
    never_says: Annotated[
        list[str] | None, typer.Option("--never-says", metavar="TRECHO", help="Não pode dizer (repetível).")
    ] = None,
) -> None:
    """Faz de um turno gravado um teste; só com a nota, vale a decisão como foi gravada."""
    from secretaria.cli.console import say
    from secretaria.cli.installed import open_installation, operator
    from secretaria.database.transaction import transaction
    from secretaria.replies.cases import Expected, keep_as_case

    installation = open_installation()
    expected = Expected(note, handoff, silent, tuple(says or ()), tuple(never_says or ()))
    with transaction(installation.engine) as session:
        keep_as_case(session, turn, expected, by=operator(), now=installation.clock.now())
    say(f"o turno {turn} virou teste; rode: secretaria eval replay --kept")


@app.command()
def drop(turn: Turn) -> None:
    """Tira um turno dos testes; a gravação segue o prazo das outras."""
    from secretaria.cli.console import say
    from secretaria.cli.installed import open_installation, operator
    from secretaria.database.transaction import transaction
    from secretaria.replies.cases import drop_case

    installation = open_installation()
    with transaction(installation.engine) as session:
        drop_case(session, turn, by=operator(), now=installation.clock.now())
    say(f"o turno {turn} não é mais teste")
