"""A CSV that a spreadsheet shows as it is."""

from __future__ import annotations

from datetime import date

import pytest

from secretaria.web.panel.spreadsheet import written_csv


@pytest.mark.parametrize("cell", ["=1+1", "+55", "-2", "@SUM(A1)", "\t=1", "\r=1", "=cmd|'/c calc'!A1"])
def test_what_a_spreadsheet_would_calculate_is_text(cell: str) -> None:
    """A quote stands in front of it."""
    written = written_csv(["a"], [[cell]])
    assert f"'{cell}" in written


def test_values_are_written_as_a_brazilian_spreadsheet_reads_them() -> None:
    """Semicolons, decimal commas, days first; what is unknown is empty, and a negative number is a number."""
    written = written_csv(["dia", "x", "y", "z"], [[date(2026, 11, 25), -0.5, None, "a;b"]])
    assert written == '\ufeffdia;x;y;z\r\n25/11/2026;-0,5;;"a;b"\r\n'
