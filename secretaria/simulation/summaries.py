"""What the simulated model says of an ended conversation: who wrote how often and what came first, nothing clever."""

from __future__ import annotations

import json
import re
from typing import Any

from secretaria.simulation.llm_protocol import Asked, plainest

SUMMARY_SCHEMA = "resumo_da_conversa"
SPOKEN = re.compile(r"^<conversa>\s*$(.*?)^</conversa>\s*$", re.MULTILINE | re.DOTALL)
QUOTED = 120


def aside(asked: Asked) -> dict[str, Any]:
    """Answer what asks for no draft: a summary where one is wanted, else the plainest object that fits."""
    return sum_up(asked) if wants_summary(asked) else plainest(asked)


def wants_summary(asked: Asked) -> bool:
    """Say whether a request asks for the summary of a conversation, by the name of the shape or by its delimiters."""
    return asked.schema_name == SUMMARY_SCHEMA or bool(_spoken(asked))


def sum_up(asked: Asked) -> dict[str, Any]:
    """Sum up the conversation of a request."""
    lines = _spoken(asked)
    first = next((line["texto"] for line in lines if line["autor"] == "cliente" and line["texto"]), "")
    answered = any(line["autor"] != "cliente" for line in lines)
    thanked = any("obrigad" in line["texto"].lower() for line in lines if line["autor"] == "cliente")
    return {
        "summary": f"O cliente escreveu: {' '.join(first.split())[:QUOTED]}",
        "resolved": answered,
        "satisfaction": "satisfied" if thanked else None,
        "pending": [] if answered else ["responder ao cliente"],
    }


def _spoken(asked: Asked) -> list[dict[str, str]]:
    found = SPOKEN.findall(asked.messages[-1][1])
    return [json.loads(line) for line in found[-1].splitlines() if line.strip()] if found else []
