"""The one place that turns Settings into engine, Redis, publisher, gateway, chat and business; each on first use."""
# ruff: noqa: PLC0415  # a process imports only the libraries of the parts it uses: the web never loads openai

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from secretaria.clock import SystemClock
from secretaria.settings import Settings, secret_values

if TYPE_CHECKING:
    import redis
    from dramatiq.brokers.redis import RedisBroker
    from sqlalchemy import Engine

    from secretaria.inbox.filing import FilingRoom
    from secretaria.inbox.receive import Door
    from secretaria.knowledge.folder import Business
    from secretaria.llm.chat import Chat
    from secretaria.outbox.delivery import DispatchRoom
    from secretaria.queue.publisher import Publisher
    from secretaria.replies.answer import AnsweringRoom
    from secretaria.whaticket.gateway import Gateway

DOOR_REDIS_SECONDS = 1.0
WORKER_REDIS_SECONDS = 5.0
HEALTH_SECONDS = 1.5
WHATICKET_REQUIRED = ("WHATICKET_URL", "WHATICKET_TOKEN")


class Installation:
    """The parts of one running process; what is never asked for is never built.

    Attributes:
        settings: What it was configured with.
        clock: The clock every part shares.
    """

    def __init__(self, settings: Settings, *, redis_timeout_seconds: float = DOOR_REDIS_SECONDS) -> None:
        self.settings = settings
        self.clock = SystemClock()
        self._redis_timeout = redis_timeout_seconds

    @cached_property
    def engine(self) -> Engine:
        """The pool of connections to PostgreSQL."""
        from secretaria.database.engine import build_engine

        section = self.settings.database
        return build_engine(
            self.settings.secrets.database_url.get_secret_value(),
            pool_size=section.pool_size,
            connect_timeout=section.connect_timeout_seconds,
        )

    @cached_property
    def health_engine(self) -> Engine:
        """A small pool of its own, so that a busy main pool is not reported as a dead database."""
        from secretaria.database.engine import build_engine

        url = self.settings.secrets.database_url.get_secret_value()
        return build_engine(url, pool_size=2, connect_timeout=2, statement_timeout_ms=int(HEALTH_SECONDS * 1000))

    @cached_property
    def redis(self) -> redis.Redis:
        """A client with short time-outs and no hidden retries."""
        from secretaria.queue.broker import build_redis

        return build_redis(self.settings.secrets.redis_url.get_secret_value(), timeout_seconds=HEALTH_SECONDS)

    @cached_property
    def broker(self) -> RedisBroker:
        """The Dramatiq broker."""
        from secretaria.queue.broker import build_broker

        url = self.settings.secrets.redis_url.get_secret_value()
        return build_broker(url, timeout_seconds=self._redis_timeout)

    @cached_property
    def publisher(self) -> Publisher:
        """Publishes nudges."""
        from secretaria.queue.publisher import QueuePublisher

        return QueuePublisher(self.broker)

    @cached_property
    def gateway(self) -> Gateway:
        """The way to Whaticket."""
        from secretaria.whaticket.http_gateway import HttpGateway

        section, secrets = self.settings.whaticket, self.settings.secrets
        return HttpGateway(
            url=secrets.whaticket_url,
            token=secret_values(secrets.whaticket_token)[0],
            flavour=section.flavour,
            connect_timeout=section.connect_timeout_seconds,
            read_timeout=section.read_timeout_seconds,
            clock=self.clock,
        )

    @cached_property
    def chat(self) -> Chat:
        """The way to the language model."""
        from secretaria.llm.openai_chat import OpenAIChat

        section, secrets = self.settings.llm, self.settings.secrets
        return OpenAIChat(
            api_key=secret_values(secrets.llm_api_key)[0],
            base_url=secrets.llm_base_url,
            model=section.model,
            fallback_model=section.fallback_model,
            timeout_seconds=section.timeout_seconds,
            max_output_tokens=section.max_output_tokens,
            temperature=section.temperature,
        )

    @cached_property
    def business(self) -> Business:
        """What the owner published."""
        from secretaria.knowledge.folder import load_business_folder

        return load_business_folder(self.settings.business.folder)

    def door(self) -> Door:
        """What the webhook works with."""
        from secretaria.inbox.receive import Door

        return Door(
            engine=self.engine,
            publisher=self.publisher,
            clock=self.clock,
            channel=self.settings.whaticket.channel,
            secrets=secret_values(self.settings.secrets.webhook_secret),
            tokens=secret_values(self.settings.secrets.webhook_token),
        )

    def filing_room(self) -> FilingRoom:
        """What the filing of events works with."""
        from secretaria.inbox.filing import FilingRoom

        return FilingRoom(self.engine, self.publisher, self.clock, self.settings.turns)

    def answering_room(self) -> AnsweringRoom:
        """What the answering of turns works with; the model may be asked twice, once as fallback."""
        from secretaria.replies.answer import AnsweringRoom

        calls = 2 if self.settings.llm.fallback_model else 1
        return AnsweringRoom(
            engine=self.engine,
            publisher=self.publisher,
            clock=self.clock,
            chat=self.chat,
            business=self.business,
            llm_budget_seconds=self.settings.llm.timeout_seconds * calls,
            resume_after_hours=self.settings.handoff.resume_after_hours,
        )

    def dispatch_room(self) -> DispatchRoom:
        """What the delivery of bubbles works with."""
        from secretaria.outbox.delivery import DispatchRoom

        return DispatchRoom(self.engine, self.publisher, self.clock, self.gateway)
