"""How the simulated model spoils an answer that was good, one way for each fault that still answers in time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from secretaria.simulation.faults import LlmMode
from secretaria.simulation.llm_protocol import Asked, completion

HTML_PAGE = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
REFUSAL = "I'm sorry, but I can't assist with that request."
UNKNOWN_SOURCE = "inventado.md#nao-existe"
WRONG_INTENTION = "vender"
MEGABYTE = 1_000_000


def spoiled(asked: Asked, answer: Mapping[str, Any] | str, mode: LlmMode) -> dict[str, Any]:
    """Return the envelope of an answer, spoilt as the mode says."""
    if isinstance(answer, str):
        return _envelope(asked, answer, mode)
    return _envelope(asked, json.dumps(_changed(answer, mode), ensure_ascii=False), mode)


def _changed(answer: Mapping[str, Any], mode: LlmMode) -> Mapping[str, Any]:
    if mode == "wrong_enum" and "intention" in answer:
        return {**answer, "intention": WRONG_INTENTION}
    if mode == "unknown_source" and "sources" in answer:
        return {**answer, "sources": [*answer["sources"], UNKNOWN_SOURCE]}
    if mode == "huge" and "bubbles" in answer:
        return {**answer, "bubbles": ["muito " * (MEGABYTE // 6)]}
    return answer


def _envelope(asked: Asked, content: str, mode: LlmMode) -> dict[str, Any]:
    half = content[: len(content) // 2]
    match mode:
        case "empty":
            return completion(asked, "")
        case "broken_json":
            return completion(asked, half)
        case "length":
            return completion(asked, half, finish_reason="length")
        case "refusal":
            return completion(asked, "", refusal=REFUSAL)
        case "words_around":
            return completion(asked, f"Claro! Aqui está a resposta:\n```json\n{content}\n```\nEspero ter ajudado.")
        case _:
            return completion(asked, content)
