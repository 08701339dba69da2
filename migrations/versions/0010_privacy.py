"""The audit that is only added to, the list of erased people, opt-outs, and what the daily chores have done."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010_privacy"
down_revision = "0009_attendants"
branch_labels = None
depends_on = None

AUDIT_GUARD = """
CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND OLD.at < now() - interval '180 days' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'the audit is only added to' USING ERRCODE = 'check_violation';
END
$$
"""


def upgrade() -> None:
    """Safe while the previous version still runs: tables of its own, and columns that may be empty."""
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=True),
        sa.Column("before", sa.JSON(), nullable=True),
        sa.Column("after", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    for column in ("at", "action", "subject"):
        op.create_index(op.f(f"ix_audit_entry_{column}"), "audit_entry", [column], unique=False)
    op.execute(AUDIT_GUARD)
    op.execute(
        "CREATE TRIGGER audit_entry_kept BEFORE UPDATE OR DELETE ON audit_entry "
        "FOR EACH ROW EXECUTE FUNCTION refuse_audit_change()"
    )
    op.create_table(
        "erased_contact",
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tally", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("subject"),
    )
    op.create_table(
        "chore_run",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name", "day"),
    )
    op.add_column("contact", sa.Column("opted_out_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("contact", sa.Column("told_privacy_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Back to the schema before."""
    op.drop_column("contact", "told_privacy_at")
    op.drop_column("contact", "opted_out_at")
    op.drop_table("chore_run")
    op.drop_table("erased_contact")
    op.execute("DROP TRIGGER audit_entry_kept ON audit_entry")
    op.execute("DROP FUNCTION refuse_audit_change()")
    for column in ("subject", "action", "at"):
        op.drop_index(op.f(f"ix_audit_entry_{column}"), table_name="audit_entry")
    op.drop_table("audit_entry")
