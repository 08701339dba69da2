"""What waits for a person is found by an index of its own, however many events and sends have come to their end."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004_attention"
down_revision = "0003_analysis"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Safe while the previous version still runs; each holds writes to its table only while it is built."""
    op.create_index("inbox_event_parked", "inbox_event", ["received_at"], postgresql_where=sa.text("state = 'parked'"))
    op.create_index(
        "outbox_item_for_a_person",
        "outbox_item",
        ["created_at"],
        postgresql_where=sa.text("state IN ('held', 'dead')"),
    )


def downgrade() -> None:
    """Back to the schema before."""
    op.drop_index("outbox_item_for_a_person", table_name="outbox_item")
    op.drop_index("inbox_event_parked", table_name="inbox_event")
