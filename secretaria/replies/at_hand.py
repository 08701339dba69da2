"""One look at a turn that was just taken: the turn, the contact, and what there can be of them at all, so that no more is asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from secretaria.conversations.taken import TakenContact, TakenConversation, TakenTurn
from secretaria.database.compiled import CompiledStatement

# Whether there is anything is asked by a first row: for EXISTS the planner may rather read a whole table into a hash.
LOOK = CompiledStatement("""
    SELECT turn.id, turn.correlation_id, turn.state, turn.opened_at, turn.due_at, turn.deadline_at, turn.restarts,
           conversation.id AS conversation_id, contact_id, mode, person_spoke_at, episode_at, last_seq, last_inbound_seq,
           number, opted_out_at, told_privacy_at,
           EXISTS (SELECT FROM secretary_pause) AS paused,
           (
               SELECT id FROM customer_fact
               WHERE customer_fact.contact_id = contact.id AND superseded_by IS NULL AND expires_at > :now LIMIT 1
           ) IS NOT NULL AS facts,
           (
               SELECT id FROM episode
               WHERE episode.contact_id = contact.id AND episode.state = 'summarised' ORDER BY ended_at DESC LIMIT 1
           ) IS NOT NULL AS summaries
    FROM turn JOIN conversation ON conversation.id = turn.conversation_id JOIN contact ON contact.id = contact_id
    WHERE turn.id = :turn_id AND turn.state IN ('waiting', 'answering')
    FOR UPDATE OF turn
""")
TURN, CONVERSATION, CONTACT = slice(0, 7), slice(7, 14), slice(14, 17)


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

    turn: TakenTurn
    conversation: TakenConversation
    contact: TakenContact
    paused: bool
    at_hand: AtHand


def look(session: Session, turn_id: int, now: datetime) -> Taken | None:
    """Read a turn with everything that decides what else must be read; None where it is not open any more.

    Args:
        session: The caller's transaction; it has locked the conversation.
        turn_id: Which one.
        now: The present moment.
    """
    row = LOOK.first(session, {"turn_id": turn_id, "now": now})
    if row is None:
        return None
    return Taken(
        TakenTurn(*row[TURN]),
        TakenConversation(*row[CONVERSATION]),
        TakenContact(*row[CONTACT]),
        row.paused,
        AtHand(row.facts, row.summaries),
    )
