"""What was decided has a place for each column of the table it goes to."""

from __future__ import annotations

from dataclasses import fields

from secretaria.replies.decided import Decided
from secretaria.replies.models import Reply


def test_each_column_has_its_attribute() -> None:
    """But for the row's own number, which the database gives."""
    columns = {column.name for column in Reply.metadata.tables["reply"].columns if not column.primary_key}
    assert {one.name for one in fields(Decided)} == columns
