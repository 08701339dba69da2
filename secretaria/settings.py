"""secretaria.toml and the environment become one frozen Settings; unknown keys are refused, secrets hide themselves."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, get_args

from dotenv import dotenv_values
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from secretaria.errors import ConfigurationError
from secretaria.validation import nearest, reason

CONFIG_FILE = "secretaria.toml"
CONFIG_VARIABLE = "SECRETARIA_CONFIG"
ENV_FILE = ".env"
OVERRIDE_PREFIX = "SECRETARIA__"
CREATE_COMMAND = "secretaria config init"
CREATE_HINT = f"crie os arquivos com: {CREATE_COMMAND}"
MINIMUM_SECRET_BYTES = 32
MINIMUM_TOKEN_BYTES = 16
EXAMPLE_VALUES = frozenset({"changeme", "change-me", "troque-me", "exemplo", "example", "secret", "segredo"})

GREETINGS = (
    "oi", "oie", "oii", "ola", "opa", "eae", "e ai", "bom dia", "boa tarde", "boa noite", "oi bom dia", "oi boa tarde",
    "oi boa noite", "ola bom dia", "ola boa tarde", "ola boa noite", "tudo bem", "td bem", "oi tudo bem", "oi td bem", "alo",
)  # fmt: skip
CONNECTIVES = (
    "e", "mas", "que", "q", "pra", "para", "p", "de", "do", "da", "dos", "das", "com", "c", "se", "ou", "porque", "pq", "por",
    "em", "no", "na", "o", "a", "os", "as", "um", "uma", "so", "tipo", "entao", "sobre", "quando", "onde", "como", "meu", "minha",
)  # fmt: skip
CLEAR_ANSWERS = (
    "sim", "nao", "confirmo", "confirmado", "pode ser", "pode", "isso", "isso mesmo", "ok", "blz", "beleza", "quero", "quero sim",
    "nao quero", "claro", "com certeza", "s", "n", "ss", "nn", "centro", "manha", "tarde", "noite",
)  # fmt: skip
URGENT_WORDS = (
    "urgent",
    "urgenc",
    "emergenc",
    "socorro",
    "sangr",
    "inchad",
    "inchac",
    "acident",
    "dor",
    "doendo",
    "doi",
)

Flavour = Literal["community", "saas", "ticketz"]
UnconfirmedPolicy = Literal["hold", "resend_once"]
QueueName = Literal["inbox", "turns", "outbox"]
QUEUE_NAMES: tuple[str, ...] = get_args(QueueName)


class Section(BaseModel):
    """One table of secretaria.toml: frozen, and closed to keys it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class BusinessSection(Section):
    """Whose secretary this is."""

    folder: Path = Field(default=Path("negocio"), description="Pasta do negócio (negocio.toml e base/*.md).")


class ServerSection(Section):
    """Where the web service listens."""

    host: str = Field(default="127.0.0.1", description="Endereço em que o serviço escuta.")
    port: int = Field(default=8000, ge=1, le=65535, description="Porta do serviço.")
    processes: int = Field(default=1, ge=1, le=64, description="Quantos processos atendem o webhook.")


class InboxSection(Section):
    """What the door does while PostgreSQL is away."""

    spool_max_bytes: int = Field(
        default=64 * 1024 * 1024,
        ge=0,
        description="Bytes de eventos guardados no disco (pasta spool dos dados locais) enquanto o PostgreSQL está fora; 0 desliga.",
    )


class WorkerSection(Section):
    """How the background work is spread."""

    processes: int = Field(default=1, ge=1, le=64, description="Processos de trabalho.")
    threads: int = Field(default=16, ge=1, le=512, description="Linhas de execução em cada processo.")
    queues: tuple[QueueName, ...] = Field(default=("inbox", "turns", "outbox"), description="Filas atendidas.")
    metrics_host: str = Field(default="127.0.0.1", description="Endereço das métricas do worker.")
    metrics_port: int = Field(default=9191, ge=0, le=65535, description="Porta das métricas do worker; 0 desliga.")
    shutdown_seconds: int = Field(default=30, ge=1, le=300, description="Prazo para terminar ao parar.")


class TurnsSection(Section):
    """When the secretary considers that the customer has finished a thought: seconds of silence, and exceptions."""

    quiet_period_seconds: float = Field(
        default=9.0,
        ge=0,
        le=120,
        description="Silêncio desejado até a resposta, já com o tempo do modelo; 0 desliga a espera.",
    )
    greeting_seconds: float = Field(default=14.0, ge=0, le=120, description="O mesmo, depois de só um cumprimento.")
    unfinished_seconds: float = Field(
        default=15.0, ge=0, le=120, description="Depois de frase que termina em conectivo ou vírgula."
    )
    image_seconds: float = Field(default=12.0, ge=0, le=120, description="Depois de imagem sem texto.")
    clear_answer_seconds: float = Field(
        default=5.0, ge=0, le=120, description="Depois de resposta clara a uma pergunta nossa."
    )
    urgent_seconds: float = Field(default=7.0, ge=0, le=120, description="Depois de palavra de urgência.")
    long_message_seconds: float = Field(
        default=6.0, ge=0, le=120, description="Depois de mensagem longa (90 letras ou mais)."
    )
    slow_typing_factor: float = Field(
        default=1.6, ge=1, le=10, description="Quanto esperar além da maior pausa da própria rajada."
    )
    slow_typing_limit_seconds: float = Field(default=14.0, ge=0, le=120, description="Limite dessa espera maior.")
    minimum_wait_seconds: float = Field(default=1.5, ge=0, le=60, description="Espera mínima antes de chamar o modelo.")
    maximum_wait_seconds: float = Field(
        default=14.0, ge=0, le=120, description="Espera máxima antes de chamar o modelo."
    )
    deadline_seconds: float = Field(default=25.0, ge=0, le=600, description="Espera máxima desde a primeira mensagem.")
    max_messages: int = Field(default=15, ge=1, le=200, description="Mensagens que encerram a espera.")
    greetings: tuple[str, ...] = Field(default=GREETINGS, description="Cumprimentos.")
    connectives: tuple[str, ...] = Field(default=CONNECTIVES, description="Palavras que deixam a frase no ar.")
    clear_answers: tuple[str, ...] = Field(
        default=CLEAR_ANSWERS, description="Respostas que se bastam (horários também)."
    )
    urgent_words: tuple[str, ...] = Field(default=URGENT_WORDS, description="Começos de palavras de urgência.")


class WhaticketSection(Section):
    """How this Whaticket speaks."""

    flavour: Flavour = Field(default="community", description="Edição do Whaticket: community, saas ou ticketz.")
    channel: str = Field(default="principal", min_length=1, max_length=64, description="Nome desta conexão.")
    connect_timeout_seconds: float = Field(default=3.0, gt=0, le=30, description="Prazo para conectar.")
    read_timeout_seconds: float = Field(default=12.0, gt=0, le=60, description="Prazo para a resposta do envio.")


class LlmSection(Section):
    """Which model writes, and how long it may take."""

    model: str = Field(default="gpt-4.1-mini", min_length=1, description="Modelo principal.")
    fallback_model: str = Field(default="", description="Modelo usado quando o principal falha; vazio desliga.")
    timeout_seconds: float = Field(default=20.0, gt=0, le=120, description="Prazo total de uma chamada ao modelo.")
    max_output_tokens: int = Field(default=900, ge=64, le=8000, description="Limite de tokens da resposta do modelo.")
    temperature: float = Field(default=0.3, ge=0, le=2, description="Variação do texto; menor é mais estável.")


class HandoffSection(Section):
    """How long a person keeps a conversation."""

    resume_after_hours: float = Field(
        default=12.0, gt=0, le=720, description="Horas sem ninguém até a secretária voltar."
    )
    department_id: int = Field(
        default=0, ge=0, description="Número da fila do Whaticket que recebe as transferências; 0 não transfere."
    )


class OutboxSection(Section):
    """How bubbles leave, and what becomes of a send that nobody can vouch for."""

    unconfirmed_policy: UnconfirmedPolicy = Field(
        default="hold",
        description="Envio que não se pôde conferir em 10 minutos: hold (fica para uma pessoa) ou resend_once (reenvia uma vez).",
    )
    typing_ms_per_character: float = Field(
        default=25.0, ge=0, le=1000, description="Ritmo entre balões: milissegundos por letra do próximo."
    )
    typing_minimum_seconds: float = Field(default=1.0, ge=0, le=60, description="Pausa mínima entre balões.")
    typing_maximum_seconds: float = Field(default=4.0, ge=0, le=60, description="Pausa máxima entre balões.")


class LogSection(Section):
    """What is written about the work."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(default="INFO", description="Nível mínimo do registro.")
    format: Literal["auto", "console", "json"] = Field(
        default="auto", description="auto escolhe console no terminal e JSON fora dele."
    )


class DatabaseSection(Section):
    """Limits of the connection to PostgreSQL."""

    pool_size: int = Field(default=10, ge=1, le=200, description="Conexões mantidas por processo.")
    connect_timeout_seconds: int = Field(default=5, ge=1, le=60, description="Prazo para conectar.")
    startup_wait_seconds: float = Field(
        default=30.0,
        ge=0,
        le=600,
        description="Quanto o worker espera, ao iniciar, por um banco em que possa trabalhar.",
    )


class Secrets(Section):
    """What lives only in the environment or in .env; empty means closed, never open."""

    database_url: SecretStr = SecretStr("")
    redis_url: SecretStr = SecretStr("")
    webhook_secret: SecretStr = SecretStr("")
    webhook_token: SecretStr = SecretStr("")
    whaticket_url: str = ""
    whaticket_token: SecretStr = SecretStr("")
    whaticket_email: str = ""
    whaticket_password: SecretStr = SecretStr("")
    llm_api_key: SecretStr = SecretStr("")
    llm_base_url: str = ""
    jwt_secret: SecretStr = SecretStr("")
    monitoring_webhook_url: SecretStr = SecretStr("")
    postgres_password: SecretStr = SecretStr("")
    redis_password: SecretStr = SecretStr("")
    grafana_admin_password: SecretStr = SecretStr("")


ENVIRONMENT_NAMES = tuple(name.upper() for name in Secrets.model_fields)
ALIASES = {"OPENAI_API_KEY": "LLM_API_KEY", "OPENAI_BASE_URL": "LLM_BASE_URL"}
OVERRIDE_ALIASES = {"UNCONFIRMED_POLICY": "SECRETARIA__OUTBOX__UNCONFIRMED_POLICY"}


class Settings(Section):
    """Everything an installation is configured with.

    Attributes:
        home: Folder of local data (``SECRETARIA_HOME``).
        source: The secretaria.toml that was read, or None where there is none and defaults stand.
    """

    home: Path
    source: Path | None
    secrets: Secrets
    business: BusinessSection = BusinessSection()
    server: ServerSection = ServerSection()
    inbox: InboxSection = InboxSection()
    worker: WorkerSection = WorkerSection()
    turns: TurnsSection = TurnsSection()
    whaticket: WhaticketSection = WhaticketSection()
    llm: LlmSection = LlmSection()
    handoff: HandoffSection = HandoffSection()
    outbox: OutboxSection = OutboxSection()
    log: LogSection = LogSection()
    database: DatabaseSection = DatabaseSection()


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
    environment = {**_read_env_file(chosen.parent / ENV_FILE), **process}
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


def require_strong_webhook_secrets(settings: Settings) -> None:
    """Refuse webhook secrets that are short or copied from an example (requirement R7).

    Raises:
        ConfigurationError: A secret in force is too weak to close a door with.
    """
    problems = [
        f"{name} precisa de pelo menos {minimum} caracteres e não pode ser um exemplo"
        for name, minimum in (("WEBHOOK_SECRET", MINIMUM_SECRET_BYTES), ("WEBHOOK_TOKEN", MINIMUM_TOKEN_BYTES))
        for value in secret_values(getattr(settings.secrets, name.lower()))
        if len(value.encode()) < minimum or value.lower() in EXAMPLE_VALUES
    ]
    if problems:
        hint = "gere um com: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"
        raise ConfigurationError("; ".join(problems), hint)


def secret_values(secret: SecretStr) -> list[str]:
    """Return the values in force of a secret: two, separated by a comma, while it rotates; none when it is empty."""
    return [part.strip() for part in secret.get_secret_value().split(",") if part.strip()]


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


def _is_set(secrets: Secrets, names: str) -> bool:
    for name in names.split("|"):
        value = getattr(secrets, name.lower())
        if value.get_secret_value() if isinstance(value, SecretStr) else value:
            return True
    return False
