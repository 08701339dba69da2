"""The tasks of a stack are read although Swarm forgets some of them meanwhile."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from secretaria.machine.runner import CommandFailed, Ran
from secretaria.releases.containers import EngineSilent, tasks_of
from secretaria.releases.host import Host


def host_of(listed: list[str]) -> Host:
    """Return a machine whose service lists these tasks, one answer a time, each of which is gone when it is looked at."""

    def run(argv: tuple[str, ...], **_: Any) -> Ran:  # noqa: ANN401  # the runner's options
        if argv[:2] == ("docker", "inspect"):
            raise CommandFailed(argv, 1, ["[]", "Error response from daemon: task velha not found"])
        return Ran("loja_api" if argv[:3] == ("docker", "service", "ls") else listed.pop(0), 0.0)

    runner = SimpleNamespace(run=run)
    return cast("Host", SimpleNamespace(runner=lambda: runner, deploy=SimpleNamespace(project="loja")))


def test_a_task_forgotten_after_the_list_is_listed_no_more() -> None:
    """The next list is looked at instead."""
    assert tasks_of(host_of(["velha", ""]), "api") == []


def test_tasks_that_are_always_gone_are_told() -> None:
    """It is not looked for ever."""
    with pytest.raises(EngineSilent):
        tasks_of(host_of(["velha"] * 3), "api")
