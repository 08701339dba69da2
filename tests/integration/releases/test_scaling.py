"""How many containers run is changed while nobody else changes the installation, and who did it is noted."""

from __future__ import annotations

import pytest

from secretaria.errors import LockHeld
from secretaria.releases.lock import held
from secretaria.releases.scaling import scale
from tests.recorded_installation import Installation


def test_containers_are_added_beside_those_that_run(shop: Installation) -> None:
    """And the audit says how many there were before, and who it was."""
    (before,) = [one["Id"] for one in shop.engine["containers"] if one["service"] == "worker"]
    scale(shop.host(), {"worker": 3})
    after = [one["Id"] for one in shop.engine["containers"] if one["service"] == "worker"]
    assert (len(after), before in after) == (3, True)
    assert shop.engine["notes"][-1] == ["worker", "1", "3", "dora@loja"]


def test_nothing_is_scaled_while_somebody_publishes(shop: Installation) -> None:
    """A release counts what runs, and would bring back another number."""
    host = shop.host()
    with held(host.lock, "rui@loja", "publicação"), pytest.raises(LockHeld):
        scale(host, {"worker": 3})
    assert shop.versions("worker") == ["0.1.1"]


def test_what_could_not_be_noted_is_told(shop: Installation) -> None:
    """The containers run all the same."""
    shop.change_engine(faults=["releases scaled"])
    scale(shop.host(), {"worker": 2})
    assert len(shop.versions("worker")) == 2
    assert shop.told[-1].startswith("aviso: a auditoria não foi escrita")
