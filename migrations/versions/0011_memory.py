"""What is remembered of customers, and the episodes that ended with what is left of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011_memory"
down_revision = "0010_privacy"
branch_labels = None
depends_on = None

APPEND_ONLY = """
CREATE FUNCTION refuse_fact_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.superseded_by IS NULL AND (to_jsonb(NEW) - 'superseded_by') = (to_jsonb(OLD) - 'superseded_by') THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'customer fact % is never rewritten', OLD.id USING ERRCODE = 'check_violation';
END
$$
"""


def upgrade() -> None:
    """Safe while the previous version still runs: it knows none of these tables."""
    op.create_table(
        "episode",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("conversation_id", sa.BigInteger(), nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ending", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("summary", sa.String(), nullable=True),
        sa.Column("resolved", sa.Boolean(), nullable=True),
        sa.Column("satisfaction", sa.String(), nullable=True),
        sa.Column("pending", sa.JSON(), nullable=False),
        sa.Column("model", sa.String(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("nudged_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('ended', 'summarising', 'summarised', 'unsummarised')", name="state_known"),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"]),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("conversation_id", "began_at", name="episode_once"),
    )
    op.create_index(
        "episode_unsummarised",
        "episode",
        ["id"],
        unique=False,
        postgresql_where=sa.text("state IN ('ended', 'summarising')"),
    )
    op.create_index("episode_of_contact", "episode", ["contact_id", "ended_at"], unique=False)
    op.create_table(
        "customer_fact",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("quote", sa.String(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("turn_id", sa.BigInteger(), nullable=True),
        sa.Column("observer", sa.String(), nullable=False),
        sa.Column("observed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("superseded_by", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("observer IN ('customer', 'operator')", name="observer_known"),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"]),
        sa.ForeignKeyConstraint(["superseded_by"], ["customer_fact.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("customer_fact_of_contact", "customer_fact", ["contact_id", "key"], unique=False)
    op.create_index("conversation_last_message", "conversation", ["last_message_at"], unique=False)
    op.execute(APPEND_ONLY)
    op.execute(
        "CREATE TRIGGER customer_fact_append_only BEFORE UPDATE ON customer_fact "
        "FOR EACH ROW EXECUTE FUNCTION refuse_fact_change()"
    )


def downgrade() -> None:
    """Back to the schema before."""
    op.drop_index("conversation_last_message", table_name="conversation")
    op.drop_table("customer_fact")
    op.execute("DROP FUNCTION refuse_fact_change()")
    op.drop_table("episode")
