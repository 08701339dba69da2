"""Keeps what the door let in: in PostgreSQL, or on the spool while it is away; and files the spool when it is back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from operator import attrgetter
from typing import Any, TypeAlias
from uuid import UUID

from loguru import logger
from sqlalchemy import Connection, Engine

from secretaria.crashpoints import crashpoint
from secretaria.database.held import HeldConnection
from secretaria.database.patience import within
from secretaria.database.schema import require_schema
from secretaria.database.transaction import DatabaseUnavailable
from secretaria.inbox import store
from secretaria.inbox.models import Arrival, EventState
from secretaria.inbox.spool import Spool, SpoolFull
from secretaria.queue.jobs import FILE_EVENT
from secretaria.queue.publisher import Publisher

BODY_KEY = "body:"
SAME_BODY_SECONDS = 5
PATIENCE_SECONDS = 2.0
REQUESTS_A_COMMIT = 100
COMMIT_SECONDS = 30.0

Kept: TypeAlias = Sequence[Arrival] | Exception
"""What became of a request: its events that are new, or why none of them could be kept."""


def keep(engine: Engine, publisher: Publisher, spool: Spool, arrivals: Sequence[Arrival]) -> Sequence[Arrival]:
    """Keep the events of one request, all of them or none, where no server collects those of many.

    Returns:
        Those that are new, in the order they came; on the spool all count as new until they are filed.

    Raises:
        SpoolFull: They are kept nowhere.
    """
    if not spool.in_use():
        try:
            (kept,) = within(PATIENCE_SECONDS, engine, partial(_keep_apart, engine, [arrivals]))
        except DatabaseUnavailable:
            spool.rest()
        else:
            if isinstance(kept, Exception):
                raise kept
            crashpoint("K4")
            nudge(publisher, kept)
            return kept
    spool.append(arrivals)
    return arrivals


def keep_together(connection: HeldConnection, requests: Sequence[Sequence[Arrival]]) -> list[Kept]:
    """Keep the events of many requests with one commit; if PostgreSQL refuses that, each request with one of its own.

    Returns:
        What became of each request.

    Raises:
        DatabaseUnavailable: PostgreSQL is away; some may be kept all the same.
    """
    try:
        return list(_commit(connection, requests))
    except DatabaseUnavailable:
        raise
    except Exception as error:  # noqa: BLE001  # whatever is wrong with a request, its neighbours have nothing of it
        if len(requests) == 1:
            return [error]
    return [kept for request in requests for kept in keep_together(connection, [request])]


def spool_each(spool: Spool, requests: Sequence[Sequence[Arrival]]) -> list[Kept]:
    """Keep the events of many requests on the disk, in their order."""
    return [_spool(spool, request) for request in requests]


def nudge(publisher: Publisher, kept: Sequence[Arrival]) -> None:
    """Nudge the events that wait to be filed; outside of the time limit: a queue that hangs is no database that is away."""
    waiting = [str(event.id) for event in kept if event.state == EventState.RECEIVED]
    if waiting:
        crashpoint("K5")
        publisher.publish_all(FILE_EVENT, waiting)


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
            nudge(publisher, kept)
            filed += len(kept)
        spool.forget(taken)
    return filed


def _keep_apart(engine: Engine, requests: Sequence[Sequence[Arrival]]) -> list[Kept]:
    connection = HeldConnection(engine)
    try:
        return keep_together(connection, requests)
    finally:
        connection.give_back()


def _commit(connection: HeldConnection, requests: Sequence[Sequence[Arrival]]) -> list[Sequence[Arrival]]:
    with connection.transaction() as (cursor, whose):
        new = _insert(cursor, whose, [event for request in requests for event in request])
        crashpoint("K3")
    return [[event for event in request if event.id in new] for request in requests]


def _insert(cursor: Any, connection: Connection, arrivals: Sequence[Arrival]) -> set[UUID]:  # noqa: ANN401  # psycopg2 ships no types
    """Store each event once; return the ids of those that are new."""
    copies = _copies(cursor, [event for event in arrivals if event.dedupe_key.startswith(BODY_KEY)])
    wanted = [event for event in arrivals if event.id not in copies]
    # In one order for all: two processes that bring the same messages must not wait for each other's rows.
    return store.insert_new(cursor, connection, sorted(wanted, key=attrgetter("dedupe_key"))) if wanted else set()


def _copies(cursor: Any, unnamed: Sequence[Arrival]) -> set[UUID]:  # noqa: ANN401  # see above
    """Return which events without a message id came a few seconds after the same body: they are the same event (S8)."""
    near = {event.id: _near_keys(event.dedupe_key) for event in unnamed}
    copies = set()
    for channel in {event.channel for event in unnamed}:
        here = [event for event in unnamed if event.channel == channel]
        there = store.keys_there(cursor, channel, [key for event in here for key in near[event.id]])
        for event in here:
            if there.isdisjoint(near[event.id]):
                there.add(event.dedupe_key)
            else:
                copies.add(event.id)
    return copies


def _near_keys(key: str) -> list[str]:
    stem, _, second = key.rpartition(":")
    return [f"{stem}:{int(second) + apart}" for apart in range(1 - SAME_BODY_SECONDS, SAME_BODY_SECONDS)]


def _spool(spool: Spool, request: Sequence[Arrival]) -> Kept:
    try:
        spool.append(request)
    except SpoolFull as full:
        return full
    return request


def _file_spooled(engine: Engine, requests: Sequence[Sequence[Arrival]]) -> list[Arrival]:
    """File requests; one that PostgreSQL refuses for what it says is parked, so that it does not stop those behind it."""
    connection = HeldConnection(engine)
    filed: list[Arrival] = []
    try:
        for request, kept in zip(requests, keep_together(connection, requests), strict=True):
            filed += _park(connection, request, kept) if isinstance(kept, Exception) else kept
    finally:
        connection.give_back()
    return filed


def _park(connection: HeldConnection, request: Sequence[Arrival], refused: Exception) -> Sequence[Arrival]:
    reason = type(refused).__name__
    logger.bind(error=reason, correlation_id=str(request[0].id)).error("spooled_event_refused")
    parked = [
        replace(event, dedupe_key=f"refused:{event.id}", signature=None, state=EventState.PARKED, reason=reason)
        for event in request
    ]
    (kept,) = _commit(connection, [parked])
    return kept
