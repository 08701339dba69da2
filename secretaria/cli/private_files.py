"""Files that only their owner may read, whole or not there at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from secretaria.errors import PreflightRefused


def write_private(path: Path, text: str) -> None:
    """Write a file with mode 0600: aside first, then in place, so that a reader finds the old or the new one.

    Raises:
        PreflightRefused: The folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(draft).chmod(0o600)
            Path(draft).replace(path)
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise PreflightRefused(
            f"não consegui escrever {path}: {error.strerror}", "confira a pasta e as permissões"
        ) from error
