"""A version is tried on a message before anybody hears of it: the very prompt of that turn, and the lines about tone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session

from secretaria.context.moods import level_lines
from secretaria.context.preview import preview_context, preview_levels
from secretaria.context.prompt import Prompt, build_prompt, is_base_whole
from secretaria.knowledge.search import search
from secretaria.knowledge.snapshot import Business
from secretaria.knowledge.store import load_business
from secretaria.tools.describing import describe_tools, tool_names


@dataclass(frozen=True, slots=True)
class Tried:
    """One version, tried.

    Attributes:
        business: What it says, with the levels that were asked for.
        levels: The lines about tone that the model is told.
        prompt: What the model would be sent; None where no message was given.
    """

    business: Business
    levels: tuple[str, ...]
    prompt: Prompt | None


def try_version(
    session: Session, version_id: int, texts: Sequence[str], now: datetime, levels: Mapping[str, str] | None = None
) -> Tried:
    """Write what the model would be told of a message, under any version.

    Args:
        session: An open session; nothing is written.
        version_id: Published or draft.
        texts: What somebody writes who writes for the first time; none asks only for the lines about tone.
        now: The present moment.
        levels: Other levels than the version's own, by ``context.preview.LEVELS``.

    Raises:
        VersionNotFound: There is none of this number.
        LevelUnknown: A level has no such value.
    """
    business = preview_levels(load_business(session, version_id), levels or {})
    told = level_lines(business.card.persona)
    if not texts:
        return Tried(business, told, None)
    found = () if is_base_whole(business) else search(session, version_id, texts)
    context = replace(
        preview_context(business, texts, now, found),
        tools=describe_tools(business.card),
        tool_names=tuple(tool_names(business.card)),
    )
    return Tried(business, told, build_prompt(context))
