"""Installations on a real Docker engine, with the doubles of the outside world beside them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.deploy.engine import running_engine
from tests.deploy.installation import Installation, OpenInstallation, open_installation, program_image
from tests.deploy.standins import build_stand_ins
from tests.kill_points import AFTER_MIGRATE, POINTS, REPRESENTATIVE


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let who has the time kill the publishing process everywhere."""
    parser.addoption("--every-kill", action="store_true", help="kill a release at each of its points, not at a few")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Name the points at which the publishing process is killed."""
    if "kill_point" in metafunc.fixturenames:
        every = metafunc.config.getoption("--every-kill")
        chosen = [
            pytest.param(point, marks=() if point == AFTER_MIGRATE else pytest.mark.long)
            for point in (POINTS if every else REPRESENTATIVE)
        ]
        metafunc.parametrize("kill_point", chosen)


@pytest.fixture(scope="session")
def engine_ready() -> Iterator[None]:
    """Run an engine that has every image the compose files name, or a stand-in for it."""
    with running_engine():
        build_stand_ins()
        yield


@pytest.fixture(scope="session")
def image(engine_ready: None) -> Iterator[str]:  # noqa: ARG001  # it must be there first
    """Build the program's image once, from the tree as it is; installations begin with it."""
    with program_image() as name:
        yield name


@pytest.fixture(scope="module")
def open_shop(image: str) -> Iterator[OpenInstallation]:
    """Lay out installations, each of its own project; what they started is removed when the module ends."""
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(open_installation(image, **settings))


@pytest.fixture(scope="module")
def installation(open_shop: OpenInstallation) -> Installation:
    """Run one installation for a module: migrated, up and answering."""
    opened = open_shop()
    opened.start()
    return opened
