"""Follows the conversations: a backfill, then what happens when it happens, whatever becomes of Redis and PostgreSQL."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import datetime

from secretaria.attending.timeline import Told, Viewer
from secretaria.bootstrap import Installation
from secretaria.cli.console import say
from secretaria.conversations.feed import cursor_at, read_feed
from secretaria.database.transaction import transaction
from secretaria.errors import Unavailable

RETRY_SECONDS = 0.5


def follow(
    parts: Installation, viewer: Viewer, show: Callable[[Told], None], *, since: datetime, after: str | None
) -> None:
    """Show what happens until somebody ends it; nothing is missed and nothing comes twice.

    Args:
        parts: The installation.
        viewer: What is wanted.
        show: Shows one entry.
        since: From when on the past is shown.
        after: A cursor that was shown before, from which to go on instead.

    Raises:
        CursorUnknown: The cursor is not one of this database.
    """
    listener = parts.waker.listen()
    cursor, begun, away = after, after is not None, False
    while True:
        try:
            with transaction(parts.engine) as session:
                if not begun:
                    cursor, begun = cursor_at(session, since), True
                page = read_feed(session, cursor)
                chosen = viewer.choose(session, page.entries)
        except Unavailable:
            if not away:
                say("o PostgreSQL não responde; continuo assim que voltar")
            away = True
            time.sleep(RETRY_SECONDS)
            continue
        if away:
            say("o PostgreSQL voltou")
            away = False
        for told in chosen:
            show(told)
        sys.stdout.flush()
        cursor = page.cursor
        if not page.more:
            listener.wait()
