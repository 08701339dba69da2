"""The plan of a release says what it will do, and nothing that it will not."""

from __future__ import annotations

from pathlib import Path

import pytest

from secretaria.releases.host import Host
from secretaria.releases.plan import Facts, steps_of
from secretaria.releases.switching import Replicas
from secretaria.settings import DeploySection


@pytest.mark.parametrize(("stamped", "verbs"), [(True, ["merge", "tag", "push"]), (False, [])])
def test_only_a_new_version_is_marked_and_pushed(*, stamped: bool, verbs: list[str]) -> None:
    """One that has its tag already changes nothing in git."""
    deploy = DeploySection.model_validate({"engine": "compose", "project": "shop", "remote": "origin"})
    host = Host(Path("/loja"), Path("/loja/home"), deploy, Path("/loja/.env"), "dora@loja")
    facts = Facts("0.1.2", "0.1.1", "abc", stamped=stamped, replicas=Replicas(1, 1), engines=())
    assert [argv[1] for argv in steps_of(host, facts)[-1].commands] == verbs
