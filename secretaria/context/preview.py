"""What the model would be told under any version of the business, before anybody publishes it; pure."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from pydantic import ValidationError

from secretaria.context.engine import BurstMessage, TurnContext
from secretaria.context.prompt import Prompt, build_prompt
from secretaria.errors import UsageInvalid
from secretaria.knowledge.business import Persona
from secretaria.knowledge.chunks import Chunk
from secretaria.knowledge.snapshot import Business
from secretaria.validation import reason

LEVELS = ("formality", "empathy", "humour", "emojis")


class LevelUnknown(UsageInvalid):
    """A level cannot be set to this."""

    def __init__(self, *told: str) -> None:
        super().__init__(f"não é um nível: {'; '.join(told)}", "veja os níveis em docs/context.md")


def preview_levels(business: Business, levels: Mapping[str, str]) -> Business:
    """Return a business whose secretary sounds otherwise.

    Args:
        business: Any version.
        levels: Other values for ``LEVELS``, as the card writes them; what is left out stays.

    Raises:
        LevelUnknown: A level has no such value.
    """
    known = business.card.persona.model_dump(by_alias=True)
    written = {str(Persona.model_fields[name].alias or name): value for name, value in levels.items()}
    try:
        persona = Persona.model_validate({**known, **written})
    except ValidationError as error:
        raise LevelUnknown(*(f"{one['loc'][0]} ({reason(one)})" for one in error.errors(include_url=False))) from error
    return replace(business, card=business.card.model_copy(update={"persona": persona}))


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


def prompt_text(prompt: Prompt) -> str:
    """Write a prompt as people read it, message by message; its canary, which changes with every version, is left out."""
    parts = [f"===== {message['role']}\n{message['content'].strip()}\n" for message in prompt.messages]
    return "\n".join(parts).replace(prompt.canary or "\0", "marca-…")


def compare_prompts(live: Prompt, other: Prompt) -> list[str]:
    """Return the lines of the live prompt that the other has not, marked ``-``, and those it has instead, marked ``+``."""
    before, after = prompt_text(live).splitlines(), prompt_text(other).splitlines()
    return list(difflib.unified_diff(before, after, "publicada", "rascunho", lineterm="", n=0))
