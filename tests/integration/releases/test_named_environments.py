"""Staging and production on one machine, as a person types it: each with its own files, and the same image in both."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.recorded_installation import Installation


def typed(shop: Installation, *arguments: str) -> str:
    """Type a command in the folder of the installation and return what it prints."""
    command = (str(Path(sys.executable).parent / "secretaria"), *arguments)
    ended = subprocess.run(
        command,
        cwd=shop.folder / "checkout",
        env={**os.environ, **shop.environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def published(shop: Installation, environment: str, *arguments: str) -> dict[str, Any]:
    """Publish into an environment."""
    release: dict[str, Any] = json.loads(
        typed(shop, "deploy", *arguments, "--env", environment, "--skip-hooks", "--yes", "--json")
    )
    return release


@pytest.fixture
def both(shop: Installation) -> Installation:
    """Lay out two environments of which nothing runs yet, beside the shop that was there before."""
    for name in ("staging", "production"):
        (shop.folder / f"checkout/secretaria.{name}.toml").write_text(
            f'[deploy]\nengine = "compose"\nproject = "shop-{name}"\nwatch_seconds = 0\n', encoding="utf-8"
        )
        (shop.folder / f"checkout/.env.{name}").write_text(
            f"SECRETARIA_HOME={shop.folder}/{name}\nSECRETARIA_VERSION=0.0.0\n", encoding="utf-8"
        )
    return shop


def test_what_was_tried_in_staging_is_promoted_to_production(both: Installation) -> None:
    """The same image by its id; each environment notes its own, and neither touches what ran beside it."""
    usual = (both.folder / "checkout/.env").read_text(encoding="utf-8")
    staged = published(both, "staging", "minor")
    promoted = published(both, "production", "--tag", "v0.2.0")
    assert (staged["kind"], staged["environment"]) == ("deploy", "staging")
    assert (promoted["kind"], promoted["environment"], promoted["image"]) == (
        "promotion",
        "production",
        staged["image"],
    )
    assert [both.versions("api", f"shop{name}") for name in ("", "-staging", "-production")] == [
        ["0.1.1"],
        ["0.2.0"],
        ["0.2.0"],
    ]
    assert (both.folder / "checkout/.env").read_text(encoding="utf-8") == usual
    listed = [json.loads(line) for line in typed(both, "releases", "--env", "staging", "--json").splitlines()]
    assert [one["id"] for one in listed] == [staged["id"]]


def test_stack_of_an_environment_is_written_from_its_own_env(both: Installation) -> None:
    """Not from that of the shop beside it, whose version and secrets are others."""
    usual, staged = (json.loads(typed(both, "stack", *named)) for named in ((), ("--env", "staging")))
    assert usual["services"]["api"]["image"] == "secretaria:0.1.1"
    assert staged["services"]["api"]["image"] == "secretaria:0.0.0"
