"""The whole analysis of a turn is kept with its reply: what else was asked, tools, memory, calls and seconds by step."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003_analysis"
down_revision = "0002_never_lost"
branch_labels = None
depends_on = None


def columns() -> list[sa.Column[Any]]:
    """Return the new columns of a reply; a column object belongs to one table only, so each call makes them anew."""
    return [
        sa.Column("extra_intentions", sa.JSON(), nullable=False, server_default="[]"),
        sa.Column("urgent", sa.Boolean(), nullable=True),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("analysis_source", sa.String(), nullable=True),
        sa.Column("tool", sa.JSON(), nullable=True),
        sa.Column("actions", sa.JSON(), nullable=False, server_default="[]"),
        sa.Column("memory", sa.JSON(), nullable=False, server_default="[]"),
        sa.Column("handoff_by", sa.String(), nullable=True),
        sa.Column("business_version", sa.String(), nullable=True),
        sa.Column("calls", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("regenerations", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("steps", sa.JSON(), nullable=False, server_default="{}"),
    ]


def upgrade() -> None:
    """Safe while the previous version still runs: it neither reads nor writes these columns."""
    for column in columns():
        op.add_column("reply", column)
    op.execute("UPDATE reply SET analysis_source = 'model' WHERE origin = 'model'")


def downgrade() -> None:
    """Back to the schema before."""
    for column in reversed(columns()):
        op.drop_column("reply", column.name)
