"""Indexes for what is asked of a million messages: who waits for a person, who said a word, what is past its time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018_growth"
down_revision = "0016_second_step"
branch_labels = None
depends_on = None

ACCENTED = "áàâãäéèêëíìîïóòôõöúùûüçñÁÀÂÃÄÉÈÊËÍÌÎÏÓÒÔÕÖÚÙÛÜÇÑ"
PLAIN = "aaaaaeeeeiiiiooooouuuucnaaaaaeeeeiiiiooooouuuucn"
WORDS = f"translate(lower(coalesce({{column}}, '')), '{ACCENTED}', '{PLAIN}')"

PARTIAL = (
    ("conversation_with_people", "conversation", "mode", "mode IN ('waiting', 'attended')"),
    ("message_kept", "message", "received_at", "text <> '' OR transcript IS NOT NULL"),
    ("inbox_event_body", "inbox_event", "received_at", "length(body) > 0"),
    ("reply_words", "reply", "created_at", "json_array_length(bubbles) > 0"),
    ("reply_satisfaction", "reply", "created_at", "satisfaction IS NOT NULL"),
    ("episode_satisfaction", "episode", "id", "satisfaction IS NOT NULL"),
    ("outbox_item_body", "outbox_item", "created_at", "body <> ''"),
    ("outbox_item_in_doubt", "outbox_item", "message_id", "state IN ('unconfirmed', 'held')"),
)
FOUND = (
    ("message_words", "message", "text"),
    ("message_transcript", "message", "transcript"),
    ("contact_words", "contact", "name"),
)


def upgrade() -> None:
    """Safe while the previous version still runs: it reads as before.

    The table of messages takes no new ones while its words are indexed, some twenty seconds for a million of them; events are
    accepted meanwhile, and filed afterwards.
    """
    for name, table, column, where in PARTIAL:
        op.create_index(name, table, [column], postgresql_where=sa.text(where))
    op.create_index("feed_entry_at", "feed_entry", ["at"])
    op.create_index("message_of_episode", "message", ["conversation_id", "received_at"])
    for name, table, column in FOUND:
        words: sa.ColumnElement[str] = sa.literal_column(WORDS.format(column=column))
        op.create_index(
            name,
            table,
            [words.label("words")],
            postgresql_using="gin",
            postgresql_ops={"words": "gin_trgm_ops"},
            postgresql_where=sa.text("transcript IS NOT NULL") if column == "transcript" else None,
        )


def downgrade() -> None:
    """Back to reading whole tables."""
    for name, table, *_ in (
        *reversed(FOUND),
        ("message_of_episode", "message"),
        ("feed_entry_at", "feed_entry"),
        *reversed(PARTIAL),
    ):
        op.drop_index(name, table_name=table)
