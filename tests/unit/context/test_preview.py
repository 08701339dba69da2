"""A draft of the business can be tried on a message before anybody hears of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from secretaria.context.moods import EMOJIS, FORMALITY, level_lines
from secretaria.context.preview import LevelUnknown, compare_prompts, preview_levels, preview_prompt
from secretaria.knowledge.chunks import Chunk
from secretaria.knowledge.snapshot import Business

NOW = datetime(2026, 8, 10, 12, 14, tzinfo=UTC)


def test_a_preview_tells_the_model_what_the_draft_says(business: Business) -> None:
    """The prompt holds the draft's persona and base and the message, and is another version than the published one."""
    persona = business.card.persona.model_copy(update={"name": "Lua"})
    chunk = Chunk("avisos.md#obra", "Obra", "Entrada pela rua de trás.", "avisos.md")
    card = business.card.model_copy(update={"persona": persona})
    draft = replace(business, card=card, chunks=(chunk,), version="rascunho0000")
    tried, held = (preview_prompt(one, ["por onde entro?"], NOW) for one in (draft, business))
    whole = "\n".join(message["content"] for message in tried.messages)
    assert all(said in whole for said in ("Nome: Lua", "Entrada pela rua de trás.", "por onde entro?"))
    assert tried.version != held.version


def test_levels_are_tried_without_a_version(business: Business) -> None:
    """Other levels change the lines the model is told, and nothing else of the prompt."""
    tried = preview_levels(business, {"formality": "formal", "emojis": "nunca"})
    assert {FORMALITY["formal"], EMOJIS["nunca"]} <= set(level_lines(tried.card.persona))
    live, other = (preview_prompt(one, ["oi"], NOW) for one in (business, tried))
    marked = [line for line in compare_prompts(live, other)[2:] if not line.startswith("@@")]
    assert sorted(marked) == sorted(
        [f"-{FORMALITY['neutra']}", f"-{EMOJIS['raros']}", f"+{FORMALITY['formal']}", f"+{EMOJIS['nunca']}"]
    )


def test_the_same_version_reads_the_same(business: Business) -> None:
    """Nothing to compare is no difference, the canary of a version apart."""
    live, other = (preview_prompt(replace(business, version=name), ["oi"], NOW) for name in ("a" * 12, "b" * 12))
    assert live.canary != other.canary
    assert compare_prompts(live, other) == []


def test_no_such_level_is_told(business: Business) -> None:
    """A level nobody can set is refused with its name."""
    with pytest.raises(LevelUnknown, match="humor"):
        preview_levels(business, {"humour": "muito"})
