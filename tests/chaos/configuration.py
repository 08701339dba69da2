"""How a shop that is to be broken is configured: quick turns, fault points, and everything behind a proxy."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from secretaria.cli.processes import MULTIPROCESS_DIR, supervised
from secretaria.crashpoints import FAULTS_VARIABLE, FILE_VARIABLE
from secretaria.settings import ALIASES, ENVIRONMENT_NAMES, OVERRIDE_PREFIX, Flavour, TurnsSection
from secretaria.simulation import SAMPLE_BUSINESS
from tests.builders import SECRET, TOKEN

WHATICKET_TOKEN = "token-da-conexao-0001"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where everything is.

    Attributes:
        panel: Login of Whaticket's panel, both empty where nothing can be read back.
    """

    home: Path
    crash_file: Path
    port: int
    database_url: str
    valkey_port: int
    whaticket_port: int
    llm_port: int
    panel: tuple[str, str]


def environment_of(shop: Addresses, flavour: Flavour) -> dict[str, str]:
    """Write the configuration of a shop and return the environment of its programs."""
    config = shop.home / "secretaria.toml"
    silences = [n for n in TurnsSection.model_fields if n.endswith("_seconds") and n != "deadline_seconds"]
    hurried = "\n".join(f"{name} = 0.5" for name in silences)
    config.write_text(
        f'[business]\nfolder = "{SAMPLE_BUSINESS}"\n[server]\nport = {shop.port}\n[turns]\n{hurried}\n'
        f'[worker]\nmetrics_port = 0\n[whaticket]\nflavour = "{flavour}"\n'
        '[llm]\nmodel = "secretaria-simulada"\ntimeout_seconds = 5\n',
        encoding="utf-8",
    )
    own = {*ENVIRONMENT_NAMES, *ALIASES, MULTIPROCESS_DIR}
    kept = {k: v for k, v in os.environ.items() if k not in own and not k.startswith(OVERRIDE_PREFIX)}
    email, password = shop.panel
    ours: Mapping[str, str] = {
        "SECRETARIA_CONFIG": str(config),
        "SECRETARIA_HOME": str(shop.home / "data"),
        MULTIPROCESS_DIR: str(shop.home / "metrics"),
        FAULTS_VARIABLE: "1",
        FILE_VARIABLE: str(shop.crash_file),
        "DATABASE_URL": shop.database_url,
        "REDIS_URL": f"redis://127.0.0.1:{shop.valkey_port}/0",
        "WEBHOOK_SECRET": SECRET,
        "WEBHOOK_TOKEN": TOKEN,
        "WHATICKET_URL": f"http://127.0.0.1:{shop.whaticket_port}",
        "WHATICKET_TOKEN": WHATICKET_TOKEN,
        "WHATICKET_EMAIL": email,
        "WHATICKET_PASSWORD": password,
        "LLM_API_KEY": "chave-inventada",
        "LLM_BASE_URL": f"http://127.0.0.1:{shop.llm_port}/v1",
    }
    return supervised({**kept, **ours})
