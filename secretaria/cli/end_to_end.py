"""The whole way once, for real: a signed event of a contact that nobody is, followed through every room to its first bubble."""

from __future__ import annotations

import secrets
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

import httpx
from sqlalchemy.engine import make_url
from sqlmodel import Session, SQLModel, col, select

from secretaria.bootstrap import Installation
from secretaria.cli.examination import Result, Status
from secretaria.conversations.models import Message, Turn, TurnState
from secretaria.errors import SecretariaError
from secretaria.inbox.models import EventState, InboxEvent
from secretaria.outbox.models import ItemState, OutboxItem
from secretaria.queue.heartbeats import describe_workers
from secretaria.replies.models import Reply
from secretaria.rights.probe import remove_probe
from secretaria.settings import require, secret_values
from secretaria.simulation.ledger import Ledger
from secretaria.simulation.phone import Phone, text_event
from secretaria.simulation.serving import LocalServer
from secretaria.simulation.whaticket_server import create_whaticket
from secretaria.whaticket.probing import PROBE_NUMBER, LookAlike, announce, withdraw

QUESTION = "Qual é o horário de funcionamento?"
NAME = "Exame de ponta a ponta"
ACCEPTED = 202
LOOPBACK = "127.0.0.1"
POLL_SECONDS = 0.1
FILED_SECONDS, ANSWERED_SECONDS, SENT_SECONDS, SEEN_SECONDS, WORKERS_SECONDS = 20.0, 90.0, 30.0, 60.0, 60.0
METRIC = "secretaria_webhook_received_total"
ELSEWHERE = (
    "suba o serviço; se ele roda em outro contêiner: docker compose exec api secretaria doctor --e2e, "
    "ou diga onde está: --url http://api:8000"
)
OPEN = (TurnState.WAITING, TurnState.ANSWERING)
Row = TypeVar("Row", bound=SQLModel)


class StepFailed(SecretariaError):
    """A step of the way did not come to its end, or not as it should."""


@dataclass(frozen=True, slots=True)
class Way:
    """Where the event goes, and what is asked of those it meets.

    Attributes:
        url: The running service.
        prometheus: Where a Prometheus that scrapes it answers; empty asks none.
        listen: The address on which the look-alike Whaticket listens: one that the workers reach.
        version: What service and workers must run; empty takes any.
        seconds: How long the whole way may take.
    """

    url: str
    prometheus: str
    listen: str
    version: str
    seconds: float


def examine_end_to_end(installation: Installation, wanted: Way) -> Iterator[Result]:
    """Send the event, follow it and remove all of it; the first step that fails ends the way.

    Args:
        installation: Whose database and Redis the service and the workers use.
        wanted: The way.
    """
    require(installation.settings, ("DATABASE_URL", "REDIS_URL", "WEBHOOK_SECRET|WEBHOOK_TOKEN"))
    way = _Walk(installation, wanted)
    with ExitStack() as stack:
        stack.callback(_clean, installation)
        _clean(installation)
        token, ledger = secrets.token_hex(16), Ledger()
        server = stack.enter_context(LocalServer(create_whaticket("saas", token, ledger), wanted.listen))
        announce(installation.redis, LookAlike(server.url, token))
        for name, mend, step in way.steps(ledger):
            result = _walked(name, mend, step)
            yield result
            if result.status != "ok":
                return
    with Session(installation.engine) as session:
        left = session.exec(select(InboxEvent.id).where(InboxEvent.id == way.event)).first()
    found = "nada ficou do exame" if left is None else "o evento do exame ficou no banco"
    yield Result("limpeza", "ok" if left is None else "falha", found)


def address_towards(database_url: str) -> str:
    """Return the address of this machine that others beside the database reach: where it is asked from.

    Workers share a network with their database, be it loopback, the network of the containers or a real one.

    Args:
        database_url: How PostgreSQL is reached.
    """
    address = make_url(database_url)
    if not address.host or address.host.startswith("/"):
        return LOOPBACK
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.connect((address.host, address.port or 5432))  # a datagram socket: nothing leaves
            return str(asking.getsockname()[0])
    except OSError:
        return LOOPBACK


def _walked(name: str, mend: str, step: Callable[[], str]) -> Result:
    begun = time.monotonic()

    def result(status: Status, found: str, mend: str = "") -> Result:
        return Result(name, status, found, mend, time.monotonic() - begun)

    try:
        told = step()
    except SecretariaError as error:
        return result("falha", error.message, error.hint or mend)
    except Exception as error:  # noqa: BLE001  # whatever stops the way is what was found
        return result("falha", f"{type(error).__name__}: não respondeu", mend)
    return result("ok", f"{told} ({time.monotonic() - begun:.2f} s)")


class _Walk:
    """The steps, each of which needs what the one before found."""

    def __init__(self, installation: Installation, wanted: Way) -> None:
        self._parts, self._url, self._prometheus = installation, wanted.url, wanted.prometheus
        self._version, self._until = wanted.version, time.monotonic() + wanted.seconds
        self.event: UUID | None = None
        self._turn: Turn | None = None
        self._counted = self._seen = 0.0

    def steps(self, ledger: Ledger) -> Iterator[tuple[str, str, Callable[[], str]]]:
        """Yield name, what mends it and the step."""
        if self._version:
            yield "versão do serviço", "confira que imagem a api roda: docker compose ps", self._served_by
            yield "versão dos workers", "confira que imagem os workers rodam: docker compose ps", self._worked_by
        yield "métrica antes", "confira [server] internal_networks ou METRICS_TOKEN", self._count_before
        if self._prometheus:
            yield "prometheus antes", "confira --prometheus", self._see_before
        yield "webhook", "secretaria serve", self._post
        yield "entrada", "secretaria worker; secretaria queue list --queue inbox", self._filed
        yield "rodada", "secretaria queue list --queue turns; secretaria logs", self._answered
        yield "modelo", "secretaria doctor; confira LLM_API_KEY e [llm] model", self._model
        yield "saída", "secretaria queue list --queue outbox", lambda: self._delivered(ledger)
        if (
            self._version
        ):  # nobody of another version was there, before the event and after it: who answered is of this one
            yield "quem respondeu", "pare os workers da outra versão", self._still_worked_by
        yield "métrica", "confira se este é o serviço que recebeu o evento", self._moved
        if self._prometheus:
            yield "prometheus", "confira os alvos do Prometheus", self._seen_there

    def _served_by(self) -> str:
        answer = self._ask_service("/livez")
        running = answer.json().get("version") if answer.is_success else None
        if running != self._version:
            raise StepFailed(f"o serviço é da versão {running or 'que não se sabe'}, e não da {self._version}")
        return f"{running}"

    def _worked_by(self) -> str:
        """Wait until only workers of the wanted version say that they live; killed ones are believed to, for a while."""
        deadline = self._deadline(WORKERS_SECONDS)
        while (told := self._strange_workers()) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        if told:
            raise StepFailed(told)
        return f"{self._version}, {len(describe_workers(self._parts.redis))} vivos"

    def _still_worked_by(self) -> str:
        if told := self._strange_workers():
            raise StepFailed(told)
        return f"workers da {self._version}, do evento ao envio"

    def _strange_workers(self) -> str:
        living = describe_workers(self._parts.redis)
        strange = [one for one in living if one.version != self._version]
        if strange:
            return f"o worker {strange[0].name} é da versão {strange[0].version or 'que não se sabe'}"
        return "" if living else "nenhum worker vivo"

    def _deadline(self, seconds: float) -> float:
        return min(time.monotonic() + seconds, self._until)

    def _count_before(self) -> str:
        self._counted = self._count()
        return f"{self._counted:.0f} eventos aceitos até agora"

    def _see_before(self) -> str:
        self._seen = self._ask_prometheus()
        return f"o Prometheus viu {self._seen:.0f}"

    def _post(self) -> str:
        configured = self._parts.settings.secrets
        keys, tokens = secret_values(configured.webhook_secret), secret_values(configured.webhook_token)
        now = self._parts.clock.now()
        event = text_event(PROBE_NUMBER, QUESTION, f"PROBE{secrets.token_hex(8).upper()}", now, NAME)
        with Phone(self._url, secret=keys[0] if keys else None, token=None if keys else tokens[0]) as phone:
            status, answer = phone.post(event)
        if status != ACCEPTED or "event" not in answer:
            raise StepFailed(f"o serviço respondeu {status}: {answer}")
        self.event = UUID(answer["event"])
        return f"aceito como e:{self.event}"

    def _filed(self) -> str:
        event = self._await(
            FILED_SECONDS,
            lambda session: session.get(InboxEvent, self.event),
            lambda row: row.state != EventState.RECEIVED,
        )
        if event is None or event.state != EventState.FILED:
            raise StepFailed(f"o evento está {event.state if event else 'ausente'} ({event.reason if event else '-'})")
        return "arquivado como mensagem e rodada"

    def _answered(self) -> str:
        def read(session: Session) -> Turn | None:
            of_event = select(Message.turn_id).where(Message.event_id == self.event)
            return session.exec(select(Turn).where(col(Turn.id).in_(of_event))).first()

        self._turn = turn = self._await(ANSWERED_SECONDS, read, lambda row: row.state not in OPEN)
        if turn is None or turn.state != TurnState.ANSWERED:
            raise StepFailed(f"a rodada está {turn.state if turn else 'ausente'} ({turn.reason if turn else '-'})")
        return f"respondida como t:{turn.id}"

    def _model(self) -> str:
        turn_id = self._turn.id if self._turn else None
        with Session(self._parts.engine) as session:
            reply = session.exec(select(Reply).where(Reply.turn_id == turn_id)).one()
        if reply.origin != "model":
            raise StepFailed(f"o modelo não escreveu a resposta: {reply.checks.get('draft', reply.origin)}")
        return f"{reply.model}, {reply.calls} chamadas em {reply.llm_seconds or 0:.2f} s"

    def _delivered(self, ledger: Ledger) -> str:
        turn_id = self._turn.id if self._turn else None
        last = (
            select(OutboxItem).where(OutboxItem.turn_id == turn_id).order_by(col(OutboxItem.position).desc()).limit(1)
        )
        moving = (ItemState.PENDING, ItemState.SENDING)
        item = self._await(
            SENT_SECONDS, lambda session: session.exec(last).first(), lambda row: row.state not in moving
        )
        if item is None or item.state != ItemState.SENT:
            raise StepFailed(f"o envio está {item.state if item else 'ausente'} ({item.reason if item else '-'})")
        return f"{len(ledger.sent(PROBE_NUMBER))} balões chegaram ao Whaticket de mentira"

    def _moved(self) -> str:
        now = self._count()
        if now <= self._counted:
            raise StepFailed(f"{METRIC} não se moveu: {now:.0f}")
        return f"{METRIC} foi de {self._counted:.0f} a {now:.0f}"

    def _seen_there(self) -> str:
        deadline = self._deadline(SEEN_SECONDS)
        while (seen := self._ask_prometheus()) <= self._seen:
            if time.monotonic() >= deadline:
                raise StepFailed(f"o Prometheus não viu o evento em {SEEN_SECONDS:.0f} s")
            time.sleep(1.0)
        return f"o Prometheus viu {seen:.0f}"

    def _count(self) -> float:
        token = self._parts.settings.secrets.metrics_token.get_secret_value()
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = self._ask_service("/metrics", headers)
        if not answer.is_success:
            raise StepFailed(f"/metrics respondeu {answer.status_code}")
        wanted = f'{METRIC}{{status="accepted"}} '
        return sum(float(line.rsplit(" ", 1)[1]) for line in answer.text.splitlines() if line.startswith(wanted))

    def _ask_service(self, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """Ask the service; a container of its own, where it does not run, is told from one that refuses."""
        try:
            return httpx.get(f"{self._url}{path}", headers=headers, timeout=10, trust_env=False)
        except httpx.ConnectError as error:
            raise StepFailed(f"nada responde em {self._url}", ELSEWHERE) from error

    def _ask_prometheus(self) -> float:
        query = {"query": f'sum({METRIC}{{status="accepted"}})'}
        answer = httpx.get(f"{self._prometheus.rstrip('/')}/api/v1/query", params=query, timeout=10, trust_env=False)
        if not answer.is_success:
            raise StepFailed(f"o Prometheus respondeu {answer.status_code}")
        found = answer.json()["data"]["result"]
        return float(found[0]["value"][1]) if found else 0.0

    def _await(self, seconds: float, read: Callable[[Session], Row | None], done: Callable[[Row], bool]) -> Row | None:
        """Read a row until it has come to its end, or the time is over; return it as it was last seen."""
        deadline = self._deadline(seconds)
        while True:
            with Session(self._parts.engine, expire_on_commit=False) as session:
                row = read(session)
            if (row is not None and done(row)) or time.monotonic() >= deadline:
                return row
            time.sleep(POLL_SECONDS)


def _clean(installation: Installation) -> None:
    withdraw(installation.redis)
    remove_probe(installation.engine, installation.volatile)
