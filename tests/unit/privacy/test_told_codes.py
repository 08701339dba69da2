"""Codes of log lines take a shorter way to the same mask."""

from __future__ import annotations

import pytest

from secretaria.privacy import mask_fields, mask_text, mask_told


@pytest.mark.parametrize(
    "told",
    [
        "event_filed",
        "gpt-4.1-mini",
        "worker",
        "sk-4f9a8c1e7b2d6a3f5e0c9d8b7a6f5e4d",
        "zilda.c",
        "fone20900000101",
        "52998224725",
    ],
)
def test_the_short_way_masks_what_the_long_one_does(told: str) -> None:
    """The first time and every later one."""
    assert [mask_told(told), mask_told(told)] == [mask_text(told)] * 2


def test_a_number_among_codes_is_hidden() -> None:
    """A code that ends in somebody's number is no code."""
    assert "20900000101" not in str(mask_fields({"state": "fone 20900000101", "reason": "fone.20900000101"}))


def test_only_the_id_of_an_event_passes_under_its_name() -> None:
    """Whatever else stands there is masked like any text."""
    event = "01a230d5-e541-72fb-8e13-753dc5821cd4"
    told = mask_fields({"correlation_id": event, "process": f"{event} 20900000101"})
    assert told["correlation_id"] == event
    assert "20900000101" not in str([told, mask_fields({"correlation_id": "20900000101"})])
