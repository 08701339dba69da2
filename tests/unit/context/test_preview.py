"""A draft of the business can be tried on a message before anybody hears of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from secretaria.context.preview import preview_prompt
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
