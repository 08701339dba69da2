"""The daily copy of an installation without containers: whoever runs it asks every minute whether one is due."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from secretaria.cli.processes import own_command
from secretaria.copies.finished import copies_folder, list_backups
from secretaria.copies.schedule import is_due

if TYPE_CHECKING:
    from secretaria.settings import Settings

NAME = "cópia"
LOOK_SECONDS = 60.0
AGAIN_SECONDS = 3600.0  # after one that failed: the disk is not emptier a minute later


@contextmanager
def daily_copies(settings: Settings, tell: Callable[[str, str], None]) -> Iterator[Callable[[], None]]:
    """Let a process of its own make the copy when it is due; the look costs the reading of a folder.

    Args:
        settings: Of the installation that runs.
        tell: Receives the name and what became of a copy.

    Yields:
        What to call about once a second; it never waits.
    """
    from secretaria.cli.copying import business_zone

    zone, running, look_at = business_zone(settings), list[subprocess.Popen[bytes]](), time.monotonic() + LOOK_SECONDS

    def look() -> None:
        nonlocal look_at
        if running and running[0].poll() is not None:
            code = running.pop().returncode
            tell(NAME, "feita" if code == 0 else f"não foi feita (código {code}); nova tentativa em 1 hora")
            look_at = time.monotonic() + (LOOK_SECONDS if code == 0 else AGAIN_SECONDS)
        if running or time.monotonic() < look_at:
            return
        look_at = time.monotonic() + LOOK_SECONDS
        if is_due(list_backups(copies_folder(settings)), settings.backup, zone, datetime.now(UTC)):
            command = own_command("backup", "--if-due")
            running.append(subprocess.Popen(command, env={**os.environ}, stdin=subprocess.DEVNULL))  # noqa: S603  # our own command

    try:
        yield look
    finally:
        for process in running:  # it clears its draft away
            process.terminate()
            process.wait()
