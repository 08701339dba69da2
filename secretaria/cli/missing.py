"""secretaria knowledge missing: what customers asked in vain, and the answer that makes the base grow."""

import sys
from typing import Annotated

import typer

app = typer.Typer(help="Perguntas que ficaram sem resposta.")

Json = Annotated[bool, typer.Option("--json", help="JSON, uma linha por resultado.")]
Question = Annotated[int, typer.Argument(metavar="ID", help="Número da pergunta.")]
MARK = "<!--"


@app.callback(invoke_without_command=True)
def list_questions(
    context: typer.Context,
    closed: Annotated[bool, typer.Option("--all", help="Também as respondidas e as dispensadas.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Quantas, no máximo.")] = 50,
    as_json: Json = False,
) -> None:
    """Lista as perguntas sem resposta, a mais feita primeiro; com answer ou dismiss, cuida de uma."""
    if context.invoked_subcommand is not None:
        return
    from secretaria.cli import knowledge_screen
    from secretaria.cli.console import say
    from secretaria.cli.installed import open_installation
    from secretaria.cli.queue_screen import zone_of
    from secretaria.database.transaction import transaction
    from secretaria.knowledge.missing import list_missing
    from secretaria.knowledge.models import MissingState

    installation = open_installation()
    with transaction(installation.engine) as session:
        questions = list_missing(session, states=tuple(MissingState) if closed else (MissingState.OPEN,), limit=limit)
    knowledge_screen.show_questions(questions, zone_of(installation), as_json=as_json)
    if not questions:
        say("nenhuma pergunta sem resposta")


@app.command()
def answer(
    question: Question,
    text: Annotated[
        str | None, typer.Argument(metavar="[TEXTO]", help="A resposta; - lê da entrada; sem ela, abre o editor.")
    ] = None,
    title: Annotated[str, typer.Option(metavar="TÍTULO", help="Título da unidade (padrão: a própria pergunta).")] = "",
    as_json: Json = False,
) -> None:
    """Responde uma vez: a resposta vira uma unidade da base, em versão nova, e a pergunta se encerra."""
    from secretaria.cli import knowledge_screen
    from secretaria.cli.installed import open_installation, operator
    from secretaria.database.transaction import transaction
    from secretaria.knowledge.missing import answer_once, show_question

    installation = open_installation()
    with transaction(installation.engine) as session:
        asked = show_question(session, question).asked
    answered = answer_once(
        installation.engine,
        question,
        _answer(text, asked),
        by=operator(),
        now=installation.clock.now(),
        title=title,
    )
    knowledge_screen.show_change(answered.change, as_json=as_json)


@app.command()
def dismiss(question: Question) -> None:
    """Dispensa uma pergunta: ela não volta à lista, mesmo que a façam de novo."""
    from secretaria.cli.console import say
    from secretaria.cli.installed import open_installation, operator
    from secretaria.knowledge.missing import dismiss as put_away

    installation = open_installation()
    put_away(installation.engine, question, by=operator(), now=installation.clock.now())
    say(f"pergunta {question} dispensada")


def _answer(text: str | None, asked: str) -> str:
    """Take the answer from the argument, from standard input, or from an editor that shows the question."""
    from secretaria.cli.editor import FROM_INPUT, edited
    from secretaria.errors import UsageInvalid

    if text == FROM_INPUT or (text is None and not sys.stdin.isatty()):
        return sys.stdin.read()
    if text is not None:
        return text
    answer = edited(f"\n\n{MARK} Escreva acima a resposta a: {asked} -->\n", "resposta.md").partition(MARK)[0].strip()
    if not answer:
        raise UsageInvalid(
            "nenhuma resposta foi escrita; nada foi alterado", "secretaria knowledge missing answer ID TEXTO"
        )
    return answer
