"""The agenda: listed slots, bookings that cannot overlap on a seat, their history, offers, reminders."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007_agenda"
down_revision = "0006_knowledge"
branch_labels = None
depends_on = None

HISTORY_GUARD = """
CREATE FUNCTION refuse_history_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the history of booking % is only added to', OLD.booking_id USING ERRCODE = 'check_violation';
END
$$
"""


def upgrade() -> None:
    """Safe while the previous version still runs: tables of its own, and columns that have a default."""
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    op.create_table(
        "agenda_slot",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("uid", name="agenda_slot_once"),
    )
    op.create_index("agenda_slot_of_unit", "agenda_slot", ["unit", "starts_at"], unique=False)
    op.create_table(
        "booking",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=True),
        sa.Column("person", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("slot_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("uid", sa.String(), nullable=True),
        sa.Column("arranged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("ends_at > starts_at", name="booking_has_length"),
        sa.CheckConstraint("state IN ('booked', 'confirmed', 'cancelled')", name="state_known"),
        sa.CheckConstraint("source IN ('secretary', 'operator', 'import')", name="source_known"),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"]),
        sa.ForeignKeyConstraint(["slot_id"], ["agenda_slot.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("code", name="booking_code_once"),
        sa.UniqueConstraint("uid", name="booking_uid_once"),
        postgresql.ExcludeConstraint(
            (sa.literal_column("unit"), "="),
            (sa.literal_column("lane"), "="),
            (sa.text("tstzrange(starts_at, ends_at)"), "&&"),
            name="booking_one_a_seat",
            using="gist",
            where=sa.text("state <> 'cancelled'"),
        ),
    )
    op.create_index(
        "booking_slot_once", "booking", ["slot_id"], unique=True, postgresql_where=sa.text("state <> 'cancelled'")
    )
    op.create_index("booking_of_contact", "booking", ["contact_id", "starts_at"], unique=False)
    op.create_index(
        "booking_ahead", "booking", ["starts_at"], unique=False, postgresql_where=sa.text("state <> 'cancelled'")
    )
    op.execute("CREATE SEQUENCE booking_code START WITH 2001 OWNED BY booking.code")
    op.create_table(
        "booking_change",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("booking_id", sa.BigInteger(), nullable=False),
        sa.Column("turn_id", sa.BigInteger(), nullable=True),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("moved_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("action IN ('book', 'move', 'cancel', 'confirm')", name="action_known"),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"]),
        sa.ForeignKeyConstraint(["turn_id"], ["turn.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("turn_id", name="booking_change_once_a_turn"),
    )
    op.create_index(op.f("ix_booking_change_booking_id"), "booking_change", ["booking_id"], unique=False)
    op.execute(HISTORY_GUARD)
    op.execute(
        "CREATE TRIGGER booking_change_history BEFORE UPDATE ON booking_change "
        "FOR EACH ROW EXECUTE FUNCTION refuse_history_change()"
    )
    op.create_table(
        "agenda_offer",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("conversation_id", sa.BigInteger(), nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=False),
        sa.Column("turn_id", sa.BigInteger(), nullable=False),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"]),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"]),
        sa.ForeignKeyConstraint(["turn_id"], ["turn.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("turn_id", name="agenda_offer_of_turn"),
    )
    op.create_index("agenda_offer_newest", "agenda_offer", ["conversation_id", "id"], unique=False)
    op.create_index(op.f("ix_agenda_offer_contact_id"), "agenda_offer", ["contact_id"], unique=False)
    op.create_table(
        "reminder",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("booking_id", sa.BigInteger(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lead_minutes", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.BigInteger(), nullable=True),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"]),
        sa.ForeignKeyConstraint(["item_id"], ["outbox_item.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("booking_id", "starts_at", "lead_minutes", name="reminder_once"),
    )


def downgrade() -> None:
    """Back to the schema before; the extension stays where others may use it."""
    op.drop_table("reminder")
    op.drop_index(op.f("ix_agenda_offer_contact_id"), table_name="agenda_offer")
    op.drop_index("agenda_offer_newest", table_name="agenda_offer")
    op.drop_table("agenda_offer")
    op.drop_index(op.f("ix_booking_change_booking_id"), table_name="booking_change")
    op.drop_table("booking_change")
    op.execute("DROP FUNCTION refuse_history_change()")
    op.drop_index("booking_ahead", table_name="booking", postgresql_where=sa.text("state <> 'cancelled'"))
    op.drop_index("booking_of_contact", table_name="booking")
    op.drop_index("booking_slot_once", table_name="booking", postgresql_where=sa.text("state <> 'cancelled'"))
    op.drop_table("booking")
    op.drop_index("agenda_slot_of_unit", table_name="agenda_slot")
    op.drop_table("agenda_slot")
    op.execute("DROP EXTENSION IF EXISTS btree_gist")
