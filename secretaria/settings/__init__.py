"""secretaria.toml and the environment, read once into one frozen Settings."""

from secretaria.settings.loading import (
    ALIASES,
    CONFIG_FILE,
    CONFIG_VARIABLE,
    ENV_FILE,
    ENVIRONMENT_NAMES,
    OVERRIDE_PREFIX,
    SECTIONS,
    load_settings,
)
from secretaria.settings.secrets import (
    describe,
    privacy_key,
    require,
    require_strong_secrets,
    secret_values,
)
from secretaria.settings.sections import (
    QUEUE_NAMES,
    BudgetSection,
    Flavour,
    LogSection,
    MediaSection,
    OutboxSection,
    QueueName,
    Section,
    Settings,
    TurnsSection,
    UnconfirmedPolicy,
)

__all__ = [
    "ALIASES",
    "CONFIG_FILE",
    "CONFIG_VARIABLE",
    "ENVIRONMENT_NAMES",
    "ENV_FILE",
    "OVERRIDE_PREFIX",
    "QUEUE_NAMES",
    "SECTIONS",
    "BudgetSection",
    "Flavour",
    "LogSection",
    "MediaSection",
    "OutboxSection",
    "QueueName",
    "Section",
    "Settings",
    "TurnsSection",
    "UnconfirmedPolicy",
    "describe",
    "load_settings",
    "privacy_key",
    "require",
    "require_strong_secrets",
    "secret_values",
]
