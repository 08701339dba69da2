"""Fills a database with what years of a busy shop leave behind, in bulk and as the code itself would have written it."""

from __future__ import annotations

from sqlalchemy import Engine, text

EACH_TURN = 4  # messages: two of the customer, two bubbles
DAYS = 170  # nothing is past its time yet

TABLES = ("contact", "conversation", "inbox_event", "turn", "message", "reply", "outbox_item", "delivery_attempt", "episode",
          "feed_entry", "recording", "outbox_log")  # fmt: skip
"""What grows with every message."""

PEOPLE = """
INSERT INTO contact (identity_key, number, name, created_at)
SELECT '5520' || lpad(n::text, 8, '0'), '5520' || lpad(n::text, 8, '0'), 'Cliente ' || n, now() - interval '170 days'
FROM generate_series(:first, :last) AS n;
INSERT INTO conversation (contact_id, channel, mode, mode_changed_at, last_seq, last_inbound_seq, last_message_at, lease_token,
                          created_at, episode_at)
SELECT id, 'principal', 'automatic', created_at, 0, 0, created_at, 1, created_at, created_at
FROM contact WHERE id >= :first AND id <= :last;
"""

# Turn n belongs to the long conversation while n is below its share, then to the others one after the other.
TURNS = """
CREATE TEMPORARY TABLE grown ON COMMIT DROP AS
SELECT n, gen_random_uuid() AS event,
       CASE WHEN n <= :longest THEN 1 ELSE 2 + (n % :others) END AS conversation_id,
       CASE WHEN n <= :longest THEN n ELSE (n - :longest) / :others + 1 END AS nth,
       now() - interval '170 days' + interval '170 days' * (n - :first)::float / (:last - :first + 1) AS at
FROM generate_series(:first, :last) AS n;
INSERT INTO inbox_event (id, channel, dedupe_key, item, state, body, failures, received_at, filed_at)
SELECT event, 'principal', 'grown:' || n, 0, 'filed', CASE WHEN at > now() - interval '7 days' THEN convert_to(repeat('x', 400), 'UTF8') ELSE '' END, 0, at, at
FROM grown;
INSERT INTO turn (id, conversation_id, correlation_id, state, opened_at, due_at, deadline_at, messages, restarts, failures, closed_at, llm_seconds)
SELECT n, conversation_id, event, 'answered', at, at, at, 2, 0, 0, at, 1.5 FROM grown;
INSERT INTO message (conversation_id, turn_id, event_id, seq, direction, author, kind, text, provider_message_id, delivery, sent_at, received_at)
SELECT conversation_id, n, event, (nth - 1) * 4 + part,
       CASE WHEN part <= 2 THEN 'inbound' ELSE 'outbound' END, CASE WHEN part <= 2 THEN 'contact' ELSE 'secretary' END, 'text',
       CASE part WHEN 1 THEN 'oi, bom dia' WHEN 2 THEN 'quanto custa a limpeza numero ' || n || '?' WHEN 3 THEN 'A limpeza custa R$ 180.'
                 ELSE 'Quer que eu peça um horário?' END,
       'GROWN' || n || '-' || part, CASE WHEN part <= 2 THEN '' ELSE 'sent' END, at, at
FROM grown CROSS JOIN generate_series(1, 4) AS part;
INSERT INTO reply (turn_id, conversation_id, origin, intention, sentiment, answerable, sources, bubbles, checks, created_at, llm_seconds)
SELECT n, conversation_id, 'model', 'preco', (n % 3) - 1, 'base', '[]', '["A limpeza custa R$ 180."]', '{}', at, 1.5 FROM grown;
INSERT INTO outbox_item (conversation_id, turn_id, correlation_id, position, number, body, state, attempts, not_before, lease_token,
                         created_at, sent_at, kind, purpose)
SELECT conversation_id, n, event, part, '5520', 'A limpeza custa R$ 180.', 'sent', 1, at, 1, at, at, 'bubble', 'reply'
FROM grown CROSS JOIN generate_series(0, 1) AS part;
INSERT INTO feed_entry (at, kind, conversation_id, turn_id)
SELECT at, 'message', conversation_id, n FROM grown;
INSERT INTO episode (conversation_id, contact_id, began_at, ended_at, ending, state, summary, pending, tries)
SELECT conversation_id, conversation_id, at, at, 'silence', 'summarised', 'Perguntou o preço da limpeza.', '[]', 1 FROM grown WHERE nth % 5 = 0;
INSERT INTO delivery_attempt (item_id, started_at, ended_at, outcome, status, error)
SELECT id, created_at, created_at, 'accepted', 200, '' FROM outbox_item;
INSERT INTO outbox_log (item_id, from_state, to_state, at) SELECT id, 'sending', 'sent', created_at FROM outbox_item;
"""

SETTLED = """
UPDATE conversation SET last_seq = told.last, last_inbound_seq = told.heard, last_message_at = told.at
FROM (SELECT conversation_id, max(seq) AS last, max(seq) FILTER (WHERE direction = 'inbound') AS heard, max(received_at) AS at
      FROM message GROUP BY conversation_id) AS told
WHERE conversation.id = told.conversation_id;
SELECT setval(pg_get_serial_sequence('turn', 'id'), (SELECT max(id) FROM turn));
"""


def number_of(person: int) -> str:
    """Return the number of a contact that ``grow`` made."""
    return f"5520{person:08}"


def grow(engine: Engine, *, messages: int, people: int, longest: int) -> None:
    """Fill an empty, migrated database; the first conversation is the long one.

    Args:
        engine: The database.
        messages: How many there are in the end.
        people: Contacts, with a conversation each.
        longest: Messages of the first conversation.
    """
    turns = {"first": 1, "last": messages // EACH_TURN, "longest": longest // EACH_TURN, "others": people - 1}
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica; SET LOCAL statement_timeout = 0"))
        connection.execute(text(PEOPLE), {"first": 1, "last": people})
        connection.execute(text(TURNS), turns)
        connection.execute(text(SETTLED))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text("VACUUM ANALYZE"))
        connection.execute(text("RESET statement_timeout"))
