"""The check on labels finds what it is there for: it must not pass because it looks at nothing."""

from __future__ import annotations

import pytest

from tests.labels import label_values, personal

EXPOSITION = """\
# TYPE secretaria_example_total counter
secretaria_example_total{{status="accepted",who="{who}"}} 1.0
# TYPE secretaria_seconds histogram
secretaria_seconds_bucket{{le="0.005"}} 1.0
"""


@pytest.mark.parametrize(
    "who",
    ["5520900000101", "+55 20 90000-0101", "20900000101", "529.982.247-25", "ana@exemplo.com.br", "52998224725"],
)
def test_a_number_a_document_and_an_address_are_found(who: str) -> None:
    """As they come, and as people write them."""
    assert set(personal(label_values(EXPOSITION.format(who=who)))) == {who}


def test_a_name_is_found_by_its_canary() -> None:
    """No mask knows a name; the test that invented it does."""
    assert personal(label_values(EXPOSITION.format(who="zilda c.")), ["Zilda"]) == {"zilda c.": "canary"}


def test_words_of_closed_sets_are_nobody() -> None:
    """Statuses, jobs and addresses of programs pass."""
    assert personal({"accepted", "inbox.file", "llm:127.0.0.1:8081:gpt-4.1-mini", "2.31.0", "/livez"}) == {}
