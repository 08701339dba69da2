"""The .env of an installation: one value read, one value changed, the rest left as it stands."""

from __future__ import annotations

import os
import re
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import overload

from dotenv import dotenv_values

from secretaria.errors import PreflightRefused

PRIVATE = 0o600
REREAD_SECONDS = 1.0


def read_value(path: Path, name: str) -> str:
    """Return what a file gives a name, or nothing."""
    return (dotenv_values(path).get(name) or "").strip() if path.is_file() else ""


def write_value(path: Path, name: str, value: str) -> None:
    """Give a name a value; the file is replaced as a whole, with mode 0600, and its comments stay.

    Raises:
        PreflightRefused: The folder cannot be written; the file is as it was.
    """
    write_values(path, {name: value})


def write_values(path: Path, values: Mapping[str, str], comment: str = "") -> None:
    """Give several names their values at once, as ``write_value`` does with one.

    Args:
        path: The file.
        values: By name.
        comment: A line that stands before the names that the file did not have yet.

    Raises:
        PreflightRefused: The folder cannot be written; the file is as it was.
    """
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    added = []
    for name, value in values.items():
        line = f"{name}={_quoted(value)}"
        place = re.compile(rf"^{re.escape(name)}=.*$", re.MULTILINE)
        if place.search(text):
            text = place.sub(lambda _, line=line: line, text)  # type: ignore[misc]  # mypy does not see the default
        else:
            added.append(line)
    if added:
        told = ["", f"# {comment}"] if comment else []
        text = "\n".join([text.rstrip(), *told, *added, ""]).lstrip("\n")
    replace_privately(path, text)


def replace_privately(path: Path, text: str) -> None:
    """Put a new content in place of a file, or leave it as it was.

    Raises:
        PreflightRefused: The folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # made with mode 0600
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(draft).replace(path)
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise PreflightRefused(
            f"não consegui escrever {path}: {error.strerror}", "confira a pasta e as permissões"
        ) from error


class RotatingValues(Sequence[str]):
    """The values in force of a secret, read again when the .env changes: a rotation needs no restart.

    Where the process environment gives the value, it stands: nobody can change that from outside.

    Args:
        name: The environment name.
        values: What was in force when the process began.
        path: The .env, or None where there is none.
    """

    def __init__(self, name: str, values: Sequence[str], path: Path | None) -> None:
        self._name, self._values = name, tuple(values)
        self._path = None if os.environ.get(name) or path is None else path
        self._stamp = self._stamp_of()
        self._next_look = time.monotonic() + REREAD_SECONDS
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._current())

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        return self._current()[index]

    def __iter__(self) -> Iterator[str]:
        return iter(self._current())

    def _current(self) -> tuple[str, ...]:
        if self._path is None or time.monotonic() < self._next_look:
            return self._values
        with self._lock:
            self._next_look = time.monotonic() + REREAD_SECONDS
            stamp = self._stamp_of()
            if stamp != self._stamp:
                found = tuple(part.strip() for part in read_value(self._path, self._name).split(",") if part.strip())
                if found:  # a file that somebody is writing, or emptied by mistake, closes nothing that was open
                    self._values, self._stamp = found, stamp
            return self._values

    def _stamp_of(self) -> tuple[int, int]:
        try:
            told = os.stat(self._path) if self._path is not None else None  # noqa: PTH116  # a stat, not a path
        except OSError:
            return (0, 0)
        return (told.st_mtime_ns, told.st_ino) if told is not None else (0, 0)


def _quoted(value: str) -> str:
    return value if re.fullmatch(r"[\w.,:/@+=~%&?!*-]*", value) else "'" + value.replace("'", "\\'") + "'"
