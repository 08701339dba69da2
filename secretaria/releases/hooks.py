"""Programs of the owner that run at four moments of a release; those before it may stop it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from secretaria.errors import PreflightRefused
from secretaria.machine.runner import CommandFailed, Runner

HOOKS_FOLDER = "hooks"
HOOK_SECONDS = 900.0
Moment = Literal["pre-build", "pre-deploy", "post-deploy", "post-rollback"]
MOMENTS: tuple[Moment, ...] = ("pre-build", "pre-deploy", "post-deploy", "post-rollback")


class HookRefused(PreflightRefused):
    """A program of the owner that runs before a step ended badly: the step is not done."""

    def __init__(self, moment: Moment, failed: CommandFailed) -> None:
        last = f": {failed.lines[-1]}" if failed.lines else ""
        super().__init__(f"hooks/{moment} impediu a publicação{last}", "corrija-o, ou repita com --skip-hooks")


def run_hook(runner: Runner, moment: Moment, told: Mapping[str, str]) -> str:
    """Run the program of a moment, if there is one.

    Args:
        runner: Its folder is the installation's.
        moment: Names the program.
        told: What it finds in its environment, by names without ``SECRETARIA_``.

    Returns:
        What went wrong in a program that runs afterwards, in Portuguese; empty where nothing did.

    Raises:
        HookRefused: A program that runs before ended badly.
        PreflightRefused: It is there and may not be run.
    """
    path = hook_path(runner.folder, moment)
    if not path.is_file():
        return ""
    if not os.access(path, os.X_OK):
        raise PreflightRefused(f"{path} não pode ser executado", f"chmod +x {path}")
    environment = {**runner.environment, **{f"SECRETARIA_{name}": value for name, value in told.items()}}
    try:
        Runner(runner.folder, environment, runner.hear).run((str(path),), seconds=HOOK_SECONDS)
    except CommandFailed as failed:
        if moment.startswith("pre-"):
            raise HookRefused(moment, failed) from failed
        return f"hooks/{moment} falhou: {failed.message}"
    return ""


def hook_path(folder: Path, moment: Moment) -> Path:
    """Return where the program of a moment stands."""
    return (folder / HOOKS_FOLDER / moment).absolute()
