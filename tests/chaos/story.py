"""Everything that is known of one customer of a broken shop, for whoever must find out what went wrong."""

from __future__ import annotations

from sqlalchemy import text

from tests.chaos.shop import ChaosShop

CONVERSATION = """
SELECT v.id, mode, mode_changed_at, person_spoke_at, last_seq, last_inbound_seq
FROM conversation v JOIN contact c ON c.id = v.contact_id WHERE c.number = :number
"""
MESSAGES = """
SELECT m.id, seq, turn_id, author, text, provider_message_id, delivery, sent_at, received_at
FROM message m JOIN conversation v ON v.id = m.conversation_id JOIN contact c ON c.id = v.contact_id
WHERE c.number = :number ORDER BY seq
"""
TURNS = """
SELECT t.id, state, reason, opened_at, due_at, closed_at, messages, restarts, failures
FROM turn t JOIN conversation v ON v.id = t.conversation_id JOIN contact c ON c.id = v.contact_id
WHERE c.number = :number ORDER BY t.id
"""
ITEMS = """
SELECT id, turn_id, kind, position, body, state, reason, attempts, looks, confirmed_by, provider_message_id, created_at
FROM outbox_item WHERE number = :number ORDER BY id
"""
ATTEMPTS = """
SELECT a.item_id, a.started_at, a.ended_at, a.outcome, a.status, a.error
FROM delivery_attempt a JOIN outbox_item i ON i.id = a.item_id WHERE i.number = :number ORDER BY a.id
"""
CHANGES = """
SELECT l.item_id, l.from_state, l.to_state, l.reason, l.at
FROM outbox_log l JOIN outbox_item i ON i.id = l.item_id WHERE i.number = :number ORDER BY l.id
"""


def story_of(shop: ChaosShop, number: str) -> str:
    """Tell the rows, the 202 log and the ledger of one customer."""
    lines = [f"customer {number}"]
    with shop.engine.connect() as connection:
        for query in (CONVERSATION, MESSAGES, TURNS, ITEMS, ATTEMPTS, CHANGES):
            lines += [str(dict(row)) for row in connection.execute(text(query), {"number": number}).mappings()]
    lines += [f"accepted {one.message_id} {one.at}" for one in shop.accepted if one.number == number]
    lines += [f"left {sent.at} {sent.message_id} {sent.body!r}" for sent in shop.ledger.sent(number)]
    return "\n".join(lines)
