"""The ledger of physical sends and the switches for faults."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest

from secretaria.simulation.faults import LlmFaults, SendFaults
from secretaria.simulation.ledger import Ledger, SendNotSeen, Sent


def _sent(body: str, number: str = "5520900000101") -> Sent:
    return Sent(number, body, datetime(2026, 8, 10, tzinfo=UTC), ticket_id=1, message_id=f"3EB0{body}")


def test_sends_are_kept_in_order_and_by_number() -> None:
    """Everything sent is there, oldest first; one customer's part can be asked for."""
    ledger = Ledger()
    for sent in (_sent("a"), _sent("b", "5520900000102"), _sent("c")):
        ledger.record(sent)
    assert [sent.body for sent in ledger.sent()] == ["a", "b", "c"]
    assert [sent.body for sent in ledger.sent("5520900000101")] == ["a", "c"]


def test_waiting_ends_when_enough_was_sent() -> None:
    """A send from another thread wakes the one who waits for a number of sends or for a condition."""
    ledger = Ledger()
    threading.Timer(0.02, lambda: ledger.record(_sent("a"))).start()
    assert len(ledger.wait_for(1, timeout=5)) == 1
    threading.Timer(0.02, lambda: ledger.record(_sent("b"))).start()
    assert ledger.wait_for(lambda sent: any(item.body == "b" for item in sent), timeout=5)[-1].body == "b"


def test_waiting_too_long_is_an_error_that_counts() -> None:
    """The error says how many messages were seen instead."""
    with pytest.raises(SendNotSeen) as refused:
        Ledger().wait_for(2, timeout=0.01)
    assert "só enviou 0" in refused.value.message


def test_listeners_hear_until_they_leave() -> None:
    """A subscriber is told of each send, and of none after it unsubscribed."""
    ledger, heard = Ledger(), list[str]()
    leave = ledger.subscribe(lambda sent: heard.append(sent.body))
    ledger.record(_sent("a"))
    leave()
    ledger.record(_sent("b"))
    assert heard == ["a"]


def test_send_faults_come_in_order_and_end() -> None:
    """Faults are used up one send at a time, then all is well again."""
    faults = SendFaults()
    faults.fail_next("hang")
    faults.fail_next("ERR_WAPP_CHECK_CONTACT", times=2)
    assert [faults.take() for _ in range(4)] == ["hang", "ERR_WAPP_CHECK_CONTACT", "ERR_WAPP_CHECK_CONTACT", None]


def test_model_faults_come_before_the_mode() -> None:
    """The next calls fail as told, later ones do what the mode says."""
    faults = LlmFaults("empty")
    faults.fail_next(1, "html")
    assert [faults.take() for _ in range(2)] == ["html", "empty"]


def test_a_misspelt_fault_is_refused() -> None:
    """A test that names a fault nobody knows must not pass by accident."""
    with pytest.raises(ValueError, match="reset_after_send"):
        SendFaults().fail_next("resset_after_send")
    with pytest.raises(ValueError, match="broken_json"):
        LlmFaults().fail_next(1, "broken")  # type: ignore[arg-type]
