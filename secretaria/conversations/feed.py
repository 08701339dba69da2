"""What happens in the conversations, read from a cursor: nothing is missed and nothing comes twice, whatever commits when.

A serial number is given before the commit and seen after it, so the next number may be visible while an earlier one is
not yet. A cursor therefore says how far was read by transaction, and which older transactions were still open then:
what they bring is read when it comes, and nobody waits for them. Only transactions that have committed rows here set
the mark, so a crash of PostgreSQL cannot give its number to another one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from secretaria.errors import UsageInvalid

PAGE = 500
CURSOR = re.compile(r"(\d{1,19})-(\d{1,19})((?:-\d{1,19}){0,2000})", re.ASCII)

KINDS = ("message", "transcript", "delivery", "mode", "reply", "turn", "note", "fact", "switch")

READ = text("""
SELECT pg_current_snapshot()::text AS snapshot, fresh.* FROM (SELECT 1) AS once LEFT JOIN (
    (SELECT * FROM feed_entry WHERE (xid, id) > (:xid, :id) ORDER BY xid, id LIMIT :most)
    UNION ALL
    (SELECT * FROM feed_entry WHERE xid = ANY(CAST(:late AS bigint[])))
) AS fresh ON true
""")
NEWEST = text("""
SELECT pg_current_snapshot()::text AS snapshot, last.xid, last.id FROM (SELECT 1) AS once LEFT JOIN (
    SELECT xid, id FROM feed_entry ORDER BY xid DESC, id DESC LIMIT 1
) AS last ON true
""")
SINCE = text("SELECT id FROM feed_entry WHERE at >= :since ORDER BY xid, id LIMIT 1")


class CursorUnknown(UsageInvalid):
    """The cursor was not made here, or by a database that is no longer this one; begin anew."""

    def __init__(self) -> None:
        super().__init__("este ponto do acompanhamento não existe mais", "comece de novo, sem ele")


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One thing that happened.

    Attributes:
        id: Unique and never used again; within a conversation in the order of what happened.
        cursor: From where to go on after this entry.
        kind: One of ``KINDS``.
        conversation_id: None only for ``switch``, which concerns all of them.
        message_id: The bubble, for ``message``, ``transcript`` and ``delivery``.
        turn_id: The turn it belongs to, where there is one.
        row_id: The reply, note, fact or outbox item.
        state: Author of a message, state of a delivery or a turn, mode of a conversation, origin of a reply.
        reason: Code of why; for ``mode`` the account that holds the conversation.
    """

    id: int
    cursor: str
    kind: str
    at: datetime
    conversation_id: int | None = None
    message_id: int | None = None
    turn_id: int | None = None
    row_id: int | None = None
    state: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Some entries and from where to go on; ``more`` says that there is more already."""

    entries: Sequence[FeedEntry]
    cursor: str
    more: bool = False


def read_feed(
    session: Session, after: str | None, *, conversation_id: int | None = None, limit: int = PAGE
) -> FeedPage:
    """Return what has become visible since a cursor, in the order of what happened.

    Args:
        session: A transaction that has written nothing itself: what is not committed would be taken for read.
        after: A cursor; None for everything that is still kept.
        conversation_id: Only of this one; entries that concern all conversations stay.
        limit: How many at most; what came late from transactions older than the cursor comes on top.

    Raises:
        CursorUnknown: The cursor is not one of this database.
    """
    begun = _Mark.read(after)
    asked = {"xid": begun.xid, "id": begun.id, "most": limit, "late": list(begun.late)}
    found = session.execute(READ, asked).mappings().all()
    open_now, next_xid = _open_transactions(str(found[0]["snapshot"]))
    if begun.xid >= next_xid:
        raise CursorUnknown
    rows = [row for row in found if row["id"] is not None]
    new = [row for row in rows if (row["xid"], row["id"]) > (begun.xid, begun.id)]
    last = max(((row["xid"], row["id"]) for row in new), default=(begun.xid, begun.id))
    end = _Mark.at(last[0], last[1], open_now)
    entries = _entries(rows, begun, end, open_now, late=len(rows) > len(new))
    wanted = [one for one in entries if conversation_id is None or one.conversation_id in {None, conversation_id}]
    return FeedPage(wanted, str(end), more=len(new) == limit)


def newest_cursor(session: Session) -> str:
    """Return the cursor from which only what happens from now on is read."""
    found = session.execute(NEWEST).one()
    open_now, _ = _open_transactions(str(found.snapshot))
    return str(_Mark.at(found.xid or 0, found.id or 0, open_now))


def cursor_at(session: Session, since: datetime) -> str | None:
    """Return the cursor from which everything since a moment is read; None where that is all that is kept."""
    first = session.execute(SINCE, {"since": since}).scalar_one_or_none()
    if first is None:
        return newest_cursor(session)
    before = text(
        "SELECT xid, id FROM feed_entry WHERE (xid, id) < (SELECT xid, id FROM feed_entry WHERE id = :first) "
        "ORDER BY xid DESC, id DESC LIMIT 1"
    )
    found = session.execute(before, {"first": first}).one_or_none()
    return None if found is None else str(_Mark(found.xid, found.id))


@dataclass(frozen=True, slots=True)
class _Mark:
    """How far was read: everything up to an entry, but for the older transactions that were open then."""

    xid: int = 0
    id: int = 0
    late: tuple[int, ...] = ()

    @classmethod
    def read(cls, written: str | None) -> _Mark:
        if written is None:
            return cls()
        match = CURSOR.fullmatch(written)
        if match is None:
            raise CursorUnknown
        xid, identifier, *late = (int(part) for part in written.split("-"))
        if max(xid, identifier, *late) >= 2**63:
            raise CursorUnknown
        return cls(xid, identifier, tuple(late))

    @classmethod
    def at(cls, xid: int, identifier: int, open_now: Sequence[int]) -> _Mark:
        return cls(xid, identifier, tuple(one for one in open_now if one < xid))

    def __str__(self) -> str:
        return "-".join(map(str, (self.xid, self.id, *self.late)))


def _open_transactions(snapshot: str) -> tuple[list[int], int]:
    """Read ``xmin:xmax:xip``: which transactions are open, and the first number that nobody has yet."""
    _, following, listed = snapshot.split(":")
    return [int(one) for one in listed.split(",") if one], int(following)


def _entries(rows: Sequence[Any], begun: _Mark, end: _Mark, open_now: Sequence[int], *, late: bool) -> list[FeedEntry]:
    """Sort by what happened, each with its cursor.

    Where that is not the order of the transactions, only the last entry moves the cursor: who breaks off before it
    reads these again and knows them by their ids.
    """
    ordered = sorted(rows, key=lambda row: row["id"])
    in_step = not late and [(row["xid"], row["id"]) for row in ordered] == sorted(
        (row["xid"], row["id"]) for row in rows
    )
    marks = [_Mark.at(row["xid"], row["id"], open_now) if in_step else begun for row in ordered]
    if marks:
        marks[-1] = end
    names = ("id", "kind", "at", "conversation_id", "message_id", "turn_id", "row_id", "state", "reason")
    return [
        FeedEntry(cursor=str(mark), **{name: row[name] for name in names})
        for row, mark in zip(ordered, marks, strict=True)
    ]
