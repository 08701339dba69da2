"""What the model would be told under any version of the business, before anybody publishes it; pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from secretaria.context.engine import BurstMessage, TurnContext
from secretaria.context.prompt import Prompt, build_prompt
from secretaria.knowledge.chunks import Chunk
from secretaria.knowledge.snapshot import Business


def preview_context(
    business: Business, texts: Sequence[str], now: datetime, found: Sequence[Chunk] = ()
) -> TurnContext:
    """Return the turn of somebody who writes for the first time.

    Args:
        business: Any version, as ``knowledge.store.load_business`` reads it.
        texts: What they write.
        now: When, aware.
        found: What a search in that version chose, where its base does not fit whole.
    """
    return TurnContext(
        business=business,
        now=now,
        contact_name=None,
        history=(),
        burst=tuple(BurstMessage("text", text) for text in texts),
        first_reply=True,
        found=tuple(found),
    )


def preview_prompt(business: Business, texts: Sequence[str], now: datetime, found: Sequence[Chunk] = ()) -> Prompt:
    """Return the messages that the model would be sent for that turn."""
    return build_prompt(preview_context(business, texts, now, found))
