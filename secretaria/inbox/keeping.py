"""Keeps what the door let in: in PostgreSQL, or on the spool while it is away; and files the spool when it is back."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from operator import attrgetter

from loguru import logger
from sqlalchemy import Engine
from sqlalchemy.exc import DataError, IntegrityError
from sqlmodel import Session

from secretaria.crashpoints import crashpoint
from secretaria.database.patience import within
from secretaria.database.schema import require_schema
from secretaria.database.transaction import DatabaseUnavailable, transaction
from secretaria.inbox import store
from secretaria.inbox.models import EventState, InboxEvent
from secretaria.inbox.spool import Spool
from secretaria.queue.jobs import FILE_EVENT
from secretaria.queue.publisher import Publisher

BODY_KEY = "body:"
SAME_BODY_SECONDS = 5
PATIENCE_SECONDS = 2.0
REQUESTS_A_COMMIT = 100
COMMIT_SECONDS = 30.0


def keep(engine: Engine, publisher: Publisher, spool: Spool, arrivals: Sequence[InboxEvent]) -> list[InboxEvent]:
    """Keep the events of one request, all of them or none.

    Returns:
        Those that are new, in the order they came; on the spool all count as new until they are filed.

    Raises:
        SpoolFull: They are kept nowhere.
    """
    if not spool.in_use():
        try:
            kept = within(PATIENCE_SECONDS, engine, partial(_keep_in_database, engine, arrivals))
        except DatabaseUnavailable:
            spool.rest()
        else:
            crashpoint("K4")
            _nudge(publisher, kept)
            return kept
    spool.append(list(arrivals))
    return list(arrivals)


def file_spool(engine: Engine, publisher: Publisher, spool: Spool) -> int:
    """Move what waits on the spool to PostgreSQL, in order and once, until nothing waits.

    Returns:
        How many events were new.

    Raises:
        DatabaseUnavailable: PostgreSQL is away, still or again; what is not filed waits on.
        SchemaBehind: It is back without the tables of this version.
    """
    filed = 0
    while spool.adopt():
        within(PATIENCE_SECONDS, engine, partial(require_schema, engine))
        taken = spool.take()
        for begin in range(0, len(taken.requests), REQUESTS_A_COMMIT):
            some = taken.requests[begin : begin + REQUESTS_A_COMMIT]
            kept = within(COMMIT_SECONDS, engine, partial(_file_spooled, engine, some))
            _nudge(publisher, kept)
            filed += len(kept)
        spool.forget(taken)
    return filed


def _nudge(publisher: Publisher, kept: Sequence[InboxEvent]) -> None:
    """Outside of the time limit: a queue that hangs is not a database that is away."""
    for event in kept:
        if event.state == EventState.RECEIVED:
            crashpoint("K5")
            publisher.publish(FILE_EVENT, str(event.id))


def _keep_in_database(engine: Engine, arrivals: Sequence[InboxEvent]) -> list[InboxEvent]:
    with transaction(engine) as session:
        kept = _keep_all(session, arrivals)
        crashpoint("K3")
        return kept


def _keep_all(session: Session, arrivals: Sequence[InboxEvent]) -> list[InboxEvent]:
    # In one order for all: two requests that bring the same messages must not wait for each other's rows.
    new = {event.id for event in sorted(arrivals, key=attrgetter("dedupe_key")) if _keep_once(session, event)}
    return [event for event in arrivals if event.id in new]


def _keep_once(session: Session, event: InboxEvent) -> bool:
    """Store an event once; without a message id the same body within a few seconds is the same event (S8)."""
    if event.dedupe_key.startswith(BODY_KEY):
        stem, _, second = event.dedupe_key.rpartition(":")
        near = range(int(second) - SAME_BODY_SECONDS + 1, int(second) + SAME_BODY_SECONDS)
        if store.holds_any(session, channel=event.channel, dedupe_keys=[f"{stem}:{moment}" for moment in near]):
            return False
    return store.insert_once(session, event)


def _file_spooled(engine: Engine, requests: Sequence[Sequence[InboxEvent]]) -> list[InboxEvent]:
    with transaction(engine) as session:
        return [event for request in requests for event in _keep_spooled(session, request)]


def _keep_spooled(session: Session, request: Sequence[InboxEvent]) -> list[InboxEvent]:
    """A request that PostgreSQL refuses for what it says is parked, so that it does not stop those behind it."""
    try:
        with session.begin_nested():
            return _keep_all(session, request)
    except (DataError, IntegrityError, ValueError) as error:
        reason = type(error).__name__
        logger.bind(error=reason, correlation_id=str(request[0].id)).error("spooled_event_refused")
        return [event for event in (_parked(event, reason) for event in request) if store.insert_once(session, event)]


def _parked(event: InboxEvent, reason: str) -> InboxEvent:
    known_by = {"dedupe_key": f"refused:{event.id}", "signature": None}
    return event.model_copy(update={**known_by, "state": EventState.PARKED, "reason": reason})
