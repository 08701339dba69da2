"""Indicadores: how the attending goes, in numbers read from the rows themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Any

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from secretaria.attendants.roles import Role
from secretaria.bootstrap import Installation
from secretaria.database.transaction import transaction
from secretaria.replies.figures import DayFigures, Figures, Period, read_figures
from secretaria.web.access import for_role
from secretaria.web.panel.formats import MICROS
from secretaria.web.panel.showing import Http, show, zone_of
from secretaria.web.panel.spreadsheet import written_csv

PERIODS = {"1": "Hoje", "7": "7 dias", "30": "30 dias", "90": "90 dias"}
USUAL = "30"
HEADER = (
    "dia", "conversas", "sem pessoa", "transferências", "sentimento (-1 a 1)",
    "satisfeitos (disseram)", "insatisfeitos (disseram)", "satisfeitos (inferido)", "insatisfeitos (inferido)",
    "custo do modelo (US$)",
)  # fmt: skip
Days = Annotated[str, QueryParameter(max_length=10)]


@get("/painel/indicadores", sync_to_thread=True, **for_role(Role.VIEWER))
def show_indicators(request: Http, installation: NamedDependency[Installation], dias: Days = USUAL) -> Response[str]:
    """Show today, or the last days with their course."""
    days = dias if dias in PERIODS else USUAL
    figures = _figures(installation, days)
    return show(request, "indicators.html", figures=figures, days=days, periods=PERIODS, charts=_charts(figures.days))


@get("/painel/indicadores.csv", sync_to_thread=True, media_type="text/csv", **for_role(Role.VIEWER))
def download_indicators(installation: NamedDependency[Installation], dias: Days = USUAL) -> Response[str]:
    """Hand the same days to a spreadsheet."""
    days = dias if dias in PERIODS else USUAL
    rows = [
        (
            day.day, day.conversations, day.alone, day.handoffs, day.sentiment,
            day.said.satisfied, day.said.unsatisfied, day.inferred.satisfied, day.inferred.unsatisfied,
            day.cost_micros / MICROS,
        )
        for day in _figures(installation, days).days
    ]  # fmt: skip
    name = f"indicadores-{rows[-1][0]:%Y-%m-%d}-{days}-dias.csv"
    return Response(
        written_csv(HEADER, rows),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _figures(installation: Installation, days: str) -> Figures:
    zone = zone_of(installation)
    today = installation.clock.now().astimezone(zone).date()
    period = Period(today - timedelta(days=int(days) - 1), today, zone)
    with transaction(installation.engine) as session:
        return read_figures(session, period)


def _charts(days: Sequence[DayFigures]) -> Mapping[str, Mapping[str, Any]]:
    """Say what the script draws; the page holds the same as a table."""
    labels = [f"{day.day:%d/%m}" for day in days]
    return {
        "conversations": {
            "labels": labels,
            "bars": True,
            "series": [
                {
                    "name": "com pessoa",
                    "values": [day.conversations for day in days],
                    "shown": [day.conversations - day.alone for day in days],
                    "ink": "--chart-2",
                },
                {"name": "sem pessoa", "values": [day.alone for day in days], "ink": "--chart-1"},
            ],
        },
        "sentiment": {
            "labels": labels,
            "range": [-1, 1],
            "series": [{"name": "sentimento", "values": [day.sentiment for day in days], "ink": "--chart-1"}],
        },
        "cost": {
            "labels": labels,
            "bars": True,
            "series": [{"name": "US$", "values": [day.cost_micros / MICROS for day in days], "ink": "--chart-3"}],
        },
    }


routes = (show_indicators, download_indicators)
