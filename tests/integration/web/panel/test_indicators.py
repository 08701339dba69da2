"""Indicadores: every period, and the same for a spreadsheet."""

from __future__ import annotations

import pytest

from tests.integration.web.panel.conftest import Browser


@pytest.mark.parametrize("days", ["1", "30", "0", "9999999", "x' OR 1=1"])
def test_a_period_is_one_of_those_offered(browser: Browser, days: str) -> None:
    """Anything else is the usual one."""
    browser.enter("vera")
    page = browser.get(f"/painel/indicadores?dias={days}")
    assert page.status_code == 200
    assert ("data-chart" in page.text) == (days != "1")


def test_the_same_days_open_in_a_spreadsheet(browser: Browser) -> None:
    """As a file of its own."""
    browser.enter("vera")
    answer = browser.get("/painel/indicadores.csv?dias=7")
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="indicadores-')
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert len(answer.text.splitlines()) == 8
