"""When saying nothing is the right answer: thanks after the matter is solved, and only where nothing was asked."""

from __future__ import annotations

from secretaria.context.engine import TurnContext
from secretaria.context.schema import Draft

COURTESIES = frozenset({"agradecimento", "saudacao"})


def silence_fits(draft: Draft, context: TurnContext, *, handed_off: bool) -> bool:
    """Say whether a draft without bubbles may stand as it is.

    Args:
        draft: What the model proposed.
        context: The turn; a customer who is not known yet, or who asks, is always answered.
        handed_off: Whether a person takes over, which is never done without a word.
    """
    said_nothing = not draft.bubbles and draft.tool is None and draft.answerable == "conversation"
    courtesy = draft.intention == "agradecimento" and COURTESIES.issuperset(draft.extra_intentions)
    asked = any("?" in text for text in context.texts)
    unseen = any(not message.text for message in context.burst if message.kind != "sticker")
    return said_nothing and courtesy and not (handed_off or asked or unseen or context.first_reply)
