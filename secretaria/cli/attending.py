"""secretaria conversations: what a person does with a conversation; the same functions as the panel's."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

import typer

from secretaria.cli.tail import Handoff, Intent, Mode, Reveal, Sentiment, now, opened, tail

if TYPE_CHECKING:
    from sqlmodel import Session

    from secretaria.bootstrap import Installation

LONGEST_ID = 18
Named = Annotated[str, typer.Argument(metavar="ID", help="Número da conversa na lista, ou o telefone com DDD.")]
Perhaps = Annotated[str | None, typer.Argument(metavar="[ID]", help="Só esta conversa (padrão: todas).")]
Words = Annotated[str | None, typer.Argument(metavar="[TEXTO]", help="O texto; sem ele, da entrada ou do editor.")]
Force = Annotated[bool, typer.Option("--force", help="Também se estiver com outra pessoa.")]
Request = Annotated[
    str | None, typer.Option("--request", metavar="CÓDIGO", help="Repetido, não escreve de novo (padrão: um novo).")
]
Json = Annotated[bool, typer.Option("--json", help="JSON, uma linha por resultado.")]


def list_(
    search: Annotated[
        str, typer.Argument(metavar="[BUSCA]", help="Nome, telefone inteiro ou parte do que foi dito.")
    ] = "",
    mode: Mode = None,
    intent: Intent = None,
    sentiment: Sentiment = None,
    handoff: Handoff = None,
    since: Annotated[
        str | None, typer.Option(metavar="QUANDO", help="Só com fala desde: 30m, 12h, 7d ou data.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="Quantas, no máximo.")] = 50,
    as_json: Json = False,
) -> None:
    """Lista as conversas: primeiro quem espera uma pessoa, há mais tempo; depois as últimas faladas."""
    from secretaria.attending.board import Filters, list_conversations
    from secretaria.cli.console import say
    from secretaria.cli.conversation_screen import show_board
    from secretaria.cli.moments import moment_of
    from secretaria.cli.queue_screen import zone_of
    from secretaria.database.transaction import transaction

    begin = None if since is None else moment_of(since, now())
    parts = opened()
    filters = Filters(search, mode, intent, sentiment, begin, None, handoff)
    with transaction(parts.engine) as session:
        rows = list_conversations(session, filters, limit)
    show_board(rows, zone_of(parts), parts.clock.now(), as_json=as_json)
    if not rows:
        say("nenhuma conversa")
    elif len(rows) == limit:
        say(f"só as primeiras {limit}; veja mais com --limit")


def show(
    conversation: Named,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Quantas falas, as últimas.")] = 50,
    as_json: Json = False,
    reveal: Reveal = False,
) -> None:
    """Mostra uma conversa: falas e envios, o que é lembrado, o recado da secretária e as anotações."""
    from secretaria.attending.record import conversation_named, number_of, open_record
    from secretaria.cli.conversation_screen import show_record
    from secretaria.cli.queue_screen import zone_of
    from secretaria.database.transaction import transaction

    parts = opened(reveal=reveal)
    with transaction(parts.engine) as session:
        identifier = conversation_named(session, conversation)
        record = open_record(session, identifier, now=parts.clock.now(), limit=limit)
        number = number_of(session, identifier) if reveal else record.number
    show_record(record, zone_of(parts), number, as_json=as_json)


def take(conversation: Named) -> None:
    """Assume uma conversa: a secretária se cala nela, e o que ela ainda não disse não sai."""
    from secretaria.attending import holding
    from secretaria.cli.installed import operator

    parts = opened()
    _do(parts, conversation, lambda session, one: holding.take(session, one, operator(), parts.clock.now()), "assumida")


def release(conversation: Named, force: Force = False) -> None:
    """Devolve uma conversa à secretária, que saberá o que foi dito."""
    from secretaria.attending import holding
    from secretaria.cli.installed import operator

    parts = opened()
    _do(
        parts,
        conversation,
        lambda session, one: holding.release(session, one, operator(), parts.clock.now(), force=force),
        "devolvida",
    )


def close(conversation: Named, force: Force = False) -> None:
    """Encerra o assunto de uma conversa, e o ticket no Whaticket; o que vier depois começa do zero, com a secretária."""
    from secretaria.attending import holding
    from secretaria.attending.closing import close_tickets
    from secretaria.attending.record import number_of
    from secretaria.cli.console import say
    from secretaria.cli.installed import operator
    from secretaria.database.transaction import transaction

    parts = opened()
    identifier = _do(
        parts,
        conversation,
        lambda session, one: holding.close(session, one, operator(), parts.clock.now(), force=force),
        "encerrada",
    )
    with transaction(parts.engine) as session:
        number = number_of(session, identifier)
    if not close_tickets(parts.panel, number):
        say("o ticket no Whaticket ficou como está: feche-o lá, se estiver aberto")


def reply(conversation: Named, text: Words = None, request: Request = None) -> None:
    """Escreve ao cliente como pessoa, e assume a conversa; o texto vem do argumento, da entrada ou do editor."""
    from secretaria.attending.writing import write_as_person
    from secretaria.cli.installed import operator

    words = _text(text)
    parts = opened()
    _do(
        parts,
        conversation,
        lambda session, one: write_as_person(
            session,
            parts.publisher,
            one,
            words,
            by=operator(),
            now=parts.clock.now(),
            request_id=request or str(uuid4()),
        ),
        "a caminho",
    )


def note(conversation: Named, text: Words = None) -> None:
    """Deixa uma anotação para a equipe; nem o cliente nem o modelo a veem."""
    from secretaria.attending.writing import add_note
    from secretaria.cli.installed import operator

    words = _text(text)
    parts = opened()
    _do(
        parts,
        conversation,
        lambda session, one: add_note(session, one, words, by=operator(), now=parts.clock.now()),
        "anotado",
    )


def pause(conversation: Perhaps = None) -> None:
    """Cala a secretária, numa conversa ou em todas; vale na hora, também para respostas em andamento."""
    from secretaria.attending import holding
    from secretaria.cli.installed import operator

    parts = opened()
    if conversation is None:
        _do_for_all(parts, lambda session: holding.pause_all(session, operator(), parts.clock.now()), "pausada")
    else:
        _do(
            parts,
            conversation,
            lambda session, one: holding.pause(session, one, operator(), parts.clock.now()),
            "pausada",
        )


def resume(conversation: Perhaps = None) -> None:
    """Devolve a palavra à secretária, numa conversa pausada ou em todas."""
    from secretaria.attending import holding
    from secretaria.cli.installed import operator

    parts = opened()
    if conversation is None:
        _do_for_all(parts, lambda session: holding.resume_all(session, operator(), parts.clock.now()), "retomada")
    else:
        _do(
            parts,
            conversation,
            lambda session, one: holding.resume(session, one, operator(), parts.clock.now()),
            "retomada",
        )


def explain(
    what: Annotated[
        str,
        typer.Argument(metavar="ID", help="m:<número> balão, t:<número> rodada, ou a conversa: sua última resposta."),
    ],
    as_json: Json = False,
) -> None:
    """Diz por que a secretária respondeu isso: fontes, conferências, modelo, custo, tempo por passo."""
    from secretaria.attending.explaining import explain_turn, last_answer
    from secretaria.attending.record import conversation_named
    from secretaria.cli.explanation_screen import show_explanation
    from secretaria.cli.queue_screen import zone_of
    from secretaria.database.transaction import transaction

    kind, _, key = what.strip().partition(":")
    numbered = key.isascii() and key.isdigit() and len(key) <= LONGEST_ID
    parts = opened()
    with transaction(parts.engine) as session:
        if kind == "m" and numbered:
            told = explain_turn(session, message_id=int(key))
        elif kind == "t" and numbered:
            told = explain_turn(session, turn_id=int(key))
        else:
            told = explain_turn(session, turn_id=last_answer(session, conversation_named(session, what)))
    show_explanation(told, zone_of(parts), as_json=as_json)


def register(app: typer.Typer) -> None:
    """Put the commands into the group they belong to."""
    for name, command in (
        ("tail", tail), ("list", list_), ("show", show), ("take", take), ("reply", reply), ("note", note),
        ("release", release), ("close", close), ("explain", explain), ("pause", pause), ("resume", resume),
    ):  # fmt: skip
        app.command(name)(command)


def _do(parts: "Installation", named: str, act: "Callable[[Session, int], object]", done: str) -> int:
    from secretaria.attending.record import conversation_named
    from secretaria.cli.console import say
    from secretaria.database.transaction import transaction

    with transaction(parts.engine) as session:
        conversation_id = conversation_named(session, named)
        changed = act(session, conversation_id)
    say(f"conversa {conversation_id}: {done if changed is not False else 'nada a mudar'}")
    return conversation_id


def _do_for_all(parts: "Installation", act: "Callable[[Session], bool]", done: str) -> None:
    from secretaria.cli.console import say
    from secretaria.database.transaction import transaction

    with transaction(parts.engine) as session:
        changed = act(session)
    say(f"secretária {done} em todas as conversas" if changed else f"a secretária já estava {done}")


def _text(argument: str | None) -> str:
    """Return what to write: the argument, what is piped in, or what a person types into their editor."""
    if argument is not None and argument != "-":
        return argument
    if argument == "-" or not sys.stdin.isatty():
        return sys.stdin.read()
    from secretaria.cli.editor import edited

    return edited("", "mensagem.txt")
