"""The schema goes back only where nothing is lost; otherwise it is told what would be, and nothing is touched."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text

from secretaria.database.migrate import (
    RevisionNotBehind,
    WayDownLoses,
    current_revision,
    downgrade,
    losses_of,
    pending_revisions,
    schema_differences,
    steps_back,
    upgrade,
)
from secretaria.database.steps import known_steps

HEAD = known_steps()[-1].revision
SOMEBODY = """
INSERT INTO attendant (id, login, name, role, password_hash, password_expired, version, created_at, second_step)
VALUES (1, 'ana', 'Ana', 'attendant', 'x', false, 1, now(), :second_step)
"""


def somebody(engine: Engine, second_step: str | None) -> None:
    """Let somebody attend, with a second step or without."""
    with engine.begin() as connection:
        connection.execute(text(SOMEBODY), {"second_step": second_step})


def test_what_nobody_has_used_yet_is_taken_back(empty: Engine) -> None:
    """Rows of before stay, the schema is the older one, and the way up works again."""
    upgrade(empty)
    somebody(empty, None)
    assert downgrade(empty, "0014_attending") == [step.revision for step in reversed(known_steps()[14:])]
    assert current_revision(empty) == "0014_attending"
    with empty.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM attendant")).scalar_one() == 1
    assert pending_revisions(empty)[0] == "0015_drafts"
    upgrade(empty)
    assert schema_differences(empty) == []


def test_what_somebody_has_written_stays(empty: Engine) -> None:
    """One value in a new column is enough: the whole way back is refused and says what it would lose."""
    upgrade(empty)
    somebody(empty, "selado")
    with pytest.raises(WayDownLoses, match=r"attendant\.second_step \(1\)") as refused:
        downgrade(empty, "0014_attending")
    assert refused.value.hint.endswith("secretaria restore")
    assert current_revision(empty) == HEAD
    assert schema_differences(empty) == []


def test_a_loss_deeper_down_leaves_the_steps_above_it_alone_too(empty: Engine) -> None:
    """The way back is one transaction: there is no half of it."""
    upgrade(empty)
    with empty.begin() as connection:
        connection.execute(
            text("INSERT INTO queue_pause (queue, paused_at, paused_by) VALUES ('inbox', now(), 'alguém')")
        )
    with pytest.raises(WayDownLoses, match="queue_pause"):
        downgrade(empty, "0001_spine")
    assert current_revision(empty) == HEAD


def test_every_way_down_can_be_counted(empty: Engine) -> None:
    """The conditions of all of them are ones that PostgreSQL understands, and an empty database loses nothing."""
    upgrade(empty)
    assert [loss for step in known_steps() for loss in losses_of(empty, step)] == []
    downgrade(empty, "0001_spine")
    assert current_revision(empty) == "0001_spine"


def test_a_revision_that_is_not_behind_is_refused(empty: Engine) -> None:
    """Also one that nobody ever heard of."""
    upgrade(empty)
    assert steps_back(empty, HEAD) == []
    assert downgrade(empty, HEAD) == []
    with pytest.raises(RevisionNotBehind):
        downgrade(empty, "0999_nunca")
