"""What of a structured line may be written: names that promise personal data never are, the rest passes the masker."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from secretaria.privacy.masking import mask_text
from secretaria.privacy.pseudonyms import is_pseudonym, pseudonym

OMITTED = "[omitido]"
SENSITIVE = frozenset(
    "number phone telephone telefone celular body text texto name nome push_name pushname email mail cpf cnpj rg cnh authorization"
    " cookie cookies password senha token secret segredo signature assinatura payload headers content conteudo prompt draft caption"
    " bubbles args kwargs params parameters request response url query".split()
)
HASHED = frozenset({"contact", "contato"})
DEEPEST = 4
CODE = re.compile(r"[a-z][a-z0-9_.-]{0,31}")  # the name of an event, a state, a model: the same few in every line
EVENT = "correlation_id"  # ours, and in every line; under any other name the same shape may be somebody's Pix key
EVENT_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SHORTEST_NUMBER = 10_000_000  # a whole number below it names nobody


def mask_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a line as they may be written; a ``contact`` becomes a keyed hash that keeps lines joinable."""
    return {str(key): mask_field(str(key), value) for key, value in fields.items()}


def mask_field(name: str, value: Any, depth: int = 0) -> Any:  # noqa: ANN401  # a log line takes anything
    """Return one value as it may be written under its name."""
    known = name.lower()
    if known in HASHED and value is not None:
        return value if isinstance(value, str) and is_pseudonym(value) else pseudonym(str(value))
    if known in SENSITIVE and value is not None:
        return OMITTED
    if value is None or isinstance(value, bool | float):
        return value
    if known == EVENT and EVENT_ID.fullmatch(str(value)):
        return str(value)
    return _number(value) if isinstance(value, int) else _other(name, value, depth)


def _other(name: str, value: Any, depth: int) -> Any:  # noqa: ANN401  # see above
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, Mapping) and depth < DEEPEST:
        return {mask_told(str(key)): mask_field(str(key), inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset) and depth < DEEPEST:
        return [mask_field(name, inner, depth + 1) for inner in value]
    return mask_told(str(value))


def mask_told(text: str) -> str:
    """Return what ``mask_text`` returns; of the codes that stand in every line it is remembered."""
    return _masked_code(text) if CODE.fullmatch(text) else mask_text(text)


@lru_cache(maxsize=512)
def _masked_code(code: str) -> str:
    return mask_text(code)


def _number(value: int) -> int | str:
    if value < SHORTEST_NUMBER:
        return int(value)
    masked = mask_text(str(int(value)))
    return int(value) if masked == str(int(value)) else masked
