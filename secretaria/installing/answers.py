"""What an installation wants to know of its operator: each question once, answered by a file, a person or a default."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from secretaria.errors import ConfigurationError
from secretaria.settings import Flavour
from secretaria.validation import nearest, reason

TEMPLATE_HINT = "veja todas com: secretaria install --answers-template"
# Of .env, by the question that fills it.
ENVIRONMENT = {
    "public_host": "PUBLIC_HOST",
    "acme_email": "ACME_EMAIL",
    "http_port": "HTTP_PORT",
    "https_port": "HTTPS_PORT",
    "whaticket_url": "WHATICKET_URL",
    "whaticket_token": "WHATICKET_TOKEN",
    "whaticket_email": "WHATICKET_EMAIL",
    "whaticket_password": "WHATICKET_PASSWORD",
    "llm_api_key": "LLM_API_KEY",
    "llm_base_url": "LLM_BASE_URL",
}
# Of secretaria.toml, by the question that fills it.
SETTINGS = {
    "whaticket_flavour": ("whaticket", "flavour"),
    "llm_model": ("llm", "model"),
    "port": ("server", "port"),
}
SECRET = ("whaticket_token", "whaticket_password", "llm_api_key")
NEEDED = {"whaticket_url", "whaticket_token", "llm_api_key"}
NEEDED_BY_COMPOSE = NEEDED | {"public_host"}
OTHERS_BITS = 0o077


Host = Annotated[str, Field(pattern=r"^([a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*)?$")]
Port = Annotated[int, Field(ge=1, le=65535)]
Trimmed = Annotated[str, BeforeValidator(lambda text: text.strip() if isinstance(text, str) else text)]


class Answers(BaseModel):
    """The answers of one installation; empty texts and None are questions that nobody answered."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mode: Literal["compose", "local"] = Field(
        default="compose", description="compose (Docker, servidor) ou local (secretaria up, sem Docker)"
    )
    public_host: Host = Field(default="", description="Nome público deste servidor, como loja.exemplo.com.br")
    acme_email: Trimmed = Field(default="", description="E-mail para avisos do certificado TLS")
    monitoring: bool = Field(default=True, description="Sobe também Prometheus, Alertmanager e Grafana")
    http_port: Port = Field(default=80, description="Porta HTTP publicada")
    https_port: Port = Field(default=443, description="Porta HTTPS publicada")
    port: Port | None = Field(default=None, description="No modo local: porta do serviço (padrão: 8000)")
    whaticket_flavour: Flavour | None = Field(
        default=None, description="Edição do Whaticket: community, saas, ticketz, ..."
    )
    whaticket_url: Trimmed = Field(
        default="", description="Endereço da API do Whaticket, como https://api.exemplo.com.br"
    )
    whaticket_token: Trimmed = Field(default="", description="Token da conexão no Whaticket")
    whaticket_email: Trimmed = Field(default="", description="Login do painel do Whaticket (filas, áudios e dúvidas)")
    whaticket_password: str = Field(default="", description="Senha desse login")
    llm_api_key: Trimmed = Field(default="", description="Chave do modelo de linguagem")
    llm_base_url: Trimmed = Field(default="", description="Endereço do modelo; vazio usa o da OpenAI")
    llm_model: Trimmed = Field(default="", description="Modelo; vazio usa o padrão")
    business_folder: str = Field(default="", description="Pasta com negocio.toml e base/; vazia começa de um exemplo")
    owner_login: str = Field(default="dono", min_length=1, description="Login do dono no painel")
    owner_name: str = Field(default="", description="Como o dono é chamado no painel")
    owner_password_file: str = Field(
        default="", description="Arquivo com a senha do dono; vazio sorteia uma, mostrada uma vez"
    )

    def missing(self) -> list[str]:
        """Name the questions that must be answered and are not."""
        needed = NEEDED_BY_COMPOSE if self.mode == "compose" else NEEDED
        return [name for name in Answers.model_fields if name in needed and not getattr(self, name)]

    def environment(self) -> dict[str, str]:
        """Return what ``.env`` gets of the answers; what nobody answered is left out."""
        found = {ENVIRONMENT[name]: getattr(self, name) for name in ENVIRONMENT if getattr(self, name)}
        if self.mode == "local":
            found = {name: value for name, value in found.items() if name not in {"HTTP_PORT", "HTTPS_PORT"}}
        else:
            found["COMPOSE_PROFILES"] = "monitoring" if self.monitoring else ""
        return {name: str(value) for name, value in found.items()}

    def settings(self) -> dict[tuple[str, str], Any]:
        """Return what ``secretaria.toml`` gets of the answers, by section and key."""
        return {place: getattr(self, name) for name, place in SETTINGS.items() if getattr(self, name)}


def read_answers(path: Path) -> tuple[Answers, bool]:
    """Read a file of answers.

    Args:
        path: TOML, without tables.

    Returns:
        The answers, and whether the file holds a secret that others on this machine may read.

    Raises:
        ConfigurationError: It cannot be read, a key is unknown or a value is wrong; one message lists them all.
    """
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"não consegui ler {path}: {error.strerror}", TEMPLATE_HINT) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"{path} não é um TOML válido: {error}", TEMPLATE_HINT) from error
    answers = answered(told, str(path))
    exposed = any(getattr(answers, name) for name in SECRET) and bool(path.stat().st_mode & OTHERS_BITS)
    return answers, exposed


def answered(told: dict[str, Any], where: str) -> Answers:
    """Turn plain answers into checked ones.

    Args:
        told: By name of the question.
        where: Where they come from, for whoever must correct them.

    Raises:
        ConfigurationError: A key is unknown or a value is wrong.
    """
    unknown = [
        f"chave desconhecida {key!r}{nearest(key, Answers.model_fields)}"
        for key in told
        if key not in Answers.model_fields
    ]
    if unknown:
        raise ConfigurationError(f"{where}: {'; '.join(unknown)}", TEMPLATE_HINT)
    try:
        return Answers(**told)
    except ValidationError as error:
        wrong = [f"{item['loc'][0]}: {reason(item)}" for item in error.errors(include_url=False, include_input=False)]
        raise ConfigurationError(f"{where}: {'; '.join(wrong)}", TEMPLATE_HINT) from error


def answers_template() -> str:
    """Return a file of answers with every question and its default; JSON's values are TOML's too."""
    lines = [
        "# Respostas de: secretaria install --answers ESTE_ARQUIVO --yes",
        "# Contém segredos: chmod 600. Chave em comentário vale o padrão.",
    ]
    for name, field in Answers.model_fields.items():
        needed = (
            " Obrigatória."
            if name in NEEDED
            else (" Obrigatória no modo compose." if name in NEEDED_BY_COMPOSE else "")
        )
        default = "" if field.default is None else field.default
        comment = "# " if field.default is None else ""
        lines += ["", f"# {field.description}.{needed}", f"{comment}{name} = {json.dumps(default, ensure_ascii=False)}"]
    return "\n".join(lines) + "\n"
