"""What most would write behind the door: a job of RQ that reads its row, asks the model, keeps the reply and sends it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache

import openai
import redis
import rq
from sqlalchemy import Engine, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from secretaria.local.engines import EngineUrls

WORKERS = 3
QUEUE = "events"
INSTRUCTIONS = "Você é a secretária de uma clínica. Responda em JSON."


class Base(DeclarativeBase):
    """The tables of the reference."""


class ReferenceMessage(Base):
    """A customer's message and what was answered."""

    __tablename__ = "reference_message"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str]
    text: Mapped[str]
    reply: Mapped[str | None]
    status: Mapped[str] = mapped_column(default="received")


def process_message(message_id: int) -> None:
    """Answer one message, the way it is read in most tutorials."""
    with Session(_engine()) as session:
        message = session.get_one(ReferenceMessage, message_id)
        before = session.scalars(select(ReferenceMessage).where(ReferenceMessage.number == message.number)).all()
        told = [{"role": "user", "content": one.text} for one in before]
        answer = openai.OpenAI().chat.completions.create(
            model="standin",
            messages=[{"role": "system", "content": INSTRUCTIONS}, *told],  # type: ignore[list-item]  # plain dictionaries are taken
        )
        message.reply = str(json.loads(answer.choices[0].message.content or "")["bubbles"][0])
        message.status = "answered"
        session.commit()
        request = urllib.request.Request(  # noqa: S310  # the stand-in's http address
            f"{os.environ['WHATICKET_URL']}/api/messages/send",
            json.dumps({"number": message.number, "body": message.reply}).encode(),
            {"Content-Type": "application/json"},
        )
        urllib.request.urlopen(request, timeout=30).read()  # noqa: S310  # as above
        message.status = "sent"
        session.commit()


class Reference:
    """The queue of running workers."""

    def __init__(self, urls: EngineUrls) -> None:
        self._engine = create_engine(_driver(urls.database_url))
        Base.metadata.create_all(self._engine)
        self._queue = rq.Queue(QUEUE, connection=redis.Redis.from_url(urls.redis_url))

    def take(self, numbers: Sequence[str]) -> None:
        """Keep one message of each number, and queue a job for it."""
        for number in numbers:
            with Session(self._engine) as session:
                message = ReferenceMessage(number=number, text="Bom dia! Tudo bem?")
                session.add(message)
                session.commit()
                self._queue.enqueue(process_message, message.id)


@contextmanager
def reference(urls: EngineUrls, outside: str, *, imported: bool = False) -> Iterator[Reference]:
    """Run three workers, as ``rq worker`` does by itself, for the length of the block.

    Args:
        urls: Engines of its own.
        outside: Where the stand-ins answer.
        imported: Whether a worker has imported the job's module before it forks, as RQ's documentation advises; by itself
            it does so in each fork, anew for each job.
    """
    told = {
        "DATABASE_URL": urls.database_url,
        "OPENAI_API_KEY": "chave-da-medida",
        "OPENAI_BASE_URL": f"{outside}/v1",
        "WHATICKET_URL": outside,
    }
    start = f"{f'import {__name__}; ' if imported else ''}from rq.cli import main; main()"
    command = [sys.executable, "-c", start, "worker", "--quiet", "--url", urls.redis_url, QUEUE]
    workers = [subprocess.Popen(command, env={**os.environ, **told}) for _ in range(WORKERS)]
    try:
        yield Reference(urls)
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.wait(30)


@cache
def _engine() -> Engine:
    return create_engine(_driver(os.environ["DATABASE_URL"]))


def _driver(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg2://")
