"""The dashboards are what their module says, and lie on Grafana's grid without covering one another."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from docker.grafana import dashboards

GRAFANA = Path(__file__).parents[2] / "docker/grafana"
GRID = 24


def read(uid: str) -> dict[str, Any]:
    """Return a dashboard as Grafana reads it."""
    shown: dict[str, Any] = json.loads((GRAFANA / f"dashboards/{uid}.json").read_text(encoding="utf-8"))
    return shown


@pytest.mark.parametrize("uid", dashboards.DASHBOARDS)
def test_file_is_what_the_module_writes(uid: str) -> None:
    """Nobody edited a file by hand; to write them again: python docker/grafana/dashboards.py."""
    assert (GRAFANA / f"dashboards/{uid}.json").read_text(encoding="utf-8") == dashboards.written(uid)


def test_the_three_of_the_mission_are_there() -> None:
    """Under the names that the owner was promised, and no file beside them."""
    titles = [read(file.stem)["title"] for file in sorted((GRAFANA / "dashboards").glob("*"))]
    assert titles == ["Atendimento em Tempo Real", "Infraestrutura", "Qualidade de IA"]


@pytest.mark.parametrize("uid", dashboards.DASHBOARDS)
def test_panels_stand_side_by_side(uid: str) -> None:
    """No two cover the same field of the grid, and each has an id and a query of its own."""
    panels = read(uid)["panels"]
    fields = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(set(fields)) == len(fields)
    assert all(0 <= x < GRID for x, _ in fields)
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert all(panel["targets"] for panel in panels)
