"""secretaria eval: how good she is, measured; and whether a change made it worse."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from secretaria.cli import eval_cases
from secretaria.cli.eval_replay import replay

if TYPE_CHECKING:
    from datetime import date

    from secretaria.evaluation.labelled import OnTurn
    from secretaria.evaluation.results import SuiteResult
    from secretaria.llm.pricing import PriceList

app = typer.Typer(no_args_is_help=True, help="Avaliação: conversas rotuladas, modelo adversário e comparações.")

app.command("replay")(replay)
app.add_typer(eval_cases.app, name="cases")

Json = Annotated[bool, typer.Option("--json", help="Um objeto JSON com o resultado.")]


class Suite(StrEnum):
    """What can be run."""

    ORACLE = "oracle"
    ADVERSARY = "adversary"
    REPLAY = "replay"
    CUSTOMER = "customer"


@app.callback()
def group() -> None:
    """Avaliação: conversas rotuladas, modelo adversário e comparações."""


@app.command()
def run(
    suite: Annotated[
        Suite,
        typer.Option(
            help="oracle: tudo menos o modelo, contra os rótulos; adversary: um modelo que diz o que não pode;"
            " replay: o modelo configurado, contra os rótulos; customer: clientes simulados (cenarios/*.yaml)."
        ),
    ],
    business: Annotated[
        Path | None, typer.Option(metavar="PASTA", help="Pasta do negócio (padrão: a da configuração).")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="PASTA", help="Grava resultados.jsonl e relatorio.html nesta pasta.")
    ] = None,
    trials: Annotated[int, typer.Option(min=1, max=20, help="Quantas vezes cada conversa (replay, customer).")] = 1,
    limit_usd: Annotated[float, typer.Option(min=0, help="Custo máximo em dólares (replay, customer).")] = 1.0,
    scripted: Annotated[
        bool, typer.Option("--scripted", help="Com customer: cliente e modelo seguem o roteiro do cenário, sem custo.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Roda uma avaliação em um banco próprio, que some no fim; sai com 1 se algo não foi como esperado."""
    from contextlib import ExitStack

    from loguru import logger

    from secretaria.cli import eval_screen

    logger.remove()  # what the pipeline says of invented customers is not what was asked for
    folder = business or _configured_folder()
    with ExitStack() as stack:
        hear, report = eval_screen.hearing(stack, out, quiet=as_json)
        result = _run(suite, folder, hear, trials, limit_usd, scripted=scripted)
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


def _run(suite: Suite, folder: Path, hear: "OnTurn", trials: int, limit_usd: float, *, scripted: bool) -> "SuiteResult":
    from secretaria.evaluation.adversary import run_adversary
    from secretaria.evaluation.labelled import Bench
    from secretaria.evaluation.oracle import run_oracle
    from secretaria.evaluation.scratch import scratch_database

    if suite is Suite.REPLAY:
        return _run_replay(folder, hear, trials, limit_usd)
    if suite is Suite.CUSTOMER:
        return _run_customers(folder, hear, trials, limit_usd, scripted=scripted)
    with scratch_database() as engine:
        bench = Bench(engine, folder, hear)
        return run_oracle(bench) if suite is Suite.ORACLE else run_adversary(bench)


def _run_replay(folder: Path, hear: "OnTurn", trials: int, limit_usd: float) -> "SuiteResult":
    from secretaria.cli.eval_model import paid_chat
    from secretaria.evaluation.labelled import Bench, asked_of_model, run_labelled
    from secretaria.evaluation.scratch import scratch_database
    from secretaria.evaluation.spending import estimate_usd
    from secretaria.settings import load_settings
    from secretaria.simulation.rhythm import load_conversations

    settings = load_settings()
    asked = asked_of_model(load_conversations(folder)) * trials

    def estimate(prices: "PriceList", model: str, on: "date") -> float:
        return estimate_usd(prices, model, asked, on)

    capped = paid_chat(settings, limit_usd, asked=asked, estimate=estimate)
    with scratch_database() as engine:
        return run_labelled(Bench(engine, folder, hear), capped, settings.llm.model, trials)


def _run_customers(folder: Path, hear: "OnTurn", trials: int, limit_usd: float, *, scripted: bool) -> "SuiteResult":
    from secretaria.cli.eval_model import paid_chat
    from secretaria.evaluation.dialogues import estimate_customers, run_customers, run_scripted
    from secretaria.evaluation.labelled import Bench
    from secretaria.evaluation.scenarios import load_scenarios
    from secretaria.evaluation.scratch import scratch_database
    from secretaria.settings import load_settings

    scenarios = load_scenarios(folder)
    if scripted:
        with scratch_database() as engine:
            return run_scripted(Bench(engine, folder, hear), scenarios)
    settings = load_settings()

    def estimate(prices: "PriceList", model: str, on: "date") -> float:
        return estimate_customers(prices, model, scenarios, trials, on)

    capped = paid_chat(settings, limit_usd, asked=len(scenarios) * trials, what="conversas com", estimate=estimate)
    with scratch_database() as engine:
        return run_customers(Bench(engine, folder, hear), capped, settings.llm.model, scenarios, trials)


def _configured_folder() -> Path:
    from secretaria.settings import load_settings

    return load_settings().business.folder
