"""Messages know their file and what an audio says, and audio that is to be heard waits in a table of its own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008_media"
down_revision = "0007_agenda"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Safe while the previous version still runs: it neither reads nor writes these."""
    op.add_column("message", sa.Column("media_url", sa.String(), nullable=True))
    op.add_column("message", sa.Column("media_type", sa.String(), nullable=True))
    op.add_column("message", sa.Column("media_seconds", sa.Float(), nullable=True))
    op.add_column("message", sa.Column("transcript", sa.String(), nullable=True))
    op.create_table(
        "transcription",
        sa.Column("message_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("turn_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("nudged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'heard', 'failed')", name="state_known"),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("message_id"),
    )
    op.create_index(
        "transcription_waiting", "transcription", ["created_at"], postgresql_where=sa.text("state = 'waiting'")
    )


def downgrade() -> None:
    """Back to the schema before."""
    op.drop_table("transcription")
    for column in ("transcript", "media_seconds", "media_type", "media_url"):
        op.drop_column("message", column)
