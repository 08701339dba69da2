"""The running episodes as Redis holds them: a copy that spares a query, can be lost at any time and is never trusted alone.

Only what can no longer change is kept (a bubble that is still to be sent may yet be dropped), each line with its
position, so whatever was written between is read from PostgreSQL; a copy of another episode counts for nothing.

What people wrote is sealed before it goes there: Redis, its snapshots and whoever looks into them hold nobody's words.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast

import redis
from loguru import logger

from secretaria.context.engine import HistoryLine
from secretaria.conversations.taken import SaidBefore
from secretaria.privacy import seal, unseal

PREFIX = "secretaria:episode:"
PURPOSE = "episode"
LIFE_SECONDS = 6 * 3600
SETTLED = ("", "sent")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line and its position; ``settled`` says that it cannot change any more."""

    seq: int
    line: HistoryLine
    settled: bool = True


class VolatileContext:
    """The copies of all running episodes; without Redis everything is read from PostgreSQL."""

    def __init__(self, client: redis.Redis | None = None) -> None:
        self._client = client

    def recall(self, conversation_id: int, since: datetime) -> list[Entry]:
        """Return what is known of an episode, oldest first; nothing where Redis is away, empty or of another episode."""
        if self._client is None:
            return []
        try:
            sealed = cast("bytes | None", self._client.get(_key(conversation_id)))
            kept = json.loads(unseal(PURPOSE, sealed)) if sealed else None
            if not kept or kept["since"] != since.isoformat():
                return []
            return [_entry(*row) for row in kept["lines"]]
        except (redis.RedisError, ValueError, TypeError, KeyError) as error:
            logger.bind(error=type(error).__name__).warning("episode_not_recalled")
            return []

    def keep(self, conversation_id: int, since: datetime, entries: Sequence[Entry]) -> None:
        """Keep the lines up to the first that may still change; of two writers the last one counts, both are right."""
        if self._client is None:
            return
        settled = []
        for entry in entries:
            if not entry.settled:
                break
            settled.append(entry)
        lines = [(e.seq, e.line.author, e.line.text, e.line.kind, e.line.at.isoformat()) for e in settled]
        written = json.dumps({"since": since.isoformat(), "lines": lines}, ensure_ascii=False)
        try:
            self._client.set(_key(conversation_id), seal(PURPOSE, written), ex=LIFE_SECONDS)
        except redis.RedisError as error:
            logger.bind(error=type(error).__name__).warning("episode_not_kept")

    def forget(self, conversation_ids: Sequence[int]) -> bool:
        """Drop the copies of conversations whose customer wants to be forgotten; say whether none is left for sure."""
        if self._client is None or not conversation_ids:
            return True
        try:
            self._client.delete(*map(_key, conversation_ids))
        except redis.RedisError as error:
            logger.bind(error=type(error).__name__).warning("episode_not_forgotten")
            return False
        return True

    @staticmethod
    def entry(message: SaidBefore) -> Entry:
        """Return a message as it is kept."""
        line = HistoryLine(
            author=cast("Literal['contact', 'secretary', 'attendant']", str(message.author)),
            text=message.words,
            kind=message.kind,
            at=message.sent_at,
        )
        heard = message.kind != "audio" or bool(message.words)  # its words may still come
        return Entry(message.seq, line, settled=heard and message.delivery in SETTLED)


def _key(conversation_id: int) -> str:
    return f"{PREFIX}{conversation_id}"


def _entry(seq: int, author: Literal["contact", "secretary", "attendant"], text: str, kind: str, at: str) -> Entry:
    return Entry(seq, HistoryLine(author, text, kind, datetime.fromisoformat(at)))
