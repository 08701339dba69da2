"""Which secrets must be there and how strong; where settings are shown, secrets hide themselves."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from pydantic import SecretStr

from secretaria.errors import ConfigurationError
from secretaria.privacy import keep_key
from secretaria.settings.loading import CREATE_COMMAND, CREATE_HINT, ENV_FILE, SECTIONS
from secretaria.settings.sections import Secrets, Settings

MINIMUM_BYTES = {"WEBHOOK_SECRET": 32, "WEBHOOK_TOKEN": 16, "JWT_SECRET": 32, "METRICS_TOKEN": 16, "ALERTS_TOKEN": 16}
EXAMPLE_VALUES = frozenset({"changeme", "change-me", "troque-me", "exemplo", "example", "secret", "segredo"})


def require(settings: Settings, names: Iterable[str]) -> None:
    """Refuse to go on while a needed environment key is empty, naming every one at once.

    Args:
        settings: What was loaded.
        names: Environment names, for instance ``("DATABASE_URL", "WEBHOOK_SECRET|WEBHOOK_TOKEN")``; a bar means
            that any one of them is enough.

    Raises:
        ConfigurationError: At least one is missing.
    """
    missing = [name.replace("|", " ou ") for name in names if not _is_set(settings.secrets, name)]
    if missing:
        listed = ", ".join(missing)
        if settings.source is None:
            raise ConfigurationError(f"nenhum secretaria.toml aqui, e falta configurar: {listed}", CREATE_HINT)
        where = settings.source.parent / ENV_FILE
        raise ConfigurationError(f"falta configurar: {listed}", f"preencha em {where}, que {CREATE_COMMAND} cria")


def require_strong_secrets(settings: Settings) -> None:
    """Refuse secrets that are short or copied from an example (requirements R7 and R38).

    Raises:
        ConfigurationError: A secret in force is too weak to close a door with; an empty one closes it.
    """
    problems = [
        f"{name} precisa de pelo menos {minimum} caracteres e não pode ser um exemplo"
        for name, minimum in MINIMUM_BYTES.items()
        for value in secret_values(getattr(settings.secrets, name.lower()))
        if len(value.encode()) < minimum or value.lower() in EXAMPLE_VALUES
    ]
    if problems:
        hint = "gere um com: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"
        raise ConfigurationError("; ".join(problems), hint)


def secret_values(secret: SecretStr) -> list[str]:
    """Return the values in force of a secret: two, separated by a comma, while it rotates; none when it is empty."""
    return [part.strip() for part in secret.get_secret_value().split(",") if part.strip()]


def owner_url(settings: Settings) -> str:
    """Return the address at which the schema is changed: the owner's, where service and workers have another."""
    secrets = settings.secrets
    return secrets.database_owner_url.get_secret_value() or secrets.database_url.get_secret_value()


def privacy_key(settings: Settings) -> bytes:
    """Return the key by which contacts are hashed; without ``PRIVACY_KEY`` one is kept in the folder of local data."""
    return keep_key(settings.home, settings.secrets.privacy_key.get_secret_value())


def describe(settings: Settings) -> dict[str, Any]:
    """Return the settings as plain data with every secret shown as ``***`` (or empty where it is not set)."""
    shown: dict[str, Any] = {"home": str(settings.home), "source": str(settings.source or "")}
    for name in SECTIONS:
        shown[name] = json.loads(getattr(settings, name).model_dump_json())
    shown["environment"] = {
        name.upper(): ("***" if value.get_secret_value() else "") if isinstance(value, SecretStr) else str(value)
        for name, value in settings.secrets
    }
    return shown


def _is_set(secrets: Secrets, names: str) -> bool:
    for name in names.split("|"):
        value = getattr(secrets, name.lower())
        if value.get_secret_value() if isinstance(value, SecretStr) else value:
            return True
    return False
