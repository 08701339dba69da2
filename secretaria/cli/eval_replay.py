"""secretaria eval replay: recorded conversations answered again, under another business, persona, model or program."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from contextlib import ExitStack
    from datetime import date

    from secretaria.bootstrap import Installation
    from secretaria.evaluation.again import Change
    from secretaria.evaluation.recorded import Archive, Listed
    from secretaria.llm.pricing import PriceList


class Answers(StrEnum):
    """Whose answers are taken."""

    RECORDED = "recorded"
    MODEL = "model"


def replay(
    since: Annotated[
        str, typer.Option(metavar="QUANDO", help="Desde quando: 12h, 7d ou uma data (com --kept, sem isto: todos).")
    ] = "",
    kept: Annotated[bool, typer.Option("--kept", help="Só o que virou teste, contra o que se esperava.")] = False,
    business: Annotated[
        Path | None, typer.Option(metavar="PASTA", help="Responde por esta pasta, no lugar da versão gravada.")
    ] = None,
    persona: Annotated[
        str, typer.Option(metavar="VERSÃO", help="Responde com a persona desta versão (secretaria knowledge versions).")
    ] = "",
    model: Annotated[str, typer.Option(metavar="MODELO", help="Pergunta a este modelo, no lugar do configurado.")] = "",
    answers: Annotated[
        Answers | None,
        typer.Option(
            help="recorded: as respostas gravadas do modelo, sem custo (padrão quando nada muda);"
            " model: pergunta ao modelo de novo (padrão quando algo muda)."
        ),
    ] = None,
    limit_usd: Annotated[float, typer.Option(min=0, help="Custo máximo em dólares.")] = 1.0,
    out: Annotated[
        Path | None, typer.Option(metavar="PASTA", help="Grava resultados.jsonl e relatorio.html nesta pasta.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Um objeto JSON com o resultado.")] = False,
) -> None:
    """Responde de novo conversas gravadas e mostra o que seria decidido diferente; nada é enviado nem alterado.

    A consulta fica na auditoria, números e documentos saem mascarados. Sai com 1 se alguma decisão muda. Sem opções, relê as respostas gravadas: toda decisão tem que sair igual.
    """
    from contextlib import ExitStack

    from loguru import logger

    from secretaria.audit.trail import note_alone
    from secretaria.cli import eval_screen
    from secretaria.cli.installed import open_installation, operator
    from secretaria.cli.moments import moment_of
    from secretaria.errors import UsageInvalid
    from secretaria.evaluation.recorded import Archive
    from secretaria.evaluation.repeating import run_again

    if business is not None and persona:
        raise UsageInvalid("--business e --persona não andam juntas", "escolha uma: a pasta já traz a persona")
    if model and answers is Answers.RECORDED:
        raise UsageInvalid("--model pergunta a um modelo; --answers recorded não", "tire uma das duas")
    logger.remove()  # what the pipeline says while it answers again is not what was asked for
    installation = open_installation()
    archive = Archive(installation.engine)
    now = installation.clock.now()
    begun = None if kept and not since else moment_of(since or "7d", now)
    listed = archive.list(begun, kept_only=kept)
    with ExitStack() as stack:
        asks = answers is Answers.MODEL or (answers is None and bool(business or persona or model))
        change = _change(stack, installation, archive, listed, business, persona, model, asks=asks, limit=limit_usd)
        hear, report = eval_screen.hearing(stack, out, quiet=as_json)
        asked = (model or installation.settings.llm.model) if asks else ""
        told = {"turns": len(listed), "change": change.name}
        note_alone(archive.engine, operator(), "recordings.replayed", "gravações", at=now, after=told)
        result = run_again(archive, listed, change, on_turn=hear, model=asked)
        page = report.close_with(result) if report is not None else None
    eval_screen.show_result(result, page, as_json=as_json)
    if not result.passed:
        raise typer.Exit(1)


def _change(
    stack: "ExitStack",
    installation: "Installation",
    archive: "Archive",
    listed: "list[Listed]",
    business: Path | None,
    persona: str,
    model: str,
    *,
    asks: bool,
    limit: float,
) -> "Change":
    """Prepare what is other than when it was recorded; a large base is published in a database of its own."""
    from secretaria.cli.eval_model import paid_chat
    from secretaria.evaluation.again import Change
    from secretaria.evaluation.repeating import estimate_again
    from secretaria.evaluation.scratch import scratch_business

    name, spoken, folder, base = "gravado", None, None, None
    if business is not None:
        name = business.resolve().name
        folder, base = stack.enter_context(scratch_business(business, installation.clock.now()))
    elif persona:
        name, spoken = f"persona da versão {persona}", archive.persona(persona)
    chat = None
    if asks:

        def estimate(prices: "PriceList", named: str, on: "date") -> float:
            return estimate_again(prices, named, listed, on)

        chat = paid_chat(installation.settings, limit, model=model, asked=len(listed), estimate=estimate)
    return Change(name, chat, folder, base, spoken)
