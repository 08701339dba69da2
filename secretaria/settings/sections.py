"""The tables of secretaria.toml and the secrets of the environment: every key, its limits and its sentence."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from pydantic.networks import IPvAnyNetwork

from secretaria.settings.phrases import CLEAR_ANSWERS, CONNECTIVES, GREETINGS, URGENT_WORDS
from secretaria.settings.written import Origin, OriginIfAny, PhoneNumber, Price

Flavour = Literal["community", "saas", "ticketz"]
UnconfirmedPolicy = Literal["hold", "resend_once", "hold_all"]
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
    trusted_proxies: tuple[str, ...] = Field(
        default=(), description="Endereços do proxy de quem X-Forwarded-For é aceito; vazio não aceita de ninguém."
    )
    hosts: tuple[str, ...] = Field(
        default=(),
        description="Nomes pelos quais o painel pode ser aberto, como painel.exemplo.com.br; vazio aceita qualquer um.",
    )
    internal_networks: tuple[IPvAnyNetwork, ...] = Field(
        default=(ip_network("127.0.0.0/8"), ip_network("::1/128")),
        description="Redes que veem /metrics, /healthz e /schema sem METRICS_TOKEN.",
    )
    refused_per_minute: int = Field(
        default=600, ge=1, description="Pedidos sem autenticação que um endereço pode fazer ao webhook por minuto."
    )
    drain_seconds: float = Field(
        default=0.0,
        ge=0,
        le=60,
        description="Ao parar, quanto o serviço ainda atende depois de dizer em /readyz que vai parar; para quem tem um proxy à frente.",
    )


class InboxSection(Section):
    """What the door does while PostgreSQL is away."""

    spool_max_bytes: int = Field(
        default=64 * 1024 * 1024,
        ge=0,
        description="Bytes de eventos guardados no disco (pasta spool dos dados locais) enquanto o PostgreSQL está fora; 0 desliga.",
    )
    flood_messages_per_hour: int = Field(
        default=120,
        ge=0,
        description="Mensagens de um contato em uma hora a partir das quais o operador é avisado (nada é recusado); 0 não avisa.",
    )


class PanelSection(Section):
    """How long a session of the panel lives."""

    idle_minutes: int = Field(default=30, ge=1, le=1440, description="Minutos sem uso até a sessão terminar.")
    longest_hours: int = Field(default=12, ge=1, le=168, description="Horas até entrar de novo, mesmo em uso.")


class WorkerSection(Section):
    """How the background work is spread."""

    processes: int = Field(default=1, ge=1, le=64, description="Processos de trabalho.")
    threads: int = Field(
        default=512,
        ge=1,
        le=4096,
        description="Atendimentos simultâneos em cada processo, quase todos à espera do modelo.",
    )
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


class BudgetSection(Section):
    """What the model may cost: tokens and dollars, of one conversation, of a day and of a month; 0 is no limit."""

    conversation_tokens_per_day: int = Field(
        default=250_000, ge=0, description="Tokens por dia de uma conversa; 0 não limita. Um turno comum gasta 6.000."
    )
    conversation_usd_per_day: float = Field(
        default=0.5, ge=0, le=1e6, description="Dólares por dia de uma conversa; 0 não limita."
    )
    day_tokens: int = Field(default=6_000_000, ge=0, description="Tokens por dia, todas as conversas; 0 não limita.")
    day_usd: float = Field(default=10.0, ge=0, le=1e6, description="Dólares por dia, tudo somado; 0 não limita.")
    month_tokens: int = Field(default=0, ge=0, description="Tokens por mês, tudo somado; 0 não limita.")
    month_usd: float = Field(default=100.0, ge=0, le=1e6, description="Dólares por mês, tudo somado; 0 não limita.")
    small_model: str = Field(
        default="", description="Modelo mais barato, usado quando o orçamento aperta; vazio pula esse degrau."
    )
    small_model_at: float = Field(
        default=0.7, gt=0, le=1, description="Parte gasta a partir da qual o modelo mais barato assume."
    )
    short_memory_at: float = Field(
        default=0.85, gt=0, le=1, description="Parte gasta a partir da qual o modelo lê menos da conversa."
    )
    prices: tuple[Price, ...] = Field(
        default=(),
        description='Preços em dólares: "modelo entrada cache saída" por milhão de tokens, ou "modelo preço" por minuto de áudio.',
    )


class MediaSection(Section):
    """Who listens to audio messages, and to which ones."""

    transcribe: bool = Field(
        default=True, description="Transcreve áudios (LLM_API_KEY e LLM_BASE_URL, no caminho /audio/transcriptions)."
    )
    model: str = Field(default="gpt-4o-mini-transcribe", min_length=1, description="Modelo que transcreve.")
    language: str = Field(
        default="pt", max_length=2, description="Língua esperada (ISO 639-1); vazio deixa o modelo decidir."
    )
    timeout_seconds: float = Field(default=15.0, gt=0, le=120, description="Prazo de uma transcrição.")
    wait_seconds: float = Field(
        default=20.0, ge=0, le=60, description="Quanto a resposta espera pela transcrição; depois segue sem ela."
    )
    max_bytes: int = Field(
        default=16 * 1024 * 1024, ge=1024, le=25 * 1024 * 1024, description="Maior arquivo, em bytes."
    )
    max_seconds: int = Field(default=300, ge=1, le=3600, description="Áudio mais longo, em segundos.")
    hosts: tuple[str, ...] = Field(
        default=(),
        description="Servidores https de onde mais se baixam áudios, além do próprio Whaticket: midia.exemplo.com.br.",
    )


class HandoffSection(Section):
    """How long a person keeps a conversation."""

    resume_after_hours: float = Field(
        default=12.0, gt=0, le=720, description="Horas sem ninguém até a secretária voltar."
    )
    department_id: int = Field(
        default=0, ge=0, description="Número da fila do Whaticket que recebe as transferências; 0 não transfere."
    )


class EpisodesSection(Section):
    """What belongs together in a conversation, and when it is over."""

    silence_hours: float = Field(
        default=6.0, gt=0, le=168, description="Horas de silêncio que encerram um assunto e pedem um resumo."
    )


class OutboxSection(Section):
    """How bubbles leave, and what becomes of a send that nobody can vouch for."""

    unconfirmed_policy: UnconfirmedPolicy = Field(
        default="hold",
        description="Envio que não se pôde conferir em 10 minutos: hold (fica para uma pessoa), resend_once (reenvia uma vez) ou hold_all (nem o que o Whaticket mostra não ter saído é reenviado).",
    )
    typing_ms_per_character: float = Field(
        default=25.0, ge=0, le=1000, description="Ritmo entre balões: milissegundos por letra do próximo."
    )
    typing_minimum_seconds: float = Field(default=1.0, ge=0, le=60, description="Pausa mínima entre balões.")
    typing_maximum_seconds: float = Field(default=4.0, ge=0, le=60, description="Pausa máxima entre balões.")


class EgressSection(Section):
    """Where calls may go that are neither Whaticket's nor the model's."""

    trusted_origins: tuple[Origin, ...] = Field(
        default=(),
        description="Serviços internos que consultas e mídias podem chamar, pela origem exata: http://10.0.0.5:8080.",
    )


class LogSection(Section):
    """What is written about the work."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(default="INFO", description="Nível mínimo do registro.")
    format: Literal["auto", "console", "json"] = Field(
        default="auto", description="auto escolhe console no terminal e JSON fora dele."
    )
    kept_megabytes: int = Field(
        default=64,
        ge=0,
        le=10_240,
        description="MB do registro guardados também em SECRETARIA_HOME/logs, para secretaria logs; 0 não guarda.",
    )


class TracesSection(Section):
    """Where traces go, if anywhere."""

    endpoint: OriginIfAny = Field(
        default="",
        description="Coletor OTLP/HTTP que recebe um rastro por mensagem: http://coletor:4318 (extra otel); vazio não rastreia.",
    )


class AlertsSection(Section):
    """Whom alerts reach on WhatsApp, beside MONITORING_WEBHOOK_URL."""

    owner_number: PhoneNumber = Field(
        default="",
        description="Número que recebe no WhatsApp os alertas críticos, com país e DDD, só dígitos; vazio não envia.",
    )
    messages_per_hour: int = Field(default=10, ge=1, le=60, description="Avisos por hora, no máximo.")


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


class RetentionSection(Section):
    """For how many days each kind of data is kept."""

    messages_days: int = Field(
        default=180, ge=1, le=3650, description="Dias das conversas, e do cadastro de quem não escreve mais."
    )
    raw_days: int = Field(default=7, ge=1, le=3650, description="Dias do corpo dos eventos recebidos.")
    recordings_days: int = Field(
        default=30,
        ge=1,
        le=3650,
        description="Dias do que serve para responder de novo (eval replay); o que virou teste fica messages_days.",
    )
    audit_days: int = Field(
        default=365, ge=180, le=3650, description="Dias da auditoria; o banco não deixa apagar antes de 180."
    )


class PrivacySection(Section):
    """What a person is told about their data."""

    notice: str = Field(
        default="",
        max_length=600,
        description="Aviso no primeiro contato (quem atende, quem responde pelos dados); vazio não avisa.",
    )


class DeploySection(Section):
    """How a version of this program reaches production."""

    engine: Literal["local", "compose", "swarm"] = Field(
        default="local", description="Como a instalação roda: local (secretaria up), compose ou swarm."
    )
    project: str = Field(
        default="secretaria", pattern=r"^[a-z0-9][a-z0-9_-]*$", description="Nome do projeto no Docker."
    )
    files: tuple[str, ...] = Field(
        default=("docker-compose.prod.yml",), min_length=1, description="Arquivos do Compose, um sobre o outro."
    )
    image: str = Field(default="secretaria", min_length=1, description="Nome da imagem, com o registro se houver um.")
    branch: str = Field(default="main", min_length=1, description="Ramo do git de que se publica.")
    remote: str = Field(default="", description="Repositório remoto que recebe a marca da versão; vazio não envia.")
    ready_seconds: int = Field(default=90, ge=1, le=1800, description="Prazo para a nova versão ficar pronta.")
    watch_seconds: int = Field(
        default=120,
        ge=0,
        le=3600,
        description="Por quanto tempo os erros da nova versão são observados depois da troca.",
    )
    watch_error_ratio: float = Field(
        default=0.02, ge=0, le=1, description="Parte de erros, nesse tempo, acima da qual a versão volta sozinha."
    )
    kept_images: int = Field(default=5, ge=2, le=100, description="Imagens de versões anteriores que ficam no disco.")


class BackupSection(Section):
    """Copies of the database and of the business folder."""

    folder: Path = Field(
        default=Path("backups"),
        description="Pasta das cópias; relativa aos dados locais, ou em compose à pasta da instalação.",
    )
    hour: int = Field(default=3, ge=0, le=23, description="Hora da cópia diária, no fuso do negócio.")
    daily: bool = Field(default=True, description="Se a cópia diária é feita.")
    kept_days: int = Field(default=7, ge=1, le=365, description="Cópias diárias que ficam.")
    kept_weeks: int = Field(default=4, ge=0, le=104, description="Cópias semanais que ficam, além das diárias.")
    kept_months: int = Field(default=3, ge=0, le=60, description="Cópias mensais que ficam, além das semanais.")
    verify_days: int = Field(
        default=7, ge=0, le=365, description="De quantos em quantos dias a cópia diária é restaurada à parte; 0 nunca."
    )
    encrypt_to: tuple[str, ...] = Field(
        default=(), description="Chaves públicas do age (age1...) para as quais as cópias são cifradas."
    )
    passphrase_file: str = Field(
        default="", description="Arquivo com a frase-senha das cópias, para quem não usa chave pública."
    )


class Secrets(Section):
    """What lives only in the environment or in .env; empty means closed, never open."""

    database_url: SecretStr = SecretStr("")
    database_owner_url: SecretStr = SecretStr("")
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
    privacy_key: SecretStr = SecretStr("")
    metrics_token: SecretStr = SecretStr("")
    alerts_token: SecretStr = SecretStr("")
    monitoring_webhook_url: SecretStr = SecretStr("")
    postgres_password: SecretStr = SecretStr("")
    postgres_app_password: SecretStr = SecretStr("")
    redis_password: SecretStr = SecretStr("")
    grafana_admin_password: SecretStr = SecretStr("")


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
    panel: PanelSection = PanelSection()
    inbox: InboxSection = InboxSection()
    worker: WorkerSection = WorkerSection()
    turns: TurnsSection = TurnsSection()
    whaticket: WhaticketSection = WhaticketSection()
    llm: LlmSection = LlmSection()
    budget: BudgetSection = BudgetSection()
    media: MediaSection = MediaSection()
    handoff: HandoffSection = HandoffSection()
    episodes: EpisodesSection = EpisodesSection()
    outbox: OutboxSection = OutboxSection()
    egress: EgressSection = EgressSection()
    log: LogSection = LogSection()
    traces: TracesSection = TracesSection()
    alerts: AlertsSection = AlertsSection()
    database: DatabaseSection = DatabaseSection()
    retention: RetentionSection = RetentionSection()
    privacy: PrivacySection = PrivacySection()
    deploy: DeploySection = DeploySection()
    backup: BackupSection = BackupSection()
