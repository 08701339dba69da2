"""Never lost: episodes, looks at doubtful sends, transfers, the story of every item, queues that can be paused."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002_never_lost"
down_revision = "0001_spine"
branch_labels = None
depends_on = None
safe_because = "the trigger of the outbox allows every change that it allowed before, and one more"

OUTBOX_CHANGES = """
CREATE OR REPLACE FUNCTION refuse_undrawn_outbox_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state = NEW.state OR (OLD.state, NEW.state) IN (
        ('pending', 'sending'), ('pending', 'superseded'), ('pending', 'held'), ('pending', 'dead'),
        ('sending', 'pending'), ('sending', 'sent'), ('sending', 'unconfirmed'), ('sending', 'held'),
        ('sending', 'dead'),
        ('unconfirmed', 'sent'), ('unconfirmed', 'pending'), ('unconfirmed', 'held'), ('unconfirmed', 'dead'),
        ('held', 'pending'), ('held', 'sent'), ('held', 'dead'){and_also}
    ) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'outbox item %: % may not become %', OLD.id, OLD.state, NEW.state USING ERRCODE = 'check_violation';
END
$$
"""
AN_OPERATOR_RESENDS = ", ('dead', 'pending')"

STORY = """
CREATE FUNCTION tell_outbox_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO outbox_log (item_id, from_state, to_state, reason, at)
    VALUES (NEW.id, OLD.state, NEW.state, NEW.reason, clock_timestamp());
    RETURN NULL;
END
$$
"""


def upgrade() -> None:
    """Safe while the previous version still runs."""
    op.create_table(
        "queue_pause",
        sa.Column("queue", sa.String(), nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paused_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("queue"),
    )
    op.create_table(
        "outbox_log",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("from_state", sa.String(), nullable=False),
        sa.Column("to_state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["item_id"],
            ["outbox_item.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_outbox_log_item_id"), "outbox_log", ["item_id"], unique=False)
    op.add_column(
        "conversation",
        sa.Column("episode_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    )
    op.add_column("conversation", sa.Column("noticed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("conversation", sa.Column("apologised_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("conversation", sa.Column("ticket_id", sa.Integer(), nullable=True))
    op.add_column("outbox_item", sa.Column("kind", sa.String(), nullable=False, server_default="bubble"))
    op.add_column("outbox_item", sa.Column("inbound_seq", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("outbox_item", sa.Column("looks", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("outbox_item", sa.Column("look_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("outbox_item", sa.Column("confirmed_by", sa.String(), nullable=True))
    op.alter_column("outbox_item", "message_id", existing_type=sa.BIGINT(), nullable=True)
    op.add_column("turn", sa.Column("llm_seconds", sa.Float(), nullable=True))
    op.create_index(
        "turn_closed", "turn", ["closed_at"], unique=False, postgresql_where=sa.text("llm_seconds IS NOT NULL")
    )
    op.create_check_constraint("kind_known", "outbox_item", "kind IN ('bubble', 'transfer')")
    op.drop_constraint("origin_known", "reply")
    op.create_check_constraint("origin_known", "reply", "origin IN ('model', 'fallback', 'notice')")
    op.execute(OUTBOX_CHANGES.format(and_also=AN_OPERATOR_RESENDS))
    op.execute(STORY)
    op.execute(
        "CREATE TRIGGER outbox_item_story AFTER UPDATE OF state ON outbox_item "
        "FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION tell_outbox_change()"
    )


def downgrade() -> None:
    """Back to the schema before."""
    op.execute("DROP TRIGGER outbox_item_story ON outbox_item")
    op.execute("DROP FUNCTION tell_outbox_change()")
    op.execute(OUTBOX_CHANGES.format(and_also=""))
    op.execute("DELETE FROM outbox_log")
    op.execute("DELETE FROM outbox_item WHERE kind = 'transfer'")
    op.execute("UPDATE reply SET origin = 'fallback' WHERE origin = 'notice'")
    op.drop_constraint("origin_known", "reply")
    op.create_check_constraint("origin_known", "reply", "origin IN ('model', 'fallback')")
    op.drop_constraint("kind_known", "outbox_item")
    op.drop_index("turn_closed", table_name="turn", postgresql_where=sa.text("llm_seconds IS NOT NULL"))
    op.drop_column("turn", "llm_seconds")
    op.alter_column("outbox_item", "message_id", existing_type=sa.BIGINT(), nullable=False)
    op.drop_column("outbox_item", "confirmed_by")
    op.drop_column("outbox_item", "look_at")
    op.drop_column("outbox_item", "looks")
    op.drop_column("outbox_item", "inbound_seq")
    op.drop_column("outbox_item", "kind")
    op.drop_column("conversation", "ticket_id")
    op.drop_column("conversation", "apologised_at")
    op.drop_column("conversation", "noticed_at")
    op.drop_column("conversation", "episode_at")
    op.drop_index(op.f("ix_outbox_log_item_id"), table_name="outbox_log")
    op.drop_table("outbox_log")
    op.drop_table("queue_pause")
