"""Programs on a PATH of a test's own that note how they were called, and answer what the test says."""

from __future__ import annotations

import json
import os
import shlex
from dataclasses import dataclass, field
from pathlib import Path

from secretaria.machine.runner import Runner


@dataclass
class RecordedPrograms:
    """Stand-ins for ``docker``, ``git`` and their like.

    Attributes:
        folder: Where they and their notes are.
    """

    folder: Path
    _answers: dict[str, list[str]] = field(default_factory=dict)

    def answer(self, program: str, call: str, *, says: str = "", complains: str = "", code: int = 0) -> None:
        """Let a program answer the calls that fit a shell pattern; the newest answer that fits is taken.

        Args:
            program: Its name.
            call: Its arguments joined by blanks, as a pattern of the shell: ``compose * ps *``.
            says: What it writes on stdout.
            complains: What it writes on stderr.
            code: Its exit code.
        """
        pattern = "".join(letter if letter in "*?" else shlex.quote(letter) for letter in call)
        told = f"printf %s {shlex.quote(says)}; printf %s {shlex.quote(complains)} >&2; exit {code}"
        self._answers.setdefault(program, []).insert(0, f"{pattern}) {told};;")
        self._write(program)

    @property
    def calls(self) -> list[list[str]]:
        """Every call so far: the program and its arguments."""
        notes = self.folder / "calls"
        if not notes.exists():
            return []
        return [line.split("\x1f") for line in notes.read_text(encoding="utf-8").split("\x1e\n") if line]

    @property
    def environment(self) -> dict[str, str]:
        """An environment in which the stand-ins come before the real programs."""
        return {"PATH": f"{self.folder}:{os.environ['PATH']}"}

    def runner(self) -> Runner:
        """Return a runner that finds the stand-ins first."""
        return Runner(self.folder, self.environment)

    def _write(self, program: str) -> None:
        path = self.folder / program
        answers = "\n".join(self._answers[program])
        notes = json.dumps(str(self.folder / "calls"))
        path.write_text(
            f"#!/bin/sh\n{{ printf '%s' {shlex.quote(program)}; for one; do printf '\\037%s' \"$one\"; done; printf '\\036\\n'; }} >> {notes}\n"
            f'case "$*" in\n{answers}\nesac\n',
            encoding="utf-8",
        )
        path.chmod(0o755)
