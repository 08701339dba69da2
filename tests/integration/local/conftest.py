"""Short homes for engines: pytest's own folders are too deep for sockets and closed to the engines' user."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from secretaria.local.engines import EmbeddedEngines


@contextmanager
def short_folder() -> Iterator[Path]:
    """Make an empty folder near the root that anyone may pass through."""
    path = Path(tempfile.mkdtemp(prefix="sec-", dir="/tmp"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def home() -> Iterator[Path]:
    """Return a folder that was never a home."""
    with short_folder() as path:
        yield path


@pytest.fixture(scope="session")
def used_home() -> Iterator[Path]:
    """Return a home whose engines ran before and are stopped; tests leave it stopped too."""
    with short_folder() as path:
        with EmbeddedEngines(path, durable=False):
            pass
        yield path
