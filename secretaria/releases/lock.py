"""One change of the installation at a time: a file that says who holds it and why, and frees itself when the holder dies.

The file is made whole before it gets its name (a hard link, which fails where the name exists), so it is never seen half
written. Its holder writes a sign of life every few seconds; without one for ``EXPIRES_SECONDS``, or where its process is
gone from this machine, whoever comes next takes it away.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import psutil

from secretaria.errors import LockHeld

LOCK_FILE = "deploy.lock"
BEAT_SECONDS = 3.0
EXPIRES_SECONDS = 30.0
LOOK_SECONDS = 0.5
UNLOCK_HINT = "espere terminar (--lock-wait SEGUNDOS) ou, se ninguém está mexendo: secretaria releases unlock"


@dataclass(frozen=True)
class Holder:
    """Who holds the lock.

    Attributes:
        mark: Names this holding.
        who: Account and machine.
        host: The machine.
        pid: The process there.
        started: When that process began, epoch seconds: a number of a process is given again.
        why: What is being done.
        version: The version it leads to; empty where there is none.
        since: Epoch seconds.
        seen: The last sign of life, epoch seconds.
    """

    mark: str
    who: str
    host: str
    pid: int
    started: float
    why: str
    version: str
    since: float
    seen: float


@contextmanager
def held(path: Path, who: str, why: str, *, version: str = "", wait_seconds: float = 0.0) -> Iterator[Holder]:
    """Hold the lock while the block runs.

    Args:
        path: The file.
        who: Account and machine, for whoever finds it held.
        why: What is being done, in Portuguese.
        version: The version it leads to.
        wait_seconds: How long to wait for another holder.

    Raises:
        LockHeld: Somebody else holds it.
    """
    holder = _take(path, who, why, version, time.monotonic() + wait_seconds)
    ended = threading.Event()
    beat = threading.Thread(target=_beat, args=(path, holder, ended), daemon=True, name="deploy-lock")
    beat.start()
    try:
        yield holder
    finally:
        ended.set()
        beat.join()
        if (found := look(path)) is not None and found.mark == holder.mark:
            path.unlink(missing_ok=True)


def look(path: Path) -> Holder | None:
    """Return who holds the lock, alive or not; None where nobody does."""
    try:
        return Holder(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError):  # not ours, or spoiled by hand: nobody can be named, and nobody is waited for
        return Holder("", "?", "", 0, 0.0, "?", "", 0.0, 0.0)


def is_dead(holder: Holder, now: float) -> bool:
    """Say whether a holder is gone: no sign of life for too long, or its process is not on this machine any more."""
    if now - holder.seen > EXPIRES_SECONDS:
        return True
    if holder.host != socket.gethostname():
        return False
    try:
        process = psutil.Process(holder.pid)
        return abs(process.create_time() - holder.started) > 1.0 or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def unlock(path: Path) -> Holder | None:
    """Take the lock away, whoever holds it, and return who that was."""
    holder = look(path)
    path.unlink(missing_ok=True)
    return holder


def describe(holder: Holder) -> str:
    """Say in Portuguese who holds the lock, since when and why."""
    since = datetime.fromtimestamp(holder.since, UTC).strftime("%d/%m %H:%M:%S UTC")
    what = f"{holder.why} {holder.version}".strip()
    return f"{holder.who} está em: {what}, desde {since}"


def _take(path: Path, who: str, why: str, version: str, deadline: float) -> Holder:
    path.parent.mkdir(parents=True, exist_ok=True)
    now = time.time()
    started = psutil.Process().create_time()
    mine = Holder(secrets.token_hex(8), who, socket.gethostname(), os.getpid(), started, why, version, now, now)
    while True:
        now = time.time()
        mine = replace(mine, since=now, seen=now)
        if _place(path, mine, os.link):
            return mine
        found = look(path)
        if found is None:
            continue
        if is_dead(found, now):
            _bury(path, found)
        elif time.monotonic() >= deadline:
            raise LockHeld(describe(found), UNLOCK_HINT)
        else:
            time.sleep(LOOK_SECONDS)


def _bury(path: Path, dead: Holder) -> None:
    """Take a dead holder's file away; of several who try, one gets it, and a living one's is put back."""
    grave = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.rename(grave)
    except FileNotFoundError:
        return
    found = look(grave)
    if found is not None and found.mark != dead.mark:
        with suppress(
            FileExistsError
        ):  # somebody took the free name; the one we moved finds at its next sign that it lost it
            os.link(grave, path)
    grave.unlink(missing_ok=True)


def _beat(path: Path, holder: Holder, ended: threading.Event) -> None:
    while not ended.wait(BEAT_SECONDS):
        found = look(path)
        if found is None or found.mark != holder.mark:
            return  # somebody unlocked it; the work goes on, and does not take it back
        _place(path, replace(holder, seen=time.time()), os.replace)


def _place(path: Path, holder: Holder, how: Callable[[Path, Path], None]) -> bool:
    """Put a whole file in the lock's place, and say whether it got there."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    draft.write_text(json.dumps(asdict(holder), ensure_ascii=False), encoding="utf-8")
    try:
        how(draft, path)
    except FileExistsError:
        return False
    finally:
        draft.unlink(missing_ok=True)
    return True
