"""Reminders in the outbox: an item may belong to no turn, says what it is for, and may become useless."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012_reminders"
down_revision = "0011_memory"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Safe while the previous version still runs: it writes turns and knows only replies, which is the default."""
    op.add_column("outbox_item", sa.Column("purpose", sa.String(), nullable=False, server_default="reply"))
    op.add_column("outbox_item", sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))
    op.alter_column("outbox_item", "turn_id", existing_type=sa.BIGINT(), nullable=True)
    op.create_check_constraint("purpose_known", "outbox_item", "purpose IN ('reply', 'reminder')")


def downgrade() -> None:
    """Back to the schema before, which has no room for what belongs to no turn."""
    op.execute("UPDATE reminder SET item_id = NULL")
    op.execute("DELETE FROM outbox_log WHERE item_id IN (SELECT id FROM outbox_item WHERE turn_id IS NULL)")
    op.execute("DELETE FROM delivery_attempt WHERE item_id IN (SELECT id FROM outbox_item WHERE turn_id IS NULL)")
    op.execute("DELETE FROM outbox_item WHERE turn_id IS NULL")
    op.drop_constraint("purpose_known", "outbox_item")
    op.alter_column("outbox_item", "turn_id", existing_type=sa.BIGINT(), nullable=False)
    op.drop_column("outbox_item", "expires_at")
    op.drop_column("outbox_item", "purpose")
