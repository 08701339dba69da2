"""The business is versioned data: what its owner wrote, what was published when, its chunks, and what had no answer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006_knowledge"
down_revision = "0005_budget"
branch_labels = None
depends_on = None

MISSING_KEPT = sa.text("state IN ('open', 'dismissed')")


def upgrade() -> None:
    """Safe while the previous version still runs: it knows none of these tables."""
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    op.create_table(
        "business_version",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("card", sa.Text(), nullable=False),
        sa.Column("base", sa.JSON(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("origin IN ('folder', 'import', 'edit', 'answer', 'restore')", name="origin_known"),
        sa.ForeignKeyConstraint(["parent_id"], ["business_version.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "business_publication",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        sa.Column("published_by", sa.String(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["version_id"], ["business_version.id"]),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "knowledge_chunk",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("file", sa.String(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.Column(
            "search",
            postgresql.TSVECTOR(),
            sa.Computed("to_tsvector('portuguese'::regconfig, folded)", persisted=True),
            nullable=True,
        ),
        sa.ForeignKeyConstraint(["version_id"], ["business_version.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("version_id", "source", name="knowledge_chunk_source"),
    )
    op.create_index("knowledge_chunk_search", "knowledge_chunk", ["search"], postgresql_using="gin")
    op.create_index(
        "knowledge_chunk_trigrams",
        "knowledge_chunk",
        ["folded"],
        postgresql_using="gin",
        postgresql_ops={"folded": "gin_trgm_ops"},
    )
    op.create_table(
        "missing_question",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("asked", sa.String(), nullable=False),
        sa.Column("folded", sa.String(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(), nullable=True),
        sa.Column("version_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("state IN ('open', 'answered', 'dismissed')", name="state_known"),
        sa.ForeignKeyConstraint(["version_id"], ["business_version.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("missing_question_once", "missing_question", ["folded"], unique=True, postgresql_where=MISSING_KEPT)
    op.create_index(
        "missing_question_trigrams",
        "missing_question",
        ["folded"],
        postgresql_using="gin",
        postgresql_ops={"folded": "gin_trgm_ops"},
    )


def downgrade() -> None:
    """Back to the schema before; the configured folder is what holds again."""
    op.drop_table("missing_question")
    op.drop_table("knowledge_chunk")
    op.drop_table("business_publication")
    op.drop_table("business_version")
    op.execute("DROP EXTENSION pg_trgm")
