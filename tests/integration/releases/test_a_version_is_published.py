"""A release on a real checkout and a recorded engine: what stands afterwards, and what a failure leaves."""

from __future__ import annotations

import pytest

from secretaria.errors import GateFailed, PreflightRefused, SecretariaError
from secretaria.releases.deploying import ContractRefused, VersionRefused
from secretaria.releases.hooks import HookRefused
from secretaria.releases.lock import held
from tests.recorded_installation import Installation

NEW_TABLE = {
    "revision": "0002_more",
    "kind": "expand",
    "does": "cria a tabela",
    "breaks": [],
    "reversible": True,
    "loses": [],
}


def test_first_version_comes_after_the_one_in_the_program(fresh_shop: Installation) -> None:
    """Nothing is tagged yet, so the program's own file counts."""
    assert fresh_shop.deploy().version == "0.1.1"


@pytest.mark.parametrize(("part", "version"), [("patch", "0.1.2"), ("minor", "0.2.0"), ("major", "1.0.0")])
def test_numbers_move_on_from_the_tags(shop: Installation, part: str, version: str) -> None:
    """What is smaller than the part that moves begins anew."""
    assert shop.deploy(part).version == version  # type: ignore[arg-type]  # a parameter is a str


def test_version_runs_everywhere_and_nothing_else_does(shop: Installation) -> None:
    """Also where several containers of a service ran before."""
    shop.deploy()
    assert (shop.versions("api"), shop.versions("worker")) == (["0.1.2"], ["0.1.2"])


def test_release_is_marked_and_in_step(fresh_shop: Installation) -> None:
    """Tag, program, changelog, dashboards and .env all say the same version."""
    fresh_shop.deploy()
    told = {name: fresh_shop.git("show", f"v0.1.1:{name}") for name in ("secretaria/__init__.py", "CHANGELOG.md")}
    assert '__version__ = "0.1.1"' in told["secretaria/__init__.py"]
    assert "## [Unreleased]\n\n## [0.1.1] - " in told["CHANGELOG.md"]
    assert '"v0.1.1"' in fresh_shop.git("show", "v0.1.1:docker/grafana/dashboards/calm.json")
    assert (fresh_shop.folder / "checkout/.env").read_text(encoding="utf-8").endswith("SECRETARIA_VERSION=0.1.1\n")
    assert fresh_shop.git("rev-parse", "main") == fresh_shop.git("rev-parse", "v0.1.1^{commit}")


def test_release_is_noted_and_audited(shop: Installation) -> None:
    """In the ledger of the machine, and by the version that runs in the database."""
    release = shop.deploy()
    assert shop.ledger[1:] == [release]
    assert (release.outcome, release.migration_head, release.backup) == ("released", "0001_first", "backups/copy.tar")
    assert [one["version"] for one in shop.engine["notes"]] == ["0.1.1", "0.1.2"]


def test_image_that_cannot_be_built_leaves_nothing(shop: Installation) -> None:
    """Neither tag nor commit, and nobody was touched."""
    before, containers = shop.git("rev-parse", "main"), shop.engine["containers"]
    shop.change_engine(faults=["build"])
    with pytest.raises(SecretariaError):
        shop.deploy()
    assert (shop.tags(), shop.git("rev-parse", "main")) == (["v0.1.1"], before)
    assert shop.engine["containers"] == containers
    assert shop.ledger[-1].outcome == "failed"


def test_last_lines_of_what_failed_are_told(shop: Installation) -> None:
    """Nobody has to look for them."""
    shop.change_engine(faults=["build"])
    with pytest.raises(SecretariaError):
        shop.deploy()
    assert "   | ERROR: could not find a version that satisfies the requirement" in shop.told


def test_image_that_does_not_pass_is_never_switched_to(shop: Installation) -> None:
    """Its answers differ, so it exits 5 before anything of it serves."""
    shop.change_engine(faults=["rehearse"])
    with pytest.raises(VersionRefused):
        shop.deploy()
    assert shop.versions("api") == ["0.1.1"]
    assert "secretaria:0.1.2" not in shop.engine["images"]


def test_migration_that_fails_goes_back(shop: Installation) -> None:
    """The version before never stopped; no tag is left."""
    shop.change_engine(faults=["migrate.half"])
    with pytest.raises(GateFailed):
        shop.deploy()
    assert (shop.versions("api"), shop.tags(), shop.ledger[-1].outcome) == (["0.1.1"], ["v0.1.1"], "went_back")


@pytest.mark.parametrize("fault", ["crash.api", "crash.worker", "healthcheck", "doctor", "releases watch"])
def test_version_that_does_not_prove_itself_goes_back(shop: Installation, fault: str) -> None:
    """It crashes, is never ready, answers nothing or makes errors: the one before runs again, and alone."""
    shop.change_engine(faults=[f"{fault}:0.1.2"])
    with pytest.raises(GateFailed):
        shop.deploy()
    assert (shop.versions("api"), shop.versions("worker")) == (["0.1.1"], ["0.1.1"])
    assert "SECRETARIA_VERSION=0.1.1\n" in (shop.folder / "checkout/.env").read_text(encoding="utf-8")
    assert (shop.tags(), shop.ledger[-1].outcome) == (["v0.1.1"], "went_back")


def test_version_that_answers_nothing_is_told_with_where_it_stopped(shop: Installation) -> None:
    """It is healthy, so only the event that goes all the way finds it; the last lines of both services are told."""
    shop.change_engine(faults=["doctor:0.1.2"])
    with pytest.raises(GateFailed, match=r"rodada: a rodada está ausente; a 0\.1\.1 está de volta"):
        shop.deploy()
    assert [line.split(" | ")[1] for line in shop.told if "the last words" in line] == ["shop-api-3", "shop-worker-4"]


def test_first_version_that_fails_leaves_nothing_running(fresh_shop: Installation) -> None:
    """There is nothing to go back to."""
    fresh_shop.change_engine(faults=["doctor"])
    with pytest.raises(GateFailed):
        fresh_shop.deploy()
    assert fresh_shop.engine["containers"] == []


def test_step_that_takes_away_is_refused_while_the_version_before_runs(shop: Installation) -> None:
    """Its code still uses what would go."""
    shop.commit("migrations/versions/0002_less.py")
    shop.change_engine(
        steps=[{**NEW_TABLE, "revision": "0002_less", "kind": "contract", "breaks": ["a coluna x some"]}]
    )
    with pytest.raises(ContractRefused, match=r"versão 0\.1\.1 ainda usa: 0002_less: a coluna x some"):
        shop.deploy()
    assert shop.engine["database"] == "0001_first"


def test_step_that_takes_away_what_nobody_uses_any_more_is_applied(shop: Installation) -> None:
    """Its author says since which version: the one that runs is of those, so it goes on running meanwhile."""
    shop.commit("migrations/versions/0002_less.py")
    gone = {**NEW_TABLE, "revision": "0002_less", "kind": "contract", "breaks": ["a coluna x some"]}
    shop.change_engine(steps=[gone | {"unused_since": "0.1.1"}])
    assert shop.deploy().outcome == "released"


@pytest.mark.parametrize("name", ["secretaria/__init__.py", "CHANGELOG.md"])
def test_unsaved_changes_stop_everything(shop: Installation, name: str) -> None:
    """What is published is what is committed."""
    (shop.folder / "checkout" / name).write_text("x", encoding="utf-8")
    with pytest.raises(PreflightRefused, match="há mudanças sem commit"):
        shop.deploy()
    assert len(shop.ledger) == 1


def test_other_branches_are_not_published(shop: Installation) -> None:
    """Only the one that is configured."""
    shop.git("switch", "--quiet", "--create", "try")
    with pytest.raises(PreflightRefused, match="o repositório está em try"):
        shop.deploy()


def test_program_of_the_owner_may_stop_it(shop: Installation) -> None:
    """Its last line is the reason; nothing was built."""
    shop.hook("pre-build", 'echo "falta a avó"; exit 1')
    with pytest.raises(HookRefused, match="falta a avó"):
        shop.deploy()
    assert list(shop.engine["images"]) == ["secretaria:0.1.1"]


def test_program_of_the_owner_is_told_what_is_released(shop: Installation) -> None:
    """By variables that are documented."""
    shop.hook("post-deploy", f'echo "$SECRETARIA_RELEASE_VERSION $SECRETARIA_RELEASE_OUTCOME" > {shop.folder}/heard')
    shop.deploy()
    assert (shop.folder / "heard").read_text(encoding="utf-8") == "0.1.2 released\n"


def test_number_of_containers_is_kept(shop: Installation) -> None:
    """Two that served are replaced by two."""
    twin = {**shop.engine["containers"][0], "Id": "api90", "Name": "/shop-api-90"}
    shop.change_engine(containers=[*shop.engine["containers"], twin])
    shop.deploy()
    assert shop.versions("api") == ["0.1.2", "0.1.2"]


def test_one_that_fell_long_ago_serves_until_the_new_one_is_ready(shop: Installation) -> None:
    """And can be gone back to: only what falls now counts."""
    shop.change_engine(
        containers=[{**one, "RestartCount": 3} for one in shop.engine["containers"]], faults=["crash.api:0.1.2"]
    )
    serving = [one["Id"] for one in shop.engine["containers"]]
    with pytest.raises(GateFailed):
        shop.deploy()
    assert [one["Id"] for one in shop.engine["containers"]] == serving


def test_old_ones_stop_only_after_the_new_ones_are_ready(shop: Installation) -> None:
    """Otherwise an event finds nobody."""
    made = len(shop.engine["calls"])
    shop.deploy()
    calls = [" ".join(call) for call in shop.engine["calls"][made:]]
    ready = next(at for at, call in enumerate(calls) if call.endswith("secretaria healthcheck"))
    stopped = next(at for at, call in enumerate(calls) if call.startswith("stop "))
    assert ready < stopped


def test_lock_is_held_meanwhile(shop: Installation) -> None:
    """Who comes second is told who is at it, and touches nothing."""
    host = shop.host()
    with held(host.lock, "rui@loja", "publicação", version="9.9.9"), pytest.raises(SecretariaError) as refused:
        shop.deploy()
    assert "rui@loja está em: publicação 9.9.9" in refused.value.message
    assert len(shop.ledger) == 1


def test_branch_that_moved_meanwhile_is_left_alone(shop: Installation) -> None:
    """The version is tagged where it was built; joining it is left to a person."""
    script = "git commit --quiet --allow-empty -m meanwhile"
    shop.hook("pre-deploy", script)
    shop.deploy()
    assert shop.git("log", "-1", "--format=%s", "main") == "meanwhile\n"
    assert shop.git("log", "-1", "--format=%s", "v0.1.2") == "Release 0.1.2\n"
