"""Installs with containers: files, image, engines, schema, owner, business, the rest, proof; then what to do next."""

from __future__ import annotations

from pathlib import Path

from secretaria.errors import PreflightRefused
from secretaria.releases.answers import Answers


def install_compose(config: Path, answers: Answers, *, units: Path | None) -> None:
    """Take every step of an installation that docker compose runs."""
    del config, answers, units
    raise PreflightRefused("a instalação com Docker ainda não está pronta", "use: secretaria install --local")
