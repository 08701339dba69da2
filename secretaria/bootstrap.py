"""The one place that turns Settings into engine, Redis, publisher, gateway, chat and business; each on first use."""
# ruff: noqa: PLC0415  # a process imports only the libraries of the parts it uses: the web never loads openai

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from secretaria.clock import SystemClock
from secretaria.errors import Unavailable
from secretaria.settings import Settings, env_file_of, owner_url, require, secret_values

if TYPE_CHECKING:
    import redis
    from sqlalchemy import Engine

    from secretaria.agenda.reminders import ReminderRoom
    from secretaria.alarms.telling import AlarmRoom
    from secretaria.attendants.accounts import AccountsRoom
    from secretaria.attendants.entering import Entrance
    from secretaria.attendants.sessions import Sessions
    from secretaria.audit.trail import Actor
    from secretaria.breaker import Breaker, State
    from secretaria.conversations.leases import LeaseKeeper
    from secretaria.conversations.waking import Waker
    from secretaria.inbox.catch_up import CatchUpRoom
    from secretaria.inbox.drain import Drain
    from secretaria.inbox.filing import FilingRoom
    from secretaria.inbox.group_commit import GroupCommit
    from secretaria.inbox.receive import Door
    from secretaria.inbox.spool import Spool
    from secretaria.knowledge.library import PublishedLibrary
    from secretaria.knowledge.snapshot import Business
    from secretaria.llm.budget import Budget
    from secretaria.llm.chat import Chat
    from secretaria.llm.transcriber import Transcriber
    from secretaria.media.hearing import HearingRoom
    from secretaria.outbox.delivery import DispatchRoom
    from secretaria.outbox.reconcile import ReconcileRoom
    from secretaria.queue.broker import NudgeBroker
    from secretaria.queue.pauses import PauseBoard
    from secretaria.queue.publisher import Publisher
    from secretaria.replies.answer import AnsweringRoom
    from secretaria.replies.summarising import SummaryRoom
    from secretaria.replies.volatile import VolatileContext
    from secretaria.settings.env_file import RotatingValues
    from secretaria.vigil import Vigil
    from secretaria.whaticket.gateway import Gateway
    from secretaria.whaticket.panel import Panel

DOOR_REDIS_SECONDS = 1.0
WORKER_REDIS_SECONDS = 5.0
HEALTH_SECONDS = 1.5
PANEL_READ_SECONDS = 5.0  # a look asks several pages


class Installation:
    """The parts of one running process; what is never asked for is never built.

    Attributes:
        settings: What it was configured with.
        clock: The clock every part shares.
        started_at: Since when this process has them.
    """

    def __init__(self, settings: Settings, *, redis_timeout_seconds: float = DOOR_REDIS_SECONDS) -> None:
        self.settings = settings
        self.clock = SystemClock()
        self.started_at = self.clock.now()
        self._redis_timeout = redis_timeout_seconds

    @cached_property
    def engine(self) -> Engine:
        """The pool of connections to PostgreSQL; what is committed over it wakes whoever follows the conversations."""
        from secretaria.conversations.waking import Bell, ring_after_commits
        from secretaria.database.engine import build_engine
        from secretaria.database.spent import tell_spent

        section = self.settings.database
        engine = build_engine(
            self.settings.secrets.database_url.get_secret_value(),
            pool_size=section.pool_size,
            connect_timeout=section.connect_timeout_seconds,
        )
        tell_spent(engine)
        if self.settings.secrets.redis_url.get_secret_value():
            ring_after_commits(engine, Bell(lambda: self.redis))
        return engine

    @property
    def has_owner(self) -> bool:
        """Whether the schema belongs to another role than the one that service and workers connect as."""
        secrets = self.settings.secrets
        return owner_url(self.settings) != secrets.database_url.get_secret_value()

    @cached_property
    def owner_engine(self) -> Engine:
        """Connects as the owner of the schema; what changes it, or makes databases, uses this."""
        from secretaria.database.engine import build_engine

        return build_engine(owner_url(self.settings), pool_size=2) if self.has_owner else self.engine

    @cached_property
    def waker(self) -> Waker:
        """Wakes whoever in this process follows the conversations."""
        from secretaria.conversations.waking import Waker

        return Waker(self.redis if self.settings.secrets.redis_url.get_secret_value() else None)

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
    def vigil(self) -> Vigil:
        """What is known of the health of everything, and since when."""
        from functools import partial

        from secretaria.health import check_health
        from secretaria.vigil import Vigil

        outside = {"whaticket": self._ask_whaticket, "model": self._ask_model}
        return Vigil(partial(check_health, self.health_engine, self.redis), outside, self.redis, self.clock)

    def _ask_whaticket(self) -> str:
        require(self.settings, ("WHATICKET_URL", "WHATICKET_TOKEN"))
        self.gateway.ping()
        return "responde"

    def _ask_model(self) -> str:
        require(self.settings, ("LLM_API_KEY",))
        offered, wanted = self.chat.list_models(), self.settings.llm.model
        if offered and wanted not in offered:
            raise Unavailable(f"o serviço não oferece {wanted}", "confira [llm] model")
        return f"{wanted} responde"

    @cached_property
    def broker(self) -> NudgeBroker:
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
    def pauses(self) -> PauseBoard:
        """What this process knows of paused queues."""
        from secretaria.queue.pauses import PauseBoard

        return PauseBoard(self.engine)

    @cached_property
    def gateway(self) -> Gateway:
        """The way to Whaticket."""
        from secretaria.whaticket.http_gateway import HttpGateway
        from secretaria.whaticket.probing import ProbingGateway

        section, secrets = self.settings.whaticket, self.settings.secrets
        real = HttpGateway(
            url=secrets.whaticket_url,
            token=secret_values(secrets.whaticket_token)[0],
            flavour=section.flavour,
            connect_timeout=section.connect_timeout_seconds,
            read_timeout=section.read_timeout_seconds,
            clock=self.clock,
        )
        return ProbingGateway(real, self.redis, self.clock) if secrets.redis_url.get_secret_value() else real

    @cached_property
    def panel(self) -> Panel | None:
        """Whaticket's panel, as one of its users; None where no login is configured."""
        from secretaria.whaticket.http_panel import HttpPanel

        secrets = self.settings.secrets
        if not (secrets.whaticket_email and secrets.whaticket_password.get_secret_value()):
            return None
        return HttpPanel(
            url=secrets.whaticket_url,
            email=secrets.whaticket_email,
            password=secrets.whaticket_password.get_secret_value(),
            connect_timeout=self.settings.whaticket.connect_timeout_seconds,
            read_timeout=PANEL_READ_SECONDS,
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
            breaker=self.breaker if secrets.redis_url.get_secret_value() else None,  # doctor asks without Redis too
            budget=self.budget if secrets.database_url.get_secret_value() else None,
        )

    @cached_property
    def transcriber(self) -> Transcriber:
        """The way to the model that listens."""
        from secretaria.llm.transcriber import OpenAITranscriber

        section, secrets = self.settings.media, self.settings.secrets
        return OpenAITranscriber(
            api_key=secret_values(secrets.llm_api_key)[0],
            base_url=secrets.llm_base_url,
            model=section.model,
            language=section.language,
            timeout_seconds=section.timeout_seconds,
            breaker=self.breaker,
            budget=self.budget,
        )

    @cached_property
    def budget(self) -> Budget:
        """What the model may still cost."""
        from secretaria.llm.budget import Budget
        from secretaria.llm.pricing import PriceList

        limits = self.settings.budget
        return Budget(
            self.engine,
            self.clock,
            limits,
            PriceList(limits.prices),
            lambda: self.library.lately().card.identity.timezone,
        )

    @cached_property
    def breaker(self) -> Breaker:
        """The circuit breakers, shared with all processes."""
        from secretaria.breaker import Breaker

        return Breaker(self.redis, self.clock)

    def model_breakers(self) -> tuple[str, ...]:
        """The names of the models' circuit breakers."""
        from secretaria.llm.chat import breaker_name

        models = (self.settings.llm.model, self.settings.llm.fallback_model)
        return tuple(breaker_name(self.settings.secrets.llm_base_url, model) for model in models if model)

    def breakers(self) -> tuple[str, ...]:
        """The names of all circuit breakers of this installation."""
        from secretaria.outbox.delivery import breaker_name

        return (*self.model_breakers(), breaker_name(self.settings.whaticket.channel))

    def model_state(self) -> State:
        """How the breaker of the healthiest model stands; closed where Redis cannot tell."""
        from secretaria.breaker import State

        return min(self.breaker.states(self.model_breakers()).values(), default=State.CLOSED)

    @cached_property
    def lease_keeper(self) -> LeaseKeeper:
        """Renews the leases of this process."""
        from secretaria.conversations.leases import LeaseKeeper

        return LeaseKeeper(self.engine, self.clock)

    @cached_property
    def library(self) -> PublishedLibrary:
        """What this process answers from."""
        from secretaria.knowledge.library import PublishedLibrary

        return PublishedLibrary(self.engine, self.settings.business.folder, self.clock)

    @property
    def business(self) -> Business:
        """What is published, or the configured folder where nothing is yet or PostgreSQL cannot be asked."""
        return self.library.look()

    def door(self) -> Door:
        """What the webhook works with."""
        from secretaria.inbox.receive import Door

        return Door(
            engine=self.engine,
            publisher=self.publisher,
            clock=self.clock,
            spool=self.spool,
            channel=self.settings.whaticket.channel,
            secrets=self._rotating("WEBHOOK_SECRET"),
            tokens=self._rotating("WEBHOOK_TOKEN"),
        )

    def _rotating(self, name: str) -> RotatingValues:
        """The values of a secret that may change while this process runs."""
        from secretaria.settings.env_file import RotatingValues

        source = self.settings.source
        values = secret_values(getattr(self.settings.secrets, name.lower()))
        return RotatingValues(name, values, None if source is None else env_file_of(source.absolute()))

    @cached_property
    def spool(self) -> Spool:
        """Where this process keeps events while PostgreSQL is away."""
        from secretaria.inbox.spool import Spool

        return Spool(self.settings.home / "spool", self.settings.inbox.spool_max_bytes)

    def group_commit(self) -> GroupCommit:
        """What keeps the events of all requests of a server process."""
        from secretaria.inbox.group_commit import GroupCommit

        return GroupCommit(self.engine, self.publisher, self.spool)

    def drain(self) -> Drain:
        """What files the spool when PostgreSQL is back."""
        from secretaria.inbox.drain import Drain

        return Drain(self.engine, self.publisher, self.spool)

    @cached_property
    def sessions(self) -> Sessions:
        """The sessions of those who attend."""
        from secretaria.attendants.sessions import Sessions

        panel = self.settings.panel
        idle, longest = timedelta(minutes=panel.idle_minutes), timedelta(hours=panel.longest_hours)
        return Sessions(self.redis, self.clock, idle=idle, longest=longest)

    @cached_property
    def entrance(self) -> Entrance:
        """What entering the panel works with."""
        from secretaria.attendants.entering import Entrance
        from secretaria.attendants.throttle import LoginThrottle

        keys = self._rotating("JWT_SECRET")
        return Entrance(self.engine, self.clock, self.sessions, LoginThrottle(self.redis), keys)

    def accounts_room(self, actor: Actor) -> AccountsRoom:
        """What the accounts of those who attend work with, for one who changes them."""
        from secretaria.attendants.accounts import AccountsRoom

        return AccountsRoom(self.engine, self.clock, self.sessions, actor)

    def filing_room(self) -> FilingRoom:
        """What the filing of events works with."""
        from secretaria.inbox.filing import FilingRoom

        return FilingRoom(
            engine=self.engine,
            publisher=self.publisher,
            clock=self.clock,
            turns=self.settings.turns,
            media=self.settings.media,
            panel_has_files=self.panel is not None,
            flood_messages=self.settings.inbox.flood_messages_per_hour,
        )

    def hearing_room(self) -> HearingRoom:
        """What the listening to audio works with."""
        from secretaria.media.files import Files
        from secretaria.media.hearing import HearingRoom

        section = self.settings.media
        return HearingRoom(
            engine=self.engine,
            publisher=self.publisher,
            clock=self.clock,
            media=section,
            turns=self.settings.turns,
            files=Files(
                whaticket_url=self.settings.secrets.whaticket_url,
                panel=self.panel,
                hosts=section.hosts,
                trusted_origins=self.settings.egress.trusted_origins,
                max_bytes=section.max_bytes,
            ),
            transcriber=self.transcriber,
        )

    def catch_up_room(self) -> CatchUpRoom:
        """What the comparing of Whaticket's tickets with our own works with."""
        from secretaria.inbox.catch_up import CatchUpRoom

        return CatchUpRoom(self.engine, self.publisher, self.clock, self.settings.whaticket.channel, self.panel)

    @cached_property
    def volatile(self) -> VolatileContext:
        """The running episodes, as Redis holds them."""
        from secretaria.replies.volatile import VolatileContext

        return VolatileContext(self.redis)

    def answering_room(self) -> AnsweringRoom:
        """What the answering of turns works with."""
        from secretaria.replies.answer import AnsweringRoom
        from secretaria.replies.declared_tools import DeclaredTools

        return AnsweringRoom(
            engine=self.engine,
            publisher=self.publisher,
            clock=self.clock,
            chat=self.chat,
            library=self.library,
            keeper=self.lease_keeper,
            resume_after_hours=self.settings.handoff.resume_after_hours,
            volatile=self.volatile,
            episode_silence_hours=self.settings.episodes.silence_hours,
            transfers=self.panel is not None and self.settings.handoff.department_id > 0,
            notice=self.settings.privacy.notice,
            toolbox=DeclaredTools(self.engine),
            budget=self.budget,
        )

    def summary_room(self) -> SummaryRoom:
        """What the summing up of episodes works with."""
        from secretaria.replies.summarising import SummaryRoom

        return SummaryRoom(self.engine, self.clock, self.chat)

    def reminder_room(self) -> ReminderRoom:
        """What the reminding of bookings works with."""
        from secretaria.agenda.reminders import ReminderRoom

        return ReminderRoom(
            engine=self.engine,
            publisher=self.publisher,
            clock=self.clock,
            card=lambda: self.business.card,
            channel=self.settings.whaticket.channel,
        )

    @cached_property
    def alarm_room(self) -> AlarmRoom:
        """What telling the owner of alerts works with."""
        from secretaria.alarms.memory import ToldAlerts
        from secretaria.alarms.telling import AlarmRoom

        section = self.settings.alerts
        return AlarmRoom(section.owner_number, self.gateway, ToldAlerts(self.redis, section.messages_per_hour))

    def dispatch_room(self) -> DispatchRoom:
        """What the delivery of bubbles works with."""
        from secretaria.outbox.delivery import DispatchRoom

        return DispatchRoom(
            engine=self.engine,
            publisher=self.publisher,
            clock=self.clock,
            gateway=self.gateway,
            panel=self.panel,
            department_id=self.settings.handoff.department_id,
            rules=self.settings.outbox,
            breaker=self.breaker,
            channel=self.settings.whaticket.channel,
        )

    def reconcile_room(self) -> ReconcileRoom:
        """What the looking for sends in doubt works with."""
        from secretaria.outbox.reconcile import ReconcileRoom

        return ReconcileRoom(
            engine=self.engine,
            publisher=self.publisher,
            clock=self.clock,
            flavour=self.settings.whaticket.flavour,
            panel=self.panel,
            department_id=self.settings.handoff.department_id,
            policy=self.settings.outbox.unconfirmed_policy,
        )
