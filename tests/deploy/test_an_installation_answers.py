"""The stack of the compose file, whole: what enters at the proxy leaves through Whaticket."""

from __future__ import annotations

from tests.deploy.installation import Installation


def test_signed_event_is_answered_through_the_proxy(installation: Installation) -> None:
    """A signed event is accepted at the public address and its customer reads the price of the base."""
    number = "5520900009001"
    answer = installation.post(number, "quanto custa a limpeza?")
    assert (answer.status_code, answer.json()["queued"]) == (202, True)
    assert "R$ 180" in " ".join(installation.bubbles_to(number))
