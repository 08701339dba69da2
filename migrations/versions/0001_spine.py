"""The spine: inbox, conversations, turns, replies and outbox, with the outbox protocol held by a trigger."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001_spine"
down_revision = None
branch_labels = None
depends_on = None

GUARD = """
CREATE FUNCTION refuse_undrawn_outbox_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state = NEW.state OR (OLD.state, NEW.state) IN (
        ('pending', 'sending'), ('pending', 'superseded'), ('pending', 'held'), ('pending', 'dead'),
        ('sending', 'pending'), ('sending', 'sent'), ('sending', 'unconfirmed'), ('sending', 'held'),
        ('sending', 'dead'),
        ('unconfirmed', 'sent'), ('unconfirmed', 'pending'), ('unconfirmed', 'held'), ('unconfirmed', 'dead'),
        ('held', 'pending'), ('held', 'sent'), ('held', 'dead')
    ) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'outbox item %: % may not become %', OLD.id, OLD.state, NEW.state USING ERRCODE = 'check_violation';
END
$$
"""


def upgrade() -> None:
    """Safe while the previous version still runs."""
    op.create_table(
        "contact",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("identity_key", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("identity_key", name="contact_identity"),
    )
    op.create_table(
        "inbox_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("dedupe_key", sa.String(), nullable=False),
        sa.Column("signature", sa.String(), nullable=True),
        sa.Column("item", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("nudged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('received', 'filed', 'ignored', 'parked')", name="state_known"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("channel", "dedupe_key", name="inbox_event_once"),
        sa.UniqueConstraint("signature", "item", name="inbox_event_signature_once"),
    )
    op.create_index(
        "inbox_event_unfiled",
        "inbox_event",
        ["received_at"],
        unique=False,
        postgresql_where=sa.text("state = 'received'"),
    )
    op.create_table(
        "conversation",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("mode_changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person_spoke_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_seq", sa.Integer(), nullable=False),
        sa.Column("last_inbound_seq", sa.Integer(), nullable=False),
        sa.Column("last_message_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_token", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("mode IN ('automatic', 'waiting', 'attended', 'paused')", name="mode_known"),
        sa.ForeignKeyConstraint(
            ["contact_id"],
            ["contact.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("contact_id", "channel", name="conversation_of_contact"),
    )
    op.create_table(
        "turn",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("conversation_id", sa.BigInteger(), nullable=False),
        sa.Column("correlation_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("restarts", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("nudged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'answering', 'answered', 'handed_off', 'silenced', 'discarded')", name="state_known"
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversation.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_turn_conversation_id"), "turn", ["conversation_id"], unique=False)
    op.create_index(
        "turn_due", "turn", ["due_at"], unique=False, postgresql_where=sa.text("state IN ('waiting', 'answering')")
    )
    op.create_index(
        "turn_one_open",
        "turn",
        ["conversation_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('waiting', 'answering')"),
    )
    op.create_table(
        "message",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("conversation_id", sa.BigInteger(), nullable=False),
        sa.Column("turn_id", sa.BigInteger(), nullable=True),
        sa.Column("event_id", sa.Uuid(), nullable=True),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("provider_message_id", sa.String(), nullable=True),
        sa.Column("delivery", sa.String(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("author IN ('contact', 'secretary', 'attendant')", name="author_known"),
        sa.CheckConstraint("direction IN ('inbound', 'outbound')", name="direction_known"),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversation.id"],
        ),
        sa.ForeignKeyConstraint(
            ["turn_id"],
            ["turn.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("conversation_id", "seq", name="message_position"),
    )
    op.create_index(op.f("ix_message_turn_id"), "message", ["turn_id"], unique=False)
    op.create_table(
        "reply",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("turn_id", sa.BigInteger(), nullable=False),
        sa.Column("conversation_id", sa.BigInteger(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("intention", sa.String(), nullable=True),
        sa.Column("sentiment", sa.Integer(), nullable=True),
        sa.Column("satisfaction", sa.String(), nullable=True),
        sa.Column("asked", sa.String(), nullable=True),
        sa.Column("answerable", sa.String(), nullable=True),
        sa.Column("sources", sa.JSON(), nullable=False),
        sa.Column("handoff_reason", sa.String(), nullable=True),
        sa.Column("handoff_brief", sa.String(), nullable=True),
        sa.Column("bubbles", sa.JSON(), nullable=False),
        sa.Column("checks", sa.JSON(), nullable=False),
        sa.Column("model", sa.String(), nullable=True),
        sa.Column("prompt_version", sa.String(), nullable=True),
        sa.Column("prompt_tokens", sa.Integer(), nullable=True),
        sa.Column("completion_tokens", sa.Integer(), nullable=True),
        sa.Column("llm_seconds", sa.Float(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("origin IN ('model', 'fallback')", name="origin_known"),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversation.id"],
        ),
        sa.ForeignKeyConstraint(
            ["turn_id"],
            ["turn.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("turn_id", name="reply_of_turn"),
    )
    op.create_index(op.f("ix_reply_conversation_id"), "reply", ["conversation_id"], unique=False)
    op.create_index(op.f("ix_reply_created_at"), "reply", ["created_at"], unique=False)
    op.create_table(
        "outbox_item",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("conversation_id", sa.BigInteger(), nullable=False),
        sa.Column("turn_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("correlation_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_token", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("provider_message_id", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("nudged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('pending', 'sending', 'sent', 'unconfirmed', 'held', 'superseded', 'dead')", name="state_known"
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversation.id"],
        ),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["message.id"],
        ),
        sa.ForeignKeyConstraint(
            ["turn_id"],
            ["turn.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("turn_id", "position", name="outbox_item_of_turn"),
    )
    op.create_index("outbox_item_of_conversation", "outbox_item", ["conversation_id", "id"], unique=False)
    op.create_index(
        "outbox_item_one_in_flight",
        "outbox_item",
        ["conversation_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('sending', 'unconfirmed')"),
    )
    op.create_index(
        "outbox_item_open",
        "outbox_item",
        ["lease_until"],
        unique=False,
        postgresql_where=sa.text("state IN ('sending', 'unconfirmed')"),
    )
    op.create_index(
        "outbox_item_to_send",
        "outbox_item",
        ["not_before"],
        unique=False,
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_table(
        "delivery_attempt",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["item_id"],
            ["outbox_item.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_delivery_attempt_item_id"), "delivery_attempt", ["item_id"], unique=False)
    op.execute(GUARD)
    op.execute(
        "CREATE TRIGGER outbox_item_protocol BEFORE UPDATE OF state ON outbox_item "
        "FOR EACH ROW EXECUTE FUNCTION refuse_undrawn_outbox_change()"
    )


def downgrade() -> None:
    """Back to the schema before."""
    op.drop_index(op.f("ix_delivery_attempt_item_id"), table_name="delivery_attempt")
    op.drop_table("delivery_attempt")
    op.drop_index("outbox_item_to_send", table_name="outbox_item", postgresql_where=sa.text("state = 'pending'"))
    op.drop_index(
        "outbox_item_open", table_name="outbox_item", postgresql_where=sa.text("state IN ('sending', 'unconfirmed')")
    )
    op.drop_index(
        "outbox_item_one_in_flight",
        table_name="outbox_item",
        postgresql_where=sa.text("state IN ('sending', 'unconfirmed')"),
    )
    op.drop_index("outbox_item_of_conversation", table_name="outbox_item")
    op.drop_table("outbox_item")
    op.drop_index(op.f("ix_reply_created_at"), table_name="reply")
    op.drop_index(op.f("ix_reply_conversation_id"), table_name="reply")
    op.drop_table("reply")
    op.drop_index(op.f("ix_message_turn_id"), table_name="message")
    op.drop_table("message")
    op.drop_index("turn_one_open", table_name="turn", postgresql_where=sa.text("state IN ('waiting', 'answering')"))
    op.drop_index("turn_due", table_name="turn", postgresql_where=sa.text("state IN ('waiting', 'answering')"))
    op.drop_index(op.f("ix_turn_conversation_id"), table_name="turn")
    op.drop_table("turn")
    op.drop_table("conversation")
    op.drop_index("inbox_event_unfiled", table_name="inbox_event", postgresql_where=sa.text("state = 'received'"))
    op.drop_table("inbox_event")
    op.drop_table("contact")
    op.execute("DROP FUNCTION refuse_undrawn_outbox_change()")
