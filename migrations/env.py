"""Runs migrations so that the version still in service is not hurt: one at a time, and with time limits."""

from __future__ import annotations

from alembic import context
from sqlalchemy import NullPool, create_engine, text
from sqlmodel import SQLModel

import secretaria.agenda.models
import secretaria.attendants.models
import secretaria.attending.models
import secretaria.audit.models
import secretaria.conversations.models
import secretaria.inbox.models
import secretaria.knowledge.models
import secretaria.llm.models
import secretaria.memory.models
import secretaria.outbox.models
import secretaria.queue.models
import secretaria.replies.models  # noqa: F401  # importing the models is what fills the metadata
from secretaria.crashpoints import crashpoint

MIGRATION_LOCK = 7_305_414_501
LOCK_TIMEOUT = "3s"
STATEMENT_TIMEOUT = "5min"


def run_online() -> None:
    """Migrate one database under an advisory lock; a second run waits for the first and then finds nothing to do.

    A way down is one transaction, and ``before_step`` looks before each of its steps whether it may be taken.
    """
    before_step = context.config.attributes.get("before_step")
    # Without a pool the connection really ends, and with it the advisory lock, also when a migration fails.
    engine = create_engine(context.config.attributes["url"], poolclass=NullPool)
    with engine.connect() as connection:

        def applied(revision: str) -> None:
            crashpoint(f"K21 {revision}")
            if before_step is not None:
                before_step(connection)

        connection.execute(text(f"SET statement_timeout = '{STATEMENT_TIMEOUT}'"))
        connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": MIGRATION_LOCK})
        connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=SQLModel.metadata,
            transaction_per_migration=before_step is None,
            on_version_apply=lambda step, **_: applied(step.up_revision_id),
        )
        with context.begin_transaction():
            if before_step is not None:
                before_step(connection)
            context.run_migrations()


def run_offline() -> None:
    """Print the SQL instead of running it."""
    context.configure(
        dialect_name="postgresql",
        dialect_opts={"paramstyle": "named"},  # psycopg2's own would print every % twice
        target_metadata=SQLModel.metadata,
        literal_binds=True,
    )
    with context.begin_transaction():
        context.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
        context.execute(f"SET statement_timeout = '{STATEMENT_TIMEOUT}'")
        context.run_migrations()


if context.is_offline_mode():
    run_offline()
else:
    run_online()
