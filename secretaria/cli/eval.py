"""secretaria eval: how good she is, measured; and whether a change made it worse."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from secretaria.evaluation.labelled import OnTurn
    from secretaria.evaluation.results import SuiteResult

app = typer.Typer(no_args_is_help=True, help="Avaliação: conversas rotuladas, modelo adversário e comparações.")

Json = Annotated[bool, typer.Option("--json", help="Um objeto JSON com o resultado.")]


class Suite(StrEnum):
    """What can be run."""

    ORACLE = "oracle"
    ADVERSARY = "adversary"
    REPLAY = "replay"


@app.callback()
def group() -> None:
    """Avaliação: conversas rotuladas, modelo adversário e comparações."""


@app.command()
def run(
    suite: Annotated[
        Suite,
        typer.Option(
            help="oracle: tudo menos o modelo, contra os rótulos; adversary: um modelo que diz o que não pode;"
            " replay: o modelo configurado, contra os rótulos."
        ),
    ],
    business: Annotated[
        Path | None, typer.Option(metavar="PASTA", help="Pasta do negócio (padrão: a da configuração).")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="PASTA", help="Grava resultados.jsonl e relatorio.html nesta pasta.")
    ] = None,
    trials: Annotated[int, typer.Option(min=1, max=20, help="Quantas vezes cada conversa (replay).")] = 1,
    limit_usd: Annotated[float, typer.Option(min=0, help="Custo máximo em dólares (replay).")] = 1.0,
    as_json: Json = False,
) -> None:
    """Roda uma avaliação em um banco próprio, que some no fim; sai com 1 se algo não foi como esperado."""
    from contextlib import ExitStack

    from loguru import logger

    from secretaria.cli import eval_screen
    from secretaria.evaluation.report import Report

    logger.remove()  # what the pipeline says of invented customers is not what was asked for
    folder = business or _configured_folder()
    with ExitStack() as stack:
        report = stack.enter_context(Report(out)) if out is not None else None
        progress = stack.enter_context(eval_screen.Progress(quiet=as_json))

        def hear(result: object) -> None:
            from secretaria.evaluation.results import TurnResult

            if isinstance(result, TurnResult):
                progress.step(result)
                if report is not None:
                    report.add(result)

        result = _run(suite, folder, hear, trials, limit_usd)
        page = report.close_with(result) if report is not None else None
    eval_screen.show_result(result, page, as_json=as_json)
    if not result.passed:
        raise typer.Exit(1)


@app.command()
def compare(
    first: Annotated[Path, typer.Argument(metavar="A", help="Pasta (ou resultados.jsonl) da rodada anterior.")],
    second: Annotated[Path, typer.Argument(metavar="B", help="Pasta (ou resultados.jsonl) da rodada nova.")],
    as_json: Json = False,
) -> None:
    """Lista os turnos que mudaram de uma rodada para a outra; sai com 1 se algum piorou."""
    from secretaria.cli import eval_screen
    from secretaria.evaluation.comparing import compare as flips_between
    from secretaria.evaluation.report import read_lines

    flips = flips_between(read_lines(first), read_lines(second))
    eval_screen.show_flips(flips, as_json=as_json)
    if any(flip.change == "broken" for flip in flips):
        raise typer.Exit(1)


def _run(suite: Suite, folder: Path, hear: OnTurn, trials: int, limit_usd: float) -> SuiteResult:
    from secretaria.evaluation.adversary import run_adversary
    from secretaria.evaluation.labelled import Bench
    from secretaria.evaluation.oracle import run_oracle
    from secretaria.evaluation.scratch import scratch_database

    if suite is Suite.REPLAY:
        return _run_replay(folder, hear, trials, limit_usd)
    with scratch_database() as engine:
        bench = Bench(engine, folder, hear)
        return run_oracle(bench) if suite is Suite.ORACLE else run_adversary(bench)


def _run_replay(folder: Path, hear: OnTurn, trials: int, limit_usd: float) -> SuiteResult:
    from pydantic import SecretStr

    from secretaria.bootstrap import Installation
    from secretaria.cli.console import say
    from secretaria.evaluation.labelled import Bench, asked_of_model, run_labelled
    from secretaria.evaluation.scratch import scratch_database
    from secretaria.evaluation.spending import CappedChat, estimate_usd
    from secretaria.llm.pricing import PriceList
    from secretaria.settings import load_settings, require
    from secretaria.simulation.rhythm import load_conversations

    settings = load_settings()
    require(settings, ["LLM_API_KEY"])
    alone = {
        "database_url": SecretStr(""),
        "redis_url": SecretStr(""),
    }  # neither its budget nor its breakers are touched
    secrets = settings.secrets.model_copy(update=alone)
    installation = Installation(settings.model_copy(update={"secrets": secrets}))
    today, prices, llm = installation.clock.now().date(), PriceList(settings.budget.prices), settings.llm
    asked = asked_of_model(load_conversations(folder)) * trials
    estimate = estimate_usd(prices, llm.model, asked, today)
    say(f"{asked} respostas de {llm.model}: custo estimado US$ {estimate:.2f}, limite US$ {limit_usd:.2f}")
    capped = CappedChat(installation.chat, prices, llm.model, limit_usd, today, llm.max_output_tokens)
    with scratch_database() as engine:
        return run_labelled(Bench(engine, folder, hear), capped, llm.model, trials)


def _configured_folder() -> Path:
    from secretaria.settings import load_settings

    return load_settings().business.folder
