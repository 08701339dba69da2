"""Drafts that nobody works on any more: dropped ones, and those that another one followed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015_drafts"
down_revision = "0014_attending"
branch_labels = None
depends_on = None

EARLIER = """
UPDATE business_version SET set_aside_at = created_at
WHERE id NOT IN (SELECT version_id FROM business_publication)
AND parent_id IS DISTINCT FROM (SELECT version_id FROM business_publication ORDER BY number DESC LIMIT 1)
"""


def upgrade() -> None:
    """Safe while the previous version still runs: it does not know the column, and its drafts are simply the newest."""
    op.add_column("business_version", sa.Column("set_aside_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(EARLIER)


def downgrade() -> None:
    """Back to drafts that are only told from each other by their number."""
    op.drop_column("business_version", "set_aside_at")
