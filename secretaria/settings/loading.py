"""secretaria.toml and the environment become one frozen Settings; unknown keys are refused."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pydantic import ValidationError

from secretaria.errors import ConfigurationError
from secretaria.settings.sections import BusinessSection, Secrets, Section, Settings
from secretaria.validation import nearest, reason

CONFIG_FILE = "secretaria.toml"
CONFIG_VARIABLE = "SECRETARIA_CONFIG"
ENV_FILE = ".env"
OVERRIDE_PREFIX = "SECRETARIA__"
CREATE_COMMAND = "secretaria config init"
CREATE_HINT = f"crie os arquivos com: {CREATE_COMMAND}"
ENVIRONMENT_NAMES = tuple(name.upper() for name in Secrets.model_fields)
ALIASES = {"OPENAI_API_KEY": "LLM_API_KEY", "OPENAI_BASE_URL": "LLM_BASE_URL"}
OVERRIDE_ALIASES = {"UNCONFIRMED_POLICY": "SECRETARIA__OUTBOX__UNCONFIRMED_POLICY"}
SECTIONS: dict[str, type[Section]] = {
    name: field.annotation
    for name, field in Settings.model_fields.items()
    if isinstance(field.annotation, type) and issubclass(field.annotation, Section) and field.annotation is not Secrets
}


def load_settings(path: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Read the configuration once, check all of it and freeze it.

    Args:
        path: The secretaria.toml to read; by default the one ``SECRETARIA_CONFIG`` names, or the one in the current
            folder if there is one.
        environ: The process environment; it wins over the ``.env`` beside the file, which wins over nothing.

    Raises:
        ConfigurationError: The file is unreadable, a key is unknown or a value is wrong; one message lists them all.
    """
    process = dict(os.environ if environ is None else environ)
    named = path or (Path(process[CONFIG_VARIABLE]) if process.get(CONFIG_VARIABLE) else None)
    if named is not None and not named.is_file():
        raise ConfigurationError(f"o arquivo de configuração {named} não existe", CREATE_HINT)
    chosen = named or Path(CONFIG_FILE)
    environment = {**_read_env_file(env_file_of(chosen)), **process}
    tables = _read_toml(chosen) if chosen.is_file() else {}
    overrides = _overrides(environment)
    problems = [*_unknown_keys(tables, str(chosen)), *_unknown_keys(overrides, "ambiente")]
    if problems:
        raise ConfigurationError("; ".join(problems), "corrija a chave ou veja todas com: secretaria config show")
    merged = {name: {**tables.get(name, {}), **overrides.get(name, {})} for name in SECTIONS}
    settings = Settings(
        home=_home(environment),
        source=chosen if chosen.is_file() else None,
        secrets=_secrets(environment),
        **_sections(merged),
    )
    return settings.model_copy(update={"business": _resolve_folder(settings.business, chosen.parent)})


def env_file_of(configuration: Path) -> Path:
    """Return the .env of a configuration: ``.env.NAME`` of ``secretaria.NAME.toml`` where there is one, else ``.env``."""
    beside, name = configuration.parent, configuration.stem.partition(".")[2]
    own = beside / f"{ENV_FILE}.{name}"
    return own if name and own.is_file() else beside / ENV_FILE


def root_of(settings: Settings) -> Path:
    """Return the folder of an installation: that of its secretaria.toml, or the present one."""
    return (settings.source.absolute() if settings.source else Path.cwd() / "_").parent


def _read_env_file(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    try:
        return {name: value for name, value in dotenv_values(path).items() if value is not None}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"não consegui ler {path}: {error}", f"confira as permissões de {path}") from error


def _read_toml(path: Path) -> dict[str, dict[str, Any]]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"{path} não é um TOML válido: {error}", f"abra {path} na linha indicada") from error


def _overrides(environment: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Collect SECRETARIA__SECTION__KEY; a list is written as JSON, anything else is text until its key reads it."""
    tables: dict[str, dict[str, Any]] = {}
    short = {OVERRIDE_ALIASES[name]: text for name, text in environment.items() if name in OVERRIDE_ALIASES}
    for name, text in {**short, **environment}.items():
        if name.startswith(OVERRIDE_PREFIX):
            section, _, key = name.removeprefix(OVERRIDE_PREFIX).lower().partition("__")
            tables.setdefault(section, {})[key] = _value(text)
    return tables


def _value(text: str) -> object:
    try:
        return json.loads(text) if text.startswith("[") else text
    except ValueError:
        return text


def _unknown_keys(tables: Mapping[str, Any], where: str) -> list[str]:
    problems = []
    for section, table in tables.items():
        if section not in SECTIONS:
            problems.append(f"{where}: chave desconhecida {section!r}{nearest(section, SECTIONS)}")
        elif not isinstance(table, dict):
            problems.append(f"{where}: {section} precisa ser uma tabela, [{section}]")
        else:
            known = SECTIONS[section].model_fields
            problems += [
                f"{where}: chave desconhecida '{section}.{key}'{nearest(key, known, f'{section}.')}"
                for key in table
                if key not in known
            ]
    return problems


def _sections(merged: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    sections, problems = {}, []
    for name, table in merged.items():
        try:
            sections[name] = SECTIONS[name](**table)
        except ValidationError as error:
            problems += _sentences(name, error)
    if problems:
        raise ConfigurationError("; ".join(problems), "confira os valores com: secretaria config check")
    return sections


def _sentences(section: str, error: ValidationError) -> list[str]:
    return [
        f"valor inválido em {'.'.join([section, *map(str, item['loc'])])}: {item['input']!r} ({reason(item)})"
        for item in error.errors(include_url=False)
    ]


def _secrets(environment: Mapping[str, str]) -> Secrets:
    named = {ALIASES.get(name, name): value for name, value in environment.items() if name in ALIASES}
    named |= {name: environment[name] for name in ENVIRONMENT_NAMES if environment.get(name)}
    return Secrets(**{name.lower(): value.strip() for name, value in named.items()})


def _home(environment: Mapping[str, str]) -> Path:
    if environment.get("SECRETARIA_HOME"):
        return Path(environment["SECRETARIA_HOME"]).expanduser().absolute()
    if os.geteuid() == 0:
        return Path("/var/lib/secretaria")  # root's own home is closed to the engines, which never run as root
    data = environment.get("XDG_DATA_HOME") or str(Path(environment.get("HOME", "~")).expanduser() / ".local/share")
    return Path(data) / "secretaria"


def _resolve_folder(business: BusinessSection, beside: Path) -> BusinessSection:
    return business.model_copy(update={"folder": (beside / business.folder.expanduser()).absolute()})
