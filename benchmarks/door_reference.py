"""What most would write: a receiver of Flask, gunicorn, SQLAlchemy and RQ that keeps an event and queues a job for it."""

from __future__ import annotations

import hashlib
import hmac
import os
from datetime import UTC, datetime
from typing import Any

import redis
import rq
from flask import Flask, request
from sqlalchemy import JSON, String, create_engine
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

ACCEPTED, REFUSED = 202, 401


class Base(DeclarativeBase):
    """The tables of the reference."""


class ReferenceEvent(Base):
    """An event, kept once by the id of its message."""

    __tablename__ = "reference_event"

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[str] = mapped_column(String, unique=True)
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    received_at: Mapped[datetime]


def create_app() -> Flask:
    """Build the application over the addresses in the environment."""
    engine = create_engine(os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg2://"), pool_size=10)
    Base.metadata.create_all(engine)
    queue = rq.Queue("events", connection=redis.Redis.from_url(os.environ["REDIS_URL"]))
    secret = os.environ["WEBHOOK_SECRET"].encode()

    def receive() -> tuple[dict[str, bool], int]:
        body = request.get_data()
        signed = request.headers.get("X-Timestamp", "").encode() + b"." + body
        expected = hmac.new(secret, signed, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected, request.headers.get("X-Signature", "")):
            return {"queued": False}, REFUSED
        payload = request.get_json()
        event = ReferenceEvent(message_id=payload["key"]["id"], payload=payload, received_at=datetime.now(UTC))
        try:
            with Session(engine) as session:
                session.add(event)
                session.commit()
                number = event.id
        except IntegrityError:
            return {"queued": False}, ACCEPTED
        queue.enqueue("worker.process_event", number)
        return {"queued": True}, ACCEPTED

    app = Flask(__name__)
    app.add_url_rule("/webhook/whaticket", view_func=receive, methods=["POST"])
    return app
