"""One call run for one contact, and what its reply leaves behind: the agreed write and the offers, in one commit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Engine
from sqlmodel import Session

from secretaria.agenda.booking import BookingNotFound, By, SlotTaken, execute_change
from secretaria.agenda.models import Source
from secretaria.agenda.offers import keep_offers
from secretaria.conversations.models import Contact
from secretaria.database.transaction import transaction
from secretaria.knowledge.business import BusinessCard
from secretaria.tools.calls import Plan, ToolCall, ToolResult
from secretaria.tools.describing import tool_names
from secretaria.tools.desk import AGENDA_TOOLS, AgendaPlan, Desk, attend
from secretaria.tools.looking_up import look_up

SECRETARY = "secretary"


def run_tool(
    engine: Engine,
    card: BusinessCard,
    call: ToolCall,
    *,
    contact_id: int,
    conversation_id: int,
    turn_id: int,
    burst_texts: Sequence[str],
    now: datetime,
    may_write: bool,
) -> ToolResult:
    """Run one call for one contact; nothing is written here.

    Args:
        engine: PostgreSQL.
        card: The business.
        call: What the model asked for.
        contact_id: Who writes: only their own bookings exist.
        conversation_id: Where.
        turn_id: The turn under way.
        burst_texts: The customer's own words of this turn, transcribed audio too.
        now: The present moment.
        may_write: Whether something may be booked, moved, cancelled or confirmed in this turn.

    Raises:
        DatabaseUnavailable: PostgreSQL is away.
    """
    lookup = next((one for one in card.lookups if one.name == call.name), None)
    if lookup is not None:
        with transaction(engine) as session:
            number = session.get_one(Contact, contact_id).number
        return look_up(lookup, call, card=card, number=number)
    if card.agenda is None or call.name not in AGENDA_TOOLS:
        known = ", ".join(tool_names(card)) or "nenhuma"
        return ToolResult(call.name, ok=False, told=f"Essa ferramenta não existe. Existem: {known}.")
    with transaction(engine) as session:
        desk = Desk(
            session=session,
            card=card,
            agenda=card.agenda,
            contact_id=contact_id,
            conversation_id=conversation_id,
            turn_id=turn_id,
            burst=tuple(burst_texts),
            now=now,
            may_write=may_write,
        )
        return attend(desk, call)


def execute_plan(session: Session, plan: Plan, now: datetime) -> None:
    """Write what was agreed, in the transaction that writes the reply; a turn writes once however often it runs.

    Raises:
        SlotTaken: It is not free any more, or the booking is not there any more: the reply must not be written, the
            turn is drafted anew.
    """
    if not isinstance(plan, AgendaPlan):
        raise TypeError(type(plan).__name__)
    by = By(SECRETARY, contact_id=plan.contact_id, turn_id=plan.turn_id, source=Source.SECRETARY)
    try:
        execute_change(session, plan.agenda, plan.change, by, now)
    except BookingNotFound as gone:
        raise SlotTaken(gone.message) from gone


def keep_result(
    session: Session,
    card: BusinessCard,
    result: ToolResult,
    *,
    contact_id: int,
    conversation_id: int,
    turn_id: int,
    bubbles: Sequence[str],
    now: datetime,
) -> None:
    """Write what a tool result leaves behind, in the transaction that writes the reply: the agreed change, the offers.

    Raises:
        SlotTaken: See `execute_plan`.
    """
    if result.plan is not None:
        execute_plan(session, result.plan, now)
    if result.offers and card.agenda is not None:
        keep_offers(
            session,
            result.offers,
            conversation_id=conversation_id,
            contact_id=contact_id,
            turn_id=turn_id,
            bubbles=bubbles,
            zone=card.identity.timezone,
            hours=card.agenda.offer_hours,
            now=now,
        )
