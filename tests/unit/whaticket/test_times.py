"""The many ways in which forks print a moment."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from secretaria.whaticket.payload import read_payload
from secretaria.whaticket.times import read_time

MOMENT = datetime(2025, 11, 2, 16, 37, 40, tzinfo=UTC)
SECONDS = 1762101460


@pytest.mark.parametrize(
    "value",
    [
        SECONDS,
        float(SECONDS),
        str(SECONDS),
        f" {SECONDS} ",
        f"{SECONDS}.0",
        SECONDS * 1000,
        str(SECONDS * 1000),
        {"low": SECONDS, "high": 0, "unsigned": True},
        {"low": SECONDS, "high": 0},
        {"low": SECONDS * 1000 % 2**32, "high": SECONDS * 1000 // 2**32, "unsigned": False},
        {"low": SECONDS * 1000 % 2**32 - 2**32, "high": SECONDS * 1000 // 2**32, "unsigned": False},
        "2025-11-02T16:37:40.000Z",
        "2025-11-02T13:37:40-03:00",
        "2025-11-02 16:37:40",
    ],
)
def test_every_printed_form_is_the_same_moment(value: object) -> None:
    """Seconds, milliseconds, texts, Long objects and ISO texts are read as one moment in UTC."""
    moment = read_time(value)
    assert moment == MOMENT
    assert moment is not None
    assert moment.tzinfo is UTC


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        "",
        "ontem",
        "1e9",
        "1_762_101_460",
        "١٧٦٢١٠١٤٦٠",
        0,
        "0",
        -5,
        10**40,
        10**400,
        float("nan"),
        float("inf"),
        [],
        {},
        {"low": "1", "high": 0},
        {"low": True, "high": 0},
        {"low": 1, "high": 2**70},
        {"low": SECONDS, "high": -1},
        {"type": "Buffer", "data": [105, 7, 137, 84]},
        "0001-01-01T00:00:00+14:00",
        "2025-13-01T00:00:00Z",
    ],
)
def test_unusable_times_leave_the_arrival_time(value: object) -> None:
    """What is no moment is None, never an error."""
    assert read_time(value) is None


def test_above_ten_to_the_eleventh_is_milliseconds() -> None:
    """The border itself still counts seconds."""
    assert read_time(10**11) == datetime(5138, 11, 16, 9, 46, 40, tzinfo=UTC)
    assert read_time(10**11 + 1) == datetime(1973, 3, 3, 9, 46, 40, 1000, tzinfo=UTC)


@pytest.mark.parametrize(
    "payload",
    [
        {"key": {"id": "1"}, "messageTimestamp": SECONDS},
        {"message": {"key": {"id": "1"}, "messageTimestamp": str(SECONDS)}},
        {"message": {"id": {}, "timestamp": SECONDS}, "timestamp": 5},
        {"message": {"id": {}}, "timestamp": SECONDS * 1000},
        {"mensagem": {"createdAt": "2025-11-02T16:37:40.000Z"}},
        {"number": "5520900000101", "timestamp": SECONDS},
        {"number": "5520900000101", "createdAt": "2025-11-02T16:37:40.000Z"},
    ],
)
def test_each_shape_has_its_field_for_the_time(payload: dict[str, object]) -> None:
    """The time is read where each shape puts it, also for what is ignored."""
    (reading,) = read_payload(payload)
    assert reading.sent_at == MOMENT
