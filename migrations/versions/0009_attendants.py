"""Attendants: who may enter the panel."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009_attendants"
down_revision = "0008_media"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Safe while the previous version still runs."""
    op.create_table(
        "attendant",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("login", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("password_expired", sa.Boolean(), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("login", name="attendant_login"),
        sa.CheckConstraint("role IN ('owner', 'attendant', 'viewer')", name="role_known"),
    )


def downgrade() -> None:
    """Forget who may enter."""
    op.drop_table("attendant")
