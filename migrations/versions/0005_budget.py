"""What the model costs is counted: pots by conversation, day and month, reservations under way, and a price on each reply."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005_budget"
down_revision = "0004_attention"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Safe while the previous version still runs: it knows nothing of these."""
    op.create_table(
        "llm_spending",
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("conversation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("period", sa.Date(), nullable=False),
        sa.Column("tokens", sa.BigInteger(), nullable=False),
        sa.Column("micros", sa.BigInteger(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("scope IN ('conversation', 'day', 'month')", name="scope_known"),
        sa.PrimaryKeyConstraint("scope", "conversation_id", "period"),
    )
    op.create_table(
        "llm_reservation",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("conversation_id", sa.BigInteger(), nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("tokens", sa.BigInteger(), nullable=False),
        sa.Column("micros", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_llm_reservation_expires_at", "llm_reservation", ["expires_at"])
    op.add_column("reply", sa.Column("cost_micros", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    """Back to the schema before."""
    op.drop_column("reply", "cost_micros")
    op.drop_table("llm_reservation")
    op.drop_table("llm_spending")
