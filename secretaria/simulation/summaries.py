"""What the simulated model says of an ended conversation: who wrote how often and what came first, nothing clever."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

SUMMARY_SCHEMA = "resumo_da_conversa"
SPOKEN = re.compile(r"^<conversa>\s*$(.*?)^</conversa>\s*$", re.MULTILINE | re.DOTALL)
QUOTED = 120


def wants_summary(asked: Mapping[str, Any]) -> bool:
    """Say whether a request asks for the summary of a conversation, by the name of the shape or by its delimiters."""
    schema = (asked.get("response_format") or {}).get("json_schema") or {}
    return schema.get("name") == SUMMARY_SCHEMA or bool(_spoken(asked))


def sum_up(asked: Mapping[str, Any]) -> dict[str, Any]:
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


def _spoken(asked: Mapping[str, Any]) -> list[dict[str, str]]:
    content = asked["messages"][-1].get("content")
    found = SPOKEN.findall(content) if isinstance(content, str) else []
    return [json.loads(line) for line in found[-1].splitlines() if line.strip()] if found else []
