"""The database itself refuses every change of an outbox item that the delivery protocol does not draw."""

from __future__ import annotations

from itertools import product
from uuid import uuid4

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from secretaria.clock import HeldClock
from secretaria.conversations.models import Author, Direction, Turn
from secretaria.conversations.store import add_message, lock_conversation, upsert_contact
from secretaria.outbox.models import ItemState, OutboxItem
from secretaria.outbox.store import place_item
from tests.builders import NUMBER, rows

DRAWN = {
    ItemState.PENDING: {ItemState.SENDING, ItemState.SUPERSEDED, ItemState.HELD, ItemState.DEAD},
    ItemState.SENDING: {ItemState.SENT, ItemState.PENDING, ItemState.UNCONFIRMED, ItemState.HELD, ItemState.DEAD},
    ItemState.UNCONFIRMED: {ItemState.SENT, ItemState.PENDING, ItemState.HELD, ItemState.DEAD},
    ItemState.HELD: {ItemState.PENDING, ItemState.SENT, ItemState.DEAD},
    ItemState.SENT: set[ItemState](),
    ItemState.SUPERSEDED: set[ItemState](),
    ItemState.DEAD: {ItemState.PENDING},
}


def place(engine: Engine, clock: HeldClock, state: ItemState) -> None:
    """Put one bubble in the outbox, in a state."""
    now = clock.now()
    with Session(engine) as session:
        contact = upsert_contact(session, identity_key=NUMBER, number=NUMBER, name=None, now=now)
        conversation = lock_conversation(session, contact_id=contact, channel="principal", now=now)
        turn = Turn(
            conversation_id=conversation.id or 0, correlation_id=uuid4(), opened_at=now, due_at=now, deadline_at=now
        )
        session.add(turn)
        session.flush()
        bubble = add_message(
            session,
            conversation,
            direction=Direction.OUTBOUND,
            author=Author.SECRETARY,
            kind="text",
            text="Bom dia!",
            sent_at=now,
            now=now,
            turn_id=turn.id,
        )
        item = OutboxItem(
            conversation_id=conversation.id or 0,
            turn_id=turn.id or 0,
            message_id=bubble.id or 0,
            correlation_id=turn.correlation_id,
            position=1,
            number=NUMBER,
            body="Bom dia!",
            state=state,
            not_before=now,
            created_at=now,
        )
        place_item(session, item)
        session.commit()


def move(engine: Engine, state: str) -> None:
    """Change the state of the bubble by hand, past every rule of the program."""
    with engine.begin() as connection:
        connection.execute(text("UPDATE outbox_item SET state = :state"), {"state": state})


@pytest.mark.parametrize(("before", "after"), list(product(ItemState, ItemState)))
def test_only_what_is_drawn_may_happen(engine: Engine, clock: HeldClock, before: ItemState, after: ItemState) -> None:
    """A change that is not drawn raises and leaves the item as it was; to stay is no change."""
    place(engine, clock, before)
    allowed = after is before or after in DRAWN[before]
    if allowed:
        move(engine, after)
    else:
        with pytest.raises(IntegrityError, match=f"{before} may not become {after}"):
            move(engine, after)
    assert rows(engine, "outbox_item")[0]["state"] == (after if allowed else before)


def test_a_state_nobody_knows_is_refused(engine: Engine, clock: HeldClock) -> None:
    """A word outside the closed set is no state."""
    place(engine, clock, ItemState.PENDING)
    with pytest.raises(IntegrityError):
        move(engine, "enviado")
