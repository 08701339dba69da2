"""The files a new installation begins with: commented settings, fresh secrets, a business to rewrite."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from pathlib import Path

from secretaria.errors import PreflightRefused
from secretaria.settings import CONFIG_FILE, ENV_FILE, SECTIONS
from secretaria.simulation import SAMPLE_BUSINESS

BUSINESS_FOLDER = "negocio"
HEADER = """\
# Configuração da Secretária Virtual. Segredos não ficam aqui, e sim em .env.
# Qualquer chave pode ser trocada pelo ambiente: SECRETARIA__SECAO__CHAVE=valor.
# Confira com: secretaria config check
"""


def create_files(folder: Path) -> list[tuple[Path, bool]]:
    """Create what is missing of ``secretaria.toml``, ``.env`` (mode 0600) and the business folder.

    Returns:
        Each path, and whether it was created now; what was there is never touched.

    Raises:
        PreflightRefused: The folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return [
            (folder / CONFIG_FILE, _write(folder / CONFIG_FILE, settings_template(), 0o644)),
            (folder / ENV_FILE, _write(folder / ENV_FILE, _environment_template(), 0o600)),
            (folder / BUSINESS_FOLDER, _copy_business(folder / BUSINESS_FOLDER)),
        ]
    except OSError as error:
        raise PreflightRefused(
            f"não consegui escrever em {folder}: {error.strerror}", "escolha outra pasta: secretaria config init PASTA"
        ) from error


def settings_template() -> str:
    """Return secretaria.toml with every key, its default and its sentence; JSON's values are TOML's too."""
    lines = [HEADER.rstrip()]
    for name, section in SECTIONS.items():
        defaults = json.loads(section().model_dump_json())
        lines += ["", f"[{name}]"]
        for key, field in section.model_fields.items():
            lines += [f"# {field.description}", f"{key} = {json.dumps(defaults[key], ensure_ascii=False)}"]
    return "\n".join(lines) + "\n"


def _environment_template() -> str:
    return f"""\
# Segredos desta instalação. Vazio fecha a porta, nunca abre. Não entregue este arquivo a ninguém.
# Dois valores separados por vírgula valem ao mesmo tempo, durante uma troca.
WEBHOOK_SECRET={secrets.token_urlsafe(32)}
WEBHOOK_TOKEN={secrets.token_urlsafe(24)}
JWT_SECRET={secrets.token_urlsafe(32)}
# Para ver /metrics, /healthz e /schema de fora das redes internas; vazio não deixa.
METRICS_TOKEN=
# Com ela o Alertmanager entrega os alertas que vão ao dono ([alerts] owner_number).
ALERTS_TOKEN={secrets.token_urlsafe(24)}

# Com ela um contato vira um código nos registros e na lista de exclusões; não a troque, e use a mesma em todas as máquinas.
PRIVACY_KEY={secrets.token_urlsafe(32)}

# O Whaticket que envia as mensagens.
WHATICKET_URL=
WHATICKET_TOKEN=

# O modelo de linguagem; LLM_BASE_URL vazio usa o da OpenAI.
LLM_API_KEY=
LLM_BASE_URL=

# Vazios, secretaria up usa o PostgreSQL e o Valkey embutidos.
DATABASE_URL=
REDIS_URL=
# Com um PostgreSQL seu: o dono do esquema, que migra; DATABASE_URL é então um papel que só lê e grava linhas.
DATABASE_OWNER_URL=
"""


def _write(path: Path, text: str, mode: int) -> bool:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    return True


def _copy_business(folder: Path) -> bool:
    if folder.exists():
        return False
    folder.mkdir()
    shutil.copy(SAMPLE_BUSINESS / "negocio.toml", folder)
    shutil.copytree(SAMPLE_BUSINESS / "base", folder / "base")
    return True
