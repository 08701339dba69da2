"""One installation for each test: fresh, or with a first release that passed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.recorded_installation import Installation, make_installation


@pytest.fixture
def fresh_shop(tmp_path: Path) -> Installation:
    """Make an installation of which nothing runs yet."""
    return make_installation(tmp_path / "shop")


@pytest.fixture(scope="session")
def first_release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Publish 0.1.1 once for the whole run."""
    made = make_installation(tmp_path_factory.mktemp("first") / "shop")
    made.deploy()
    return made.folder


@pytest.fixture
def shop(first_release: Path, tmp_path: Path) -> Installation:
    """Copy the installation on which 0.1.1 runs."""
    shutil.copytree(first_release, tmp_path / "shop", symlinks=True)
    return Installation(tmp_path / "shop")
