"""The shape of a draft: what the model is asked to fill in, and how its answer is read back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from secretaria.errors import SecretariaError

Intention = Literal[
    "saudacao",
    "preco",
    "servico",
    "pagamento",
    "horario_local",
    "agendar",
    "remarcar",
    "cancelar",
    "confirmar",
    "status",
    "reclamacao",
    "urgencia",
    "agradecimento",
    "humano",
    "dados",
    "fora_escopo",
    "manipulacao",
    "outro",
]
Satisfaction = Literal["satisfied", "unsatisfied"]
Answerable = Literal["base", "conversation", "not_known", "refuse"]
INTENTIONS: tuple[str, ...] = get_args(Intention)

LINE_LIMIT = 200
BUBBLES_LIMIT = 2
ATTEMPTS_LIMIT = 64


class DraftUnreadable(SecretariaError):
    """The model's answer is not a draft; nothing of it is repeated here, because it may quote the customer."""


def _clean(text: str) -> str:
    """Drop what PostgreSQL does not store: NUL, and the half of an emoji that a model leaves when it is cut short."""
    return text.replace("\0", "").encode(errors="ignore").decode().strip()


def _one_line(text: str) -> str:
    return " ".join(_clean(text).split())[:LINE_LIMIT].rstrip()


def _or_none(text: str | None) -> str | None:
    return text or None


def _one_or_two(bubbles: tuple[str, ...]) -> tuple[str, ...]:
    spoken = tuple(text for text in bubbles if text)
    if not 1 <= len(spoken) <= BUBBLES_LIMIT:
        raise ValueError("one or two bubbles that say something")
    return spoken


Text = Annotated[str, AfterValidator(_clean)]
Line = Annotated[str, AfterValidator(_one_line)]
OptionalLine = Annotated[Line | None, AfterValidator(_or_none)]


class Draft(BaseModel):
    """What the model proposes for one turn: the analysis first, then what would be said.

    Strict where a wrong value would mislead the program. Tolerant where nothing is lost: unknown fields are dropped,
    a missing note counts as none, one line notes are cut at 200 characters, blank bubbles are left out.

    Attributes:
        sentiment: -1, 0 or 1, as the customer expressed it.
        asked: The request in one line.
        answerable: Where the answer comes from.
        sources: The chunks it rests on, for instance ``faq.md#faq-07``.
        handoff_brief: What the attendant who takes over should know, up to 200 characters.
        bubbles: One or two messages to the customer.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    intention: Intention
    sentiment: Literal[-1, 0, 1]
    satisfaction: Satisfaction | None = None
    asked: Line = ""
    answerable: Answerable
    sources: tuple[Text, ...] = ()
    handoff_needed: bool
    handoff_reason: OptionalLine = None
    handoff_brief: OptionalLine = None
    bubbles: Annotated[tuple[Text, ...], AfterValidator(_one_or_two)]


def json_schema() -> dict[str, Any]:
    """Return the JSON schema of a draft as strict structured output wants it.

    Every field is required, none may be added, and no keyword stands in it that a provider is known to refuse; the
    limits are checked when the answer is read.
    """
    note = {"type": ["string", "null"]}
    texts = {"type": "array", "items": {"type": "string"}}
    properties: dict[str, Any] = {
        "intention": {"type": "string", "enum": list(INTENTIONS)},
        "sentiment": {"type": "integer", "enum": [-1, 0, 1]},
        "satisfaction": {**note, "enum": [*get_args(Satisfaction), None]},
        "asked": {"type": "string"},
        "answerable": {"type": "string", "enum": list(get_args(Answerable))},
        "sources": texts,
        "handoff_needed": {"type": "boolean"},
        "handoff_reason": note,
        "handoff_brief": note,
        "bubbles": texts,
    }
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def parse_draft(text: str) -> Draft:
    """Read a model's answer: as it is, or the first JSON object inside it that is a draft.

    Args:
        text: The whole answer; models without structured output wrap the object in words or in a code fence.

    Raises:
        DraftUnreadable: There is no draft in it.
    """
    draft = _as_json(text)
    if draft is None:
        candidates = (_as_object(found) for found in _objects(text))
        draft = next((candidate for candidate in candidates if candidate is not None), None)
    if draft is None:  # raised here, outside every except, so that no cause carries the text along
        raise DraftUnreadable("a resposta do modelo não veio no formato pedido")
    return draft


def _as_json(text: str) -> Draft | None:
    try:
        return Draft.model_validate_json(text)
    except ValidationError:
        return None


def _as_object(found: object) -> Draft | None:
    try:
        return Draft.model_validate(found)
    except ValidationError:
        return None


def _objects(text: str) -> Iterator[object]:
    """Yield every balanced JSON object of a text that is not inside another one."""
    decoder = json.JSONDecoder(strict=False)  # models write raw line breaks inside strings
    position = text.find("{")
    for _ in range(ATTEMPTS_LIMIT):  # an answer made of opening braces must not keep a worker busy
        if position < 0:
            return
        try:
            found, end = decoder.raw_decode(text, position)
        except (json.JSONDecodeError, RecursionError):
            end = position + 1
        else:
            yield found
        position = text.find("{", end)
