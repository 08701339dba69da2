"""People at work: the feed and its triggers, who holds a conversation, what people write, notes, quick answers, a switch."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014_attending"
down_revision = "0013_recordings"
branch_labels = None
depends_on = None

NOW = sa.text("clock_timestamp()")
THIS_TRANSACTION = sa.text("(pg_current_xact_id()::text)::bigint")

TELLING = {
    "message": """
    INSERT INTO feed_entry (kind, conversation_id, message_id, turn_id, state)
    VALUES (TG_ARGV[0], NEW.conversation_id, NEW.id, NEW.turn_id, NEW.author);""",
    "outbox_item": """
    INSERT INTO feed_entry (kind, conversation_id, message_id, turn_id, row_id, state, reason)
    VALUES ('delivery', NEW.conversation_id, NEW.message_id, NEW.turn_id, NEW.id, NEW.state, NEW.reason);""",
    "conversation": """
    INSERT INTO feed_entry (kind, conversation_id, state, reason) VALUES ('mode', NEW.id, NEW.mode, NEW.holder);""",
    "reply": """
    INSERT INTO feed_entry (kind, conversation_id, turn_id, row_id, state, reason)
    VALUES ('reply', NEW.conversation_id, NEW.turn_id, NEW.id, NEW.origin, NEW.handoff_reason);""",
    "turn": """
    INSERT INTO feed_entry (kind, conversation_id, turn_id, state, reason)
    VALUES ('turn', NEW.conversation_id, NEW.id, NEW.state, NEW.reason);""",
    "internal_note": """
    INSERT INTO feed_entry (kind, conversation_id, row_id) VALUES ('note', NEW.conversation_id, NEW.id);""",
    "customer_fact": """
    INSERT INTO feed_entry (kind, conversation_id, turn_id, row_id)
    SELECT 'fact', id, NEW.turn_id, NEW.id FROM conversation WHERE contact_id = NEW.contact_id;""",
    "secretary_pause": """
    INSERT INTO feed_entry (kind, state) VALUES ('switch', CASE TG_OP WHEN 'DELETE' THEN 'running' ELSE 'paused' END);""",
}
"""What each table tells the feed: which row, and codes; never what anybody wrote, so nothing is kept twice."""

MOMENTS = {
    "message_told": "AFTER INSERT ON message FOR EACH ROW EXECUTE FUNCTION tell_feed_of_message('message')",
    "message_heard_told": "AFTER UPDATE OF transcript ON message FOR EACH ROW "
    "WHEN (NEW.transcript IS NOT NULL AND OLD.transcript IS DISTINCT FROM NEW.transcript) "
    "EXECUTE FUNCTION tell_feed_of_message('transcript')",
    "outbox_item_told": "AFTER UPDATE OF state ON outbox_item FOR EACH ROW "
    "WHEN (OLD.state IS DISTINCT FROM NEW.state AND NEW.state <> 'sending') "
    "EXECUTE FUNCTION tell_feed_of_outbox_item()",
    "conversation_told": "AFTER UPDATE OF mode, holder ON conversation FOR EACH ROW "
    "WHEN (OLD.mode IS DISTINCT FROM NEW.mode OR OLD.holder IS DISTINCT FROM NEW.holder) "
    "EXECUTE FUNCTION tell_feed_of_conversation()",
    "reply_told": "AFTER INSERT ON reply FOR EACH ROW EXECUTE FUNCTION tell_feed_of_reply()",
    "turn_told": "AFTER UPDATE OF state ON turn FOR EACH ROW "
    "WHEN (OLD.state IS DISTINCT FROM NEW.state AND NEW.state IN ('handed_off', 'silenced', 'discarded')) "
    "EXECUTE FUNCTION tell_feed_of_turn()",
    "internal_note_told": "AFTER INSERT ON internal_note FOR EACH ROW EXECUTE FUNCTION tell_feed_of_internal_note()",
    "customer_fact_told": "AFTER INSERT ON customer_fact FOR EACH ROW EXECUTE FUNCTION tell_feed_of_customer_fact()",
    "secretary_pause_told": "AFTER INSERT OR DELETE ON secretary_pause "
    "FOR EACH ROW EXECUTE FUNCTION tell_feed_of_secretary_pause()",
}


def upgrade() -> None:
    """Safe while the previous version still runs: it knows none of the new columns, and the triggers work for it too."""
    op.create_table(
        "feed_entry",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("xid", sa.BigInteger(), server_default=THIS_TRANSACTION, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("conversation_id", sa.BigInteger(), nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("turn_id", sa.BigInteger(), nullable=True),
        sa.Column("row_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("feed_entry_order", "feed_entry", ["xid", "id"], unique=False)
    op.create_table(
        "internal_note",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("conversation_id", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("request_id", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("request_id", name="internal_note_once"),
    )
    op.create_index(op.f("ix_internal_note_conversation_id"), "internal_note", ["conversation_id"], unique=False)
    op.create_table(
        "quick_answer",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name", name="quick_answer_name"),
    )
    op.create_table(
        "secretary_pause",
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("paused_by", sa.String(), nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("scope IN ('all')", name="scope_known"),
        sa.PrimaryKeyConstraint("scope"),
    )
    op.add_column("conversation", sa.Column("holder", sa.String(), nullable=True))
    op.add_column("conversation", sa.Column("held_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("message", sa.Column("attendant", sa.String(), nullable=True))
    op.add_column("message", sa.Column("request_id", sa.String(), nullable=True))
    op.create_index(
        "message_once",
        "message",
        ["request_id"],
        unique=True,
        postgresql_where=sa.text("request_id IS NOT NULL"),
    )
    op.drop_constraint("purpose_known", "outbox_item")
    op.create_check_constraint("purpose_known", "outbox_item", "purpose IN ('reply', 'reminder', 'attendant')")
    for table, telling in TELLING.items():
        op.execute(
            f"CREATE FUNCTION tell_feed_of_{table}() RETURNS trigger LANGUAGE plpgsql AS $$\n"
            f"BEGIN{telling}\n    RETURN NULL;\nEND\n$$"
        )
    for name, moment in MOMENTS.items():
        op.execute(f"CREATE TRIGGER {name} {moment}")


def downgrade() -> None:
    """Back to the schema before, which knows no words of the team's own to deliver."""
    for name, moment in MOMENTS.items():
        op.execute(f"DROP TRIGGER {name} ON {moment.split(' ON ')[1].split()[0]}")
    for table in TELLING:
        op.execute(f"DROP FUNCTION tell_feed_of_{table}()")
    op.drop_constraint("purpose_known", "outbox_item")
    op.execute("UPDATE outbox_item SET purpose = 'reply' WHERE purpose = 'attendant'")
    op.create_check_constraint("purpose_known", "outbox_item", "purpose IN ('reply', 'reminder')")
    op.drop_index("message_once", table_name="message", postgresql_where=sa.text("request_id IS NOT NULL"))
    op.drop_column("message", "request_id")
    op.drop_column("message", "attendant")
    op.drop_column("conversation", "held_at")
    op.drop_column("conversation", "holder")
    op.drop_table("secretary_pause")
    op.drop_table("quick_answer")
    op.drop_index(op.f("ix_internal_note_conversation_id"), table_name="internal_note")
    op.drop_table("internal_note")
    op.drop_index("feed_entry_order", table_name="feed_entry")
    op.drop_table("feed_entry")
