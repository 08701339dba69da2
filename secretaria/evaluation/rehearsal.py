"""One conversation through the real pipeline in this process: the door, filing, turns, answering, delivery; held in time."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import Engine, update
from sqlmodel import Session, col

from secretaria.agenda.importing import import_agenda, read_agenda_json
from secretaria.bootstrap import Installation
from secretaria.clock import HeldClock
from secretaria.conversations.models import Message
from secretaria.database.transaction import transaction
from secretaria.evaluation.nudges import HeldQueue
from secretaria.evaluation.observed import BookingSeen, Observed, bookings_of, observe
from secretaria.evaluation.outside import OutsideSystem
from secretaria.inbox.filing import file_event
from secretaria.inbox.receive import Knock, receive_webhook
from secretaria.llm.chat import Chat
from secretaria.outbox.delivery import deliver_item
from secretaria.queue.jobs import ANSWER_TURN, DELIVER_ITEM, FILE_EVENT
from secretaria.replies.answer import answer_turn
from secretaria.settings import Settings, TurnsSection
from secretaria.settings.sections import BusinessSection, Secrets
from secretaria.whaticket.gateway import Outcome, SendResult

TOKEN = "ficha-de-um-ensaio-sem-rede"  # noqa: S105  # of a door that no network reaches
NO_REDIS = "unix:///nonexistent/secretaria.sock"  # without Redis every circuit breaker lets every call through
LONGEST_SILENCE = 119.0
IMPORTED_BEFORE = timedelta(days=3)  # reminders that were due since then have gone


class Phones:
    """The gateway of a rehearsal: what is handed over has reached the customer."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []

    def send_text(self, number: str, body: str) -> SendResult:
        """Take one text."""
        self.sent.append((number, body))
        return SendResult(Outcome.ACCEPTED, status=200)

    def ping(self) -> None:
        """Answer."""

    def close(self) -> None:
        """Do nothing."""


class Rehearsal:
    """An installation in which one conversation is played.

    Attributes:
        clock: Stands still but for what the queue and the players let pass.
        phones: What reached customers.
        outside: The tools, with a double of what is neither the agenda nor declared.
    """

    def __init__(
        self, engine: Engine, folder: Path, chat: Chat, at: datetime, *, longest_pause: float, settings: Settings | None
    ) -> None:
        """Set the stage.

        Args:
            engine: A database that may be emptied.
            folder: The business.
            chat: The way to the model.
            at: When the conversation begins.
            longest_pause: The longest pause inside a turn; silence is waited for a little longer, so that turns stay
                as they were labelled. How the real timer would have cut them is measured apart.
            settings: What else is configured; the defaults when left out.
        """
        self.clock = HeldClock(at)
        self.phones = Phones()
        self._queue = HeldQueue(self.clock)
        self._posted = 0
        self.installation = _installation(engine, settings or plain_settings(folder), longest_pause)
        self.installation.clock = self.clock  # type: ignore[assignment]  # held, where a process has the system's
        self.installation.engine = engine
        self.installation.publisher = self._queue
        self.installation.gateway = self.phones
        self.installation.panel = None
        self.installation.chat = chat
        self.outside = OutsideSystem(engine)
        filing = self.installation.filing_room()
        answering = replace(self.installation.answering_room(), toolbox=self.outside)
        dispatch = self.installation.dispatch_room()
        self._door = self.installation.door()
        self._queue.serve(
            {
                FILE_EVENT.name: lambda identifier: file_event(filing, UUID(identifier)),
                ANSWER_TURN.name: lambda identifier: answer_turn(answering, int(identifier)),
                DELIVER_ITEM.name: lambda identifier: deliver_item(dispatch, int(identifier)),
            }
        )

    def let_pass_until(self, moment: datetime) -> None:
        """Let time pass; what is due meanwhile happens."""
        self._queue.run_until(moment)

    def settle(self) -> None:
        """Let time pass until nothing is left to do."""
        self._queue.run_until_quiet()

    def next_id(self) -> str:
        """Return a WhatsApp id that was not used yet."""
        self._posted += 1
        return f"3EB0{self._posted:012d}"

    def post(self, event: Mapping[str, object]) -> None:
        """Post one event to the door and let it be filed."""
        receive_webhook(self._door, Knock([], json.dumps(event).encode(), path_token=TOKEN))
        self._queue.run_until(self.clock.now())

    def hear(self, message_id: str, words: str) -> None:
        """Let an audio have been understood."""
        with transaction(self.installation.engine) as session:
            heard = update(Message).where(col(Message.provider_message_id) == message_id)
            session.execute(heard.values(transcript=words))

    def observe(self, message_ids: list[str], number: str) -> Observed:
        """Read what became of some messages of a customer."""
        with Session(self.installation.engine) as session:
            return observe(session, message_ids, number)

    def bookings(self, number: str) -> tuple[BookingSeen, ...]:
        """Read a customer's bookings."""
        with Session(self.installation.engine) as session:
            return bookings_of(session, number)

    def import_agenda(self, file: Path) -> None:
        """Take in the agenda the sample was written with, as it stood some days before.

        Raises:
            AgendaFileInvalid: It does not fit the business.
        """
        card = self.installation.library.look().card
        with transaction(self.installation.engine) as session:
            incoming = read_agenda_json(file.read_bytes(), card)
            import_agenda(session, card, incoming, self.clock.now() - IMPORTED_BEFORE)


def plain_settings(folder: Path) -> Settings:
    """Return the default settings of an installation for a business, reaching nothing outside."""
    return Settings(
        home=Path(tempfile.gettempdir()),
        source=None,
        secrets=Secrets(),
        business=BusinessSection(folder=folder),
    )


def _installation(engine: Engine, settings: Settings, longest_pause: float) -> Installation:
    url = engine.url.render_as_string(hide_password=False)
    secrets = settings.secrets.model_copy(
        update={
            "database_url": SecretStr(url),
            "redis_url": SecretStr(NO_REDIS),
            "webhook_token": SecretStr(TOKEN),
            "webhook_secret": SecretStr(""),
            "whaticket_email": "",
            "whaticket_password": SecretStr(""),
        }
    )
    patient = _patient(settings.turns, min(longest_pause + 1.0, LONGEST_SILENCE))
    return Installation(settings.model_copy(update={"secrets": secrets, "turns": patient}))


def _patient(turns: TurnsSection, seconds: float) -> TurnsSection:
    """Wait so long whatever was said; also where a slow model would have shortened the wait."""
    silences = [name for name in TurnsSection.model_fields if name.endswith("_seconds") and name != "deadline_seconds"]
    plain: dict[str, object] = dict.fromkeys(silences, seconds)
    plain |= {"slow_typing_factor": 1.0, "maximum_wait_seconds": 120.0, "deadline_seconds": 600.0, "max_messages": 200}
    plain |= dict.fromkeys(("greetings", "connectives", "clear_answers", "urgent_words"), ())
    return turns.model_copy(update=plain)
