"""Rows become a CSV that a Brazilian spreadsheet opens by a double click, and that cannot make it calculate; pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date

BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")
BYTE_ORDER_MARK = "\ufeff"  # without it Excel reads accents wrongly

Cell = str | int | float | date | None


def written_csv(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """Write a table; text that a spreadsheet would take for a formula gets a quote in front (requirement R62)."""
    paper = io.StringIO()
    sheet = csv.writer(paper, delimiter=";", lineterminator="\r\n")
    sheet.writerow(header)
    sheet.writerows([_cell(value) for value in row] for row in rows)
    return BYTE_ORDER_MARK + paper.getvalue()


def _cell(value: Cell) -> str:
    if value is None:
        return ""
    if isinstance(value, date):
        return f"{value:%d/%m/%Y}"
    if isinstance(value, float):
        return f"{value:.4f}".rstrip("0").rstrip(".").replace(".", ",")
    if isinstance(value, int):
        return str(value)
    return f"'{value}" if value.startswith(BEGINS_A_FORMULA) else value
