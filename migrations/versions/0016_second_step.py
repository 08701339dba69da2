"""A second step at the entrance: codes of an application, and recovery codes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016_second_step"
down_revision = "0015_drafts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Safe while the previous version still runs: it does not know the columns, and asks for the password alone."""
    op.add_column("attendant", sa.Column("second_step", sa.String(), nullable=True))
    op.add_column("attendant", sa.Column("last_step", sa.BigInteger(), nullable=True))
    op.create_table(
        "recovery_code",
        sa.Column("attendant_id", sa.BigInteger(), nullable=False),
        sa.Column("code_hash", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["attendant_id"], ["attendant.id"]),
        sa.PrimaryKeyConstraint("attendant_id", "code_hash"),
    )


def downgrade() -> None:
    """Back to the password alone."""
    op.drop_table("recovery_code")
    op.drop_column("attendant", "last_step")
    op.drop_column("attendant", "second_step")
