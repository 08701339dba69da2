"""Adds to .env and secretaria.toml what an installation lacks; what a person wrote there stays as it is."""

from __future__ import annotations

import filecmp
import secrets
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomlkit
from dotenv import dotenv_values

from secretaria.cli.starting import BUSINESS_FOLDER, create_files
from secretaria.errors import PreflightRefused
from secretaria.installing.answers import ENVIRONMENT, Answers
from secretaria.settings import CONFIG_FILE, ENV_FILE, SECTIONS
from secretaria.settings.env_file import PRIVATE, write_values

BYTES, CARD = 32, "negocio.toml"
GENERATED = ("WEBHOOK_SECRET", "WEBHOOK_TOKEN", "JWT_SECRET", "METRICS_TOKEN", "PRIVACY_KEY")
GENERATED_FOR_COMPOSE = (
    "POSTGRES_PASSWORD",
    "POSTGRES_APP_PASSWORD",
    "REDIS_PASSWORD",
    "GRAFANA_ADMIN_PASSWORD",
    "ALERTS_TOKEN",
)
PROFILES = "COMPOSE_PROFILES"  # empty, it says something: no monitoring
ADDED = "O que secretaria install acrescentou."


@dataclass
class Completed:
    """What became of the files.

    Attributes:
        added: Names that got a value now, and files that were created.
        kept: Names for which the answers say something else than what stands there, and that stays.
    """

    added: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)


def complete_files(folder: Path, answers: Answers, more: Mapping[str, str]) -> Completed:
    """Create what is missing of .env (mode 0600), secretaria.toml and the business folder, and add missing keys.

    Args:
        folder: Of the installation.
        answers: What the operator said.
        more: What ``.env`` must say besides, for instance which image runs.

    Raises:
        PreflightRefused: The folder cannot be written.
    """
    completed = Completed()
    _bring_business(folder, answers.business_folder, completed)
    completed.added += [path.name for path, created in create_files(folder) if created]
    _complete_settings(folder / CONFIG_FILE, answers, completed)
    compose = answers.mode == "compose"
    generated = (*GENERATED, *(GENERATED_FOR_COMPOSE if compose else ()))
    given = answers.environment()
    _complete_environment(folder / ENV_FILE, {**given, **more}, generated, completed)
    said = [ENVIRONMENT[name] for name in ENVIRONMENT if name in answers.model_fields_set]
    standing = dotenv_values(folder / ENV_FILE)
    completed.kept += [name for name in said if name in given and given[name] != standing.get(name)]
    return completed


def _complete_environment(
    path: Path, given: Mapping[str, str], generated: tuple[str, ...], completed: Completed
) -> None:
    standing = dotenv_values(path)
    missing = {name: value for name, value in given.items() if not standing.get(name)}
    missing = {name: value for name, value in missing.items() if name not in standing or (value and name != PROFILES)}
    missing |= {name: secrets.token_urlsafe(BYTES) for name in generated if not standing.get(name)}
    if missing:
        write_values(path, missing, ADDED)
    path.chmod(PRIVATE)
    completed.added += missing


def _complete_settings(path: Path, answers: Answers, completed: Completed) -> None:
    """Say how the installation runs, and add the answers; a value that differs from its default was chosen, and stays."""
    document = tomlkit.parse(path.read_text(encoding="utf-8"))
    before = tomlkit.dumps(document)
    _put(document, "deploy", "engine", answers.mode)
    for (section, key), value in answers.settings().items():
        present = document.get(section, {}).get(key)
        if present is None or present == SECTIONS[section].model_fields[key].default:
            _put(document, section, key, value)
        elif present != value:
            completed.kept.append(f"{section}.{key}")
    after = tomlkit.dumps(document)
    if after == before:
        return
    draft = path.with_name(f".{path.name}.draft")
    try:
        draft.write_text(after, encoding="utf-8")
        draft.chmod(path.stat().st_mode & 0o777)
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise PreflightRefused(f"não consegui escrever {path}: {error.strerror}", "confira a pasta") from error
    if CONFIG_FILE not in completed.added:
        completed.added.append(CONFIG_FILE)


def _put(document: tomlkit.TOMLDocument, section: str, key: str, value: Any) -> None:  # noqa: ANN401  # whatever TOML can say
    if section not in document:
        document[section] = tomlkit.table()
    document[section][key] = value


def _bring_business(folder: Path, wanted: str, completed: Completed) -> None:
    """Copy the owner's folder to where the containers read it, unless something is there."""
    if not wanted:
        return
    source, place = Path(wanted).expanduser().absolute(), (folder / BUSINESS_FOLDER).absolute()
    if not (source / CARD).is_file():
        raise PreflightRefused(f"{source} não tem {CARD}", "diga em business_folder a pasta do negócio")
    if place.exists():
        if not (place / CARD).is_file() or not filecmp.cmp(source / CARD, place / CARD, shallow=False):
            completed.kept.append(f"{BUSINESS_FOLDER}/")
        return
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix=".negocio.") as draft:  # an interrupted copy has no name
            shutil.copytree(source, Path(draft) / BUSINESS_FOLDER)
            (Path(draft) / BUSINESS_FOLDER).rename(place)
    except OSError as error:
        raise PreflightRefused(f"não consegui copiar {source}: {error}", "confira as permissões") from error
    completed.added.append(f"{BUSINESS_FOLDER}/")
