"""Closing a conversation closes its ticket at Whaticket too, where Whaticket lets itself be asked."""

from __future__ import annotations

from secretaria.attending.closing import close_tickets
from secretaria.whaticket.gateway import Outcome
from tests.answering import WhaticketSite
from tests.builders import NUMBER


def test_an_open_ticket_is_closed(whaticket: WhaticketSite) -> None:
    """Once it is, a second time changes nothing; nobody's ticket is nothing to close."""
    gateway = whaticket.gateway()
    assert gateway.send_text(NUMBER, "oi").outcome == Outcome.ACCEPTED
    gateway.close()
    panel = whaticket.panel()
    assert [ticket.status for ticket in panel.find_tickets(NUMBER)] != ["closed"]
    for _ in range(2):
        assert close_tickets(panel, NUMBER)
        assert [ticket.status for ticket in panel.find_tickets(NUMBER)] == ["closed"]
    assert close_tickets(panel, "5520900000999")
    panel.close()


def test_a_whaticket_that_does_not_let_us_in_closes_nothing(whaticket: WhaticketSite) -> None:
    """Without a login, and with one that is refused, the answer is an honest no."""
    assert not close_tickets(None, NUMBER)
    panel = whaticket.panel(password="senha-errada")
    assert not close_tickets(panel, NUMBER)
    panel.close()
