"""The ticket at Whaticket is closed after the conversation was; where that fails, the conversation is closed all the same."""

from __future__ import annotations

from loguru import logger

from secretaria.whaticket.panel import Panel, PanelUnavailable

CLOSED = "closed"


def close_tickets(panel: Panel | None, number: str) -> bool:
    """Close every ticket of a person that is not closed yet; no transaction of the caller's is open.

    What an edition answers is not believed: some answer an error and close it, some answer well and leave it open.

    Args:
        panel: Where tickets are closed; None where no login is configured.
        number: The digits exactly as received from the customer.

    Returns:
        Whether Whaticket shows no open ticket any more; False too where nobody can look.
    """
    if panel is None:
        return False
    try:
        for ticket in panel.find_tickets(number):
            if ticket.status != CLOSED:
                _close(panel, ticket.id)
        return all(ticket.status == CLOSED for ticket in panel.find_tickets(number))
    except PanelUnavailable as away:
        logger.bind(error=away.error, status=away.status).warning("ticket_not_closed")
        return False


def _close(panel: Panel, ticket_id: int) -> None:
    try:
        panel.close_ticket(ticket_id)
    except PanelUnavailable as refused:  # looked at again: it may be closed
        logger.bind(error=refused.error, status=refused.status).info("closing_refused")
