"""What the pipeline left behind of one labelled turn, read from the rows that an operator would read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from secretaria.agenda.models import Booking
from secretaria.conversations.models import Contact, Message, Turn
from secretaria.outbox.models import ItemState, Kind, OutboxItem
from secretaria.replies.models import Reply
from secretaria.whaticket.numbers import identity_key


@dataclass(frozen=True, slots=True)
class BookingSeen:
    """One booking of the customer as it stands."""

    code: str
    unit: str
    starts_at: datetime
    state: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Observed:
    """One labelled turn as it went.

    Attributes:
        parts: How many turns of ours its messages fell into; 1 where the burst stayed whole.
        states: How those turns ended.
        reasons: Why, where a reason was kept.
        origin: Who wrote the reply: ``model``, ``notice``, ``fallback``; None where none was written.
        bubbles: What reached the customer.
        checks: The guards' verdicts.
        tool: The tool that was asked; empty for none.
        bookings: The customer's own, after the turn.
    """

    parts: int
    states: tuple[str, ...]
    reasons: tuple[str, ...]
    origin: str | None = None
    bubbles: tuple[str, ...] = ()
    intention: str | None = None
    sentiment: int | None = None
    answerable: str | None = None
    sources: tuple[str, ...] = ()
    handoff_reason: str | None = None
    checks: tuple[tuple[str, str], ...] = ()
    tool: str = ""
    bookings: tuple[BookingSeen, ...] = ()

    @property
    def handed_off(self) -> bool:
        """Whether a person was called in this turn."""
        return self.handoff_reason is not None or "handed_off" in self.states


def observe(session: Session, message_ids: Sequence[str], number: str) -> Observed:
    """Read what became of the messages of one turn.

    Args:
        session: An open transaction.
        message_ids: The WhatsApp ids they were posted with.
        number: The customer's.
    """
    turn_ids = sorted(
        {
            turn_id
            for turn_id in session.exec(
                select(Message.turn_id).where(col(Message.provider_message_id).in_(message_ids))
            )
            if turn_id is not None
        }
    )
    turns = [session.get_one(Turn, turn_id) for turn_id in turn_ids]
    replies = session.exec(select(Reply).where(col(Reply.turn_id).in_(turn_ids)).order_by(col(Reply.id))).all()
    reply = replies[-1] if replies else None
    return Observed(
        parts=len(turns),
        states=tuple(str(turn.state) for turn in turns),
        reasons=tuple(turn.reason for turn in turns if turn.reason),
        origin=reply.origin if reply else None,
        bubbles=_sent(session, turn_ids),
        intention=reply.intention if reply else None,
        sentiment=reply.sentiment if reply else None,
        answerable=reply.answerable if reply else None,
        sources=tuple(reply.sources) if reply else (),
        handoff_reason=reply.handoff_reason if reply else None,
        checks=tuple((name, str(verdict)) for name, verdict in reply.checks.items()) if reply else (),
        tool=str((reply.tool or {}).get("call", {}).get("name", "")) if reply else "",
        bookings=bookings_of(session, number),
    )


def bookings_of(session: Session, number: str) -> tuple[BookingSeen, ...]:
    """Return a customer's bookings in the order of their codes."""
    known = select(Contact.id).where(Contact.identity_key == identity_key(number))
    rows = session.exec(select(Booking).where(col(Booking.contact_id).in_(known)).order_by(col(Booking.code)))
    return tuple(BookingSeen(row.code, row.unit, row.starts_at, str(row.state), row.kind) for row in rows)


def _sent(session: Session, turn_ids: Sequence[int]) -> tuple[str, ...]:
    sent = session.exec(
        select(OutboxItem.body)
        .where(
            col(OutboxItem.turn_id).in_(turn_ids), OutboxItem.kind == Kind.BUBBLE, OutboxItem.state == ItemState.SENT
        )
        .order_by(col(OutboxItem.id))
    )
    return tuple(sent)
