"""A release runs on a schema that was only expanded since; otherwise it is told what stands in the way."""

from __future__ import annotations

from secretaria.database.steps import Kind, Step
from secretaria.releases.schema import Fit, fit, fits, refused_while_running


def step(revision: str, kind: Kind = "expand") -> Step:
    """Return a step of a kind."""
    breaks = ("a coluna pet.name deixa de existir",) if kind == "contract" else ()
    return Step(revision, kind, "muda pet", breaks, has_way_down=True, costs=())


STEPS = (step("0001_a"), step("0002_b"), step("0003_c", "contract"), step("0004_d"))


def test_a_release_runs_on_its_own_schema_and_on_an_expanded_one() -> None:
    """Nothing has to be taken back for it to run; what could be is named."""
    assert fit("0002_b", "0002_b", STEPS) == Fit("runs")
    assert fit("0001_a", "0002_b", STEPS) == Fit("runs", back=("0002_b",))


def test_a_release_does_not_run_across_a_contraction() -> None:
    """The first step that took something away is named, with what it took."""
    found = fit("0002_b", "0004_d", STEPS)
    assert (found.answer, found.back) == ("contracted", ("0004_d", "0003_c"))
    assert found.why == "0003_c tirou o que a versão usa: a coluna pet.name deixa de existir"


def test_a_release_whose_migrations_are_missing_is_behind() -> None:
    """Also on an empty database."""
    assert fit("0004_d", "0003_c", STEPS).answer == "behind"
    assert fit("0001_a", None, STEPS).answer == "behind"


def test_a_revision_that_nobody_knows_is_told() -> None:
    """Of the release or of the database: without the steps between nothing can be promised."""
    assert fit("0009_x", "0004_d", STEPS).why == "esta versão do programa não conhece a revisão 0009_x"
    assert fit("0001_a", "0009_x", STEPS).answer == "unknown"


def test_several_releases_are_judged_by_version() -> None:
    """Each by its own newest migration."""
    answers = {v: one.answer for v, one in fits([("1.0.0", "0002_b"), ("1.1.0", "0003_c")], "0004_d", STEPS).items()}
    assert answers == {"1.0.0": "contracted", "1.1.0": "runs"}


def test_a_contraction_waits_until_the_version_that_knows_nothing_of_it_is_gone() -> None:
    """A version that already works without what is taken away may go on running."""
    assert refused_while_running("0002_b", STEPS[2:]) == STEPS[2]
    assert refused_while_running("0002_b", STEPS[:2]) is None
    assert refused_while_running("0003_c", STEPS[2:]) is None
