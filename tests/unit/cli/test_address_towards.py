"""The look-alike Whaticket of an examination listens where the workers reach it."""

from __future__ import annotations

import pytest

from secretaria.cli.end_to_end import address_towards


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://secretaria@/secretaria?host=/tmp/engine",
        "postgresql://secretaria:x@127.0.0.1:5432/secretaria",
        "postgresql://secretaria:x@localhost/secretaria",
    ],
)
def test_a_database_of_this_machine_means_loopback(url: str) -> None:
    """A socket and the names of loopback keep the look-alike on this machine."""
    assert address_towards(url) == "127.0.0.1"
