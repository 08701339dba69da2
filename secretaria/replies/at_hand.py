"""One look at a turn that was just taken: the turn, the contact, and what there can be of them at all, so that no more is asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Executable, Select, bindparam, select
from sqlmodel import Session, col

from secretaria.conversations.models import Contact, Conversation, Episode, EpisodeState, SecretaryPause, Turn
from secretaria.conversations.store import OPEN_STATES
from secretaria.memory.models import CustomerFact


@dataclass(frozen=True, slots=True)
class AtHand:
    """What there is to be read, as far as it is known; what nobody has looked for may be there.

    Attributes:
        facts: Whether anything is remembered of the contact.
        summaries: Whether an earlier episode of the contact was summed up.
    """

    facts: bool = True
    summaries: bool = True


@dataclass(frozen=True, slots=True)
class Taken:
    """A turn whose conversation we hold, as it stands now.

    Attributes:
        turn: Open, and locked.
        conversation: Locked as well, by its lease.
        contact: Who wrote.
        paused: Whether the secretary is paused everywhere.
        at_hand: What there is to be read.
    """

    turn: Turn
    conversation: Conversation
    contact: Contact
    paused: bool
    at_hand: AtHand


def look(session: Session, turn_id: int, now: datetime) -> Taken | None:
    """Read a turn with everything that decides what else must be read; None where it is not open any more.

    Args:
        session: The caller's transaction; it has locked the conversation.
        turn_id: Which one.
        now: The present moment.
    """
    row = session.execute(_look(), {"turn_id": turn_id, "now": now}).one_or_none()
    if row is None:
        return None
    turn, conversation, contact, paused, facts, summaries = row
    return Taken(turn, conversation, contact, paused, AtHand(facts, summaries))


@cache  # writing it costs more than asking it
def _look() -> Executable:
    told = select(col(CustomerFact.id)).where(
        col(CustomerFact.contact_id) == col(Contact.id),
        col(CustomerFact.superseded_by).is_(None),
        col(CustomerFact.expires_at) > bindparam("now"),
    )
    summed_up = (
        select(col(Episode.id))
        .where(col(Episode.contact_id) == col(Contact.id), col(Episode.state) == EpisodeState.SUMMARISED)
        .order_by(col(Episode.ended_at).desc())  # as the index has them
    )
    paused = select(col(SecretaryPause.scope)).exists()
    return (
        select(Turn, Conversation, Contact, paused, _is_one(told), _is_one(summed_up))
        .join(Conversation, col(Conversation.id) == col(Turn.conversation_id))
        .join(Contact, col(Contact.id) == col(Conversation.contact_id))
        .where(col(Turn.id) == bindparam("turn_id"), col(Turn.state).in_(OPEN_STATES))
        .with_for_update(of=Turn)
        .execution_options(populate_existing=True)
    )


def _is_one(rows: Select[Any]) -> ColumnElement[bool]:
    """Look for the first one alone; for EXISTS the planner may rather read a whole table into a hash."""
    return rows.limit(1).scalar_subquery().is_not(None)
