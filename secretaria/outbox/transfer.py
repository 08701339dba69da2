"""Hands a ticket to people at Whaticket: out of everybody's hands and into the queue of the department."""

from __future__ import annotations

from secretaria.outbox.models import OutboxItem
from secretaria.whaticket.gateway import Outcome, SendResult
from secretaria.whaticket.panel import Panel, PanelClosed, PanelUnavailable, Ticket

ANSWERED = 200


def hand_over(panel: Panel | None, department_id: int, item: OutboxItem) -> SendResult:
    """Move a person's ticket to the department, unless it is there or with somebody already.

    What the panel answers is checked, not believed: some editions say 200 and leave the ticket as it was, some move it
    and answer an error (contract 1.1, 1.2). Doing it twice does no harm, so an unknown outcome is simply looked at again.

    Args:
        panel: Where tickets are moved; None where no login is configured.
        department_id: The queue of Whaticket; 0 where nothing is handed over.
        item: The transfer.
    """
    if panel is None or not department_id:
        return SendResult(Outcome.REFUSED, error="no_department")
    try:
        return _move(panel, department_id, item)
    except PanelClosed as closed:
        return SendResult(Outcome.MISCONFIGURED, status=closed.status, error=closed.error, alert=True)
    except PanelUnavailable as away:
        return SendResult(Outcome.NOT_SENT, status=away.status, error=away.error)


def was_handed_over(panel: Panel, department_id: int, item: OutboxItem) -> bool:
    """Say whether the ticket of a transfer is with people.

    Raises:
        PanelUnavailable: Whaticket did not say.
    """
    ticket = _ticket_of(panel, item)
    return ticket is not None and is_with_people(ticket, department_id)


def is_with_people(ticket: Ticket, department_id: int) -> bool:
    """Say whether somebody works on a ticket, or it waits in the department's queue."""
    taken = ticket.status == "open" and ticket.user_id is not None
    waits = ticket.status == "pending" and ticket.user_id is None and ticket.queue_id == department_id
    return taken or waits


def _move(panel: Panel, department_id: int, item: OutboxItem) -> SendResult:
    ticket = _ticket_of(panel, item)
    if ticket is None:
        return SendResult(Outcome.REFUSED, error="no_ticket", alert=True)
    if not is_with_people(ticket, department_id):
        ticket = panel.change_ticket(ticket.id, status="pending", user_id=None, queue_id=department_id)
    if is_with_people(ticket, department_id):
        return SendResult(Outcome.ACCEPTED, ticket_id=ticket.id)
    return SendResult(Outcome.NOT_SENT, status=ANSWERED, error="ticket_not_moved")


def _ticket_of(panel: Panel, item: OutboxItem) -> Ticket | None:
    """The ticket somebody works on, else the one that waits, else the last closed one."""
    return next(iter(panel.find_tickets(item.number)), None)
