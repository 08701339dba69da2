"""What a turn was answered from and what the model wrote, so that it can be answered again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013_recordings"
down_revision = "0012_reminders"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Safe while the previous version still runs: it does not know this table."""
    op.create_table(
        "recording",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("turn_id", sa.BigInteger(), nullable=False),
        sa.Column("conversation_id", sa.BigInteger(), nullable=False),
        sa.Column("business_version_id", sa.BigInteger(), nullable=True),
        sa.Column("business_version", sa.String(), nullable=False),
        sa.Column("prompt_version", sa.String(), nullable=False),
        sa.Column("economy", sa.String(), nullable=False),
        sa.Column("told", sa.JSON(), nullable=False),
        sa.Column("found", sa.JSON(), nullable=False),
        sa.Column("sought", sa.JSON(), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.Column("tool", sa.JSON(), nullable=True),
        sa.Column("decision", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("kept_by", sa.String(), nullable=True),
        sa.Column("expected", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(["business_version_id"], ["business_version.id"]),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"]),
        sa.ForeignKeyConstraint(["turn_id"], ["turn.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("turn_id", name="recording_of_turn"),
    )
    op.create_index("ix_recording_conversation_id", "recording", ["conversation_id"], unique=False)
    op.create_index("ix_recording_created_at", "recording", ["created_at"], unique=False)
    op.create_index(
        "recording_kept", "recording", ["id"], unique=False, postgresql_where=sa.text("kept_at IS NOT NULL")
    )


def downgrade() -> None:
    """Back to the schema before."""
    op.drop_table("recording")
