"""The pipelines run what they were read to run: pinned, with the least rights, and no secret where a log could hold it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

FOLDER = Path(__file__).parents[2] / ".github/workflows"
FILES = sorted(FOLDER.glob("*.yml"))
PINNED = re.compile(r"uses: [\w-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")

every_workflow = pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.name))


def jobs_of(file: Path) -> dict[str, dict[str, Any]]:
    """Return the jobs of a workflow."""
    jobs: dict[str, dict[str, Any]] = yaml.safe_load(file.read_text(encoding="utf-8"))["jobs"]
    return jobs


def test_there_are_the_three_pipelines() -> None:
    """One that tests, one for staging, one for production."""
    assert [file.name for file in FILES] == ["ci.yml", "production.yml", "staging.yml"]


@every_workflow
def test_every_action_is_pinned_by_its_commit_and_says_its_version(file: Path) -> None:
    """A tag can be moved; a commit cannot."""
    used = [
        line.strip().removeprefix("- ") for line in file.read_text(encoding="utf-8").splitlines() if "uses: " in line
    ]
    assert [line for line in used if not PINNED.fullmatch(line) and not line.startswith("uses: ./")] == []


@every_workflow
def test_nothing_is_permitted_that_a_job_does_not_say(file: Path) -> None:
    """The workflow permits nothing, and each job at most to read the code."""
    assert yaml.safe_load(file.read_text(encoding="utf-8"))["permissions"] == {}
    assert [name for name, job in jobs_of(file).items() if job["permissions"] not in ({}, {"contents": "read"})] == []


@every_workflow
def test_two_runs_do_not_step_on_each_other(file: Path) -> None:
    """Each workflow says which of its runs exclude each other."""
    assert yaml.safe_load(file.read_text(encoding="utf-8"))["concurrency"]["group"]


@every_workflow
def test_no_text_of_others_becomes_a_script(file: Path) -> None:
    """Expressions stand in the environment of a step, never in what its shell reads."""
    scripts = [step["run"] for job in jobs_of(file).values() for step in job.get("steps", []) if "run" in step]
    assert [script for script in scripts if "${{" in script] == []


@every_workflow
def test_secrets_are_given_only_in_a_protected_environment(file: Path) -> None:
    """A job that holds a secret waits for whoever protects its environment."""
    holding = [job for job in jobs_of(file).values() if "secrets." in str(job)]
    assert all(job.get("environment") for job in holding)


def test_production_takes_a_tag_and_never_builds_a_version_of_its_own() -> None:
    """What was proved in staging is what is promoted."""
    (promote,) = jobs_of(FOLDER / "production.yml").values()
    assert 'secretaria deploy --tag "$2" --yes' in promote["steps"][0]["run"]


def test_staging_waits_for_every_test() -> None:
    """Nothing is published that did not pass."""
    jobs = jobs_of(FOLDER / "staging.yml")
    assert (jobs["deploy"]["needs"], jobs["ci"]["uses"]) == ("ci", "./.github/workflows/ci.yml")
