"""Opens a text in the editor of whoever types, and returns what they make of it."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from secretaria.errors import NotFound, PreflightRefused

FROM_INPUT = "-"


def written_text(given: Path | None, shown: str, name: str) -> str:
    """Return a text from a file, from standard input where it is no terminal, or else from the editor.

    Args:
        given: The file; ``-`` for standard input.
        shown: What the editor begins with.
        name: What the editor calls it.

    Raises:
        NotFound: The file cannot be read.
        PreflightRefused: The editor does not work.
    """
    if given is not None and str(given) != FROM_INPUT:
        try:
            return given.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise NotFound(f"não consegui ler {given}", "confira o caminho e a codificação (UTF-8)") from error
    if given is not None or not sys.stdin.isatty():
        return sys.stdin.read()
    return edited(shown, name)


def edited(text: str, name: str) -> str:
    """Return what a person makes of a text in the editor of their choice.

    Raises:
        PreflightRefused: It does not work.
    """
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / name
        file.write_text(text, encoding="utf-8")
        try:
            subprocess.run([*shlex.split(editor), str(file)], check=True)  # noqa: S603  # the operator's own editor
        except (OSError, subprocess.CalledProcessError) as error:
            raise PreflightRefused(
                f"o editor {editor!r} não funcionou", "defina EDITOR, ou passe o texto pela entrada padrão"
            ) from error
        return file.read_text(encoding="utf-8")
