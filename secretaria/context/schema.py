"""The shape of a draft: what the model is asked to fill in, and how its answer is read back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import date, time
from functools import partial
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError, model_validator
from pydantic_core import PydanticCustomError

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
Answerable = Literal["base", "tool", "conversation", "not_known", "refuse"]
Period = Literal["manha", "tarde", "noite"]
INTENTIONS: tuple[str, ...] = get_args(Intention)

LINE_LIMIT = 200
BUBBLES_LIMIT = 2
MEMORY_LIMIT = 5
ATTEMPTS_LIMIT = 64
LANGUAGE_LETTERS = 2
HOME_LANGUAGE = "pt"


class DraftUnreadable(SecretariaError):
    """The model's answer is not a draft; nothing of it is repeated here, because it may quote the customer.

    Attributes:
        problems: What is wrong, field by field, in words that may be told to the model; never what it wrote there.
    """

    def __init__(self, problems: tuple[str, ...] = ()) -> None:
        super().__init__("a resposta do modelo não veio no formato pedido")
        self.problems = problems


def _clean(text: str) -> str:
    """Drop what PostgreSQL does not store: NUL, and the half of an emoji that a model leaves when it is cut short."""
    return text.replace("\0", "").encode(errors="ignore").decode().strip()


def _one_line(text: str) -> str:
    return " ".join(_clean(text).split())[:LINE_LIMIT].rstrip()


def _or_none(text: str | None) -> str | None:
    return text or None


def _blank_is_none(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


def _spoken(bubbles: tuple[str, ...]) -> tuple[str, ...]:
    spoken = tuple(text for text in bubbles if text)
    if len(spoken) > BUBBLES_LIMIT:
        raise PydanticCustomError("too_many_bubbles", "at most two bubbles that say something")
    return spoken


def _language(value: object) -> object:
    """Read ``pt-BR`` as ``pt``; what names no language counts as the one of the house."""
    code = value.strip().lower()[:LANGUAGE_LETTERS] if isinstance(value, str) else ""
    return code if len(code) == LANGUAGE_LETTERS and code.isascii() and code.isalpha() else HOME_LANGUAGE


def _first_few(proposals: object) -> object:
    return proposals[:MEMORY_LIMIT] if isinstance(proposals, list | tuple) else proposals


Text = Annotated[str, AfterValidator(_clean)]
Line = Annotated[str, AfterValidator(_one_line)]
OptionalLine = Annotated[Line | None, AfterValidator(_or_none)]
Day = Annotated[date | None, BeforeValidator(_blank_is_none)]
Hour = Annotated[time | None, BeforeValidator(_blank_is_none)]


class MemoryProposal(BaseModel):
    """Something of the customer the model would remember, with the customer's own words as the proof."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    key: Line
    value: Line
    quote: Line


class Draft(BaseModel):
    """What the model proposes for one turn: the analysis first, then what would be said.

    Strict where a wrong value would mislead the program. Tolerant where nothing is lost: unknown fields are dropped,
    a missing note counts as none, one line notes are cut at 200 characters, blank bubbles are left out.

    Attributes:
        intention: What must be solved first.
        extra_intentions: What else the messages ask for.
        sentiment: -1, 0 or 1, as the customer expressed it.
        urgent: Whether waiting could harm somebody.
        language: ISO 639-1 code of what the customer writes.
        asked: The request in one line.
        tool: Name of the tool that must be asked before the customer can be answered; None for none.
        tool_kind: What is to be booked, as the business calls it.
        tool_booking: Code of a booking, as the prompt showed it.
        tool_query: What a look-up tool is asked for.
        answerable: Where the answer comes from.
        sources: The chunks it rests on, for instance ``faq.md#faq-07``.
        handoff_brief: What the attendant who takes over should know, up to 200 characters.
        memory: What would be remembered of the customer.
        bubbles: One or two messages to the customer; none where a tool is asked first, or nothing needs to be said.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    intention: Intention
    extra_intentions: tuple[Intention, ...] = ()
    sentiment: Literal[-1, 0, 1]
    urgent: bool = False
    language: Annotated[str, BeforeValidator(_language)] = HOME_LANGUAGE
    satisfaction: Satisfaction | None = None
    asked: Line = ""
    tool: OptionalLine = None
    tool_kind: OptionalLine = None
    tool_unit: OptionalLine = None
    tool_date: Day = None
    tool_time: Hour = None
    tool_period: Annotated[Period | None, BeforeValidator(_blank_is_none)] = None
    tool_person: OptionalLine = None
    tool_booking: OptionalLine = None
    tool_query: OptionalLine = None
    answerable: Answerable
    sources: tuple[Text, ...] = ()
    handoff_needed: bool
    handoff_reason: OptionalLine = None
    handoff_brief: OptionalLine = None
    memory: Annotated[tuple[MemoryProposal, ...], BeforeValidator(_first_few)] = ()
    bubbles: Annotated[tuple[Text, ...], AfterValidator(_spoken)]

    @model_validator(mode="after")
    def _says_something(self) -> Draft:
        """Silence must be meant: it is no answer to a question, and no way to hand over."""
        silence_fits = self.answerable == "conversation" and not self.handoff_needed
        if not self.bubbles and self.tool is None and not silence_fits:
            raise PydanticCustomError("nothing_said", "bubbles: one or two messages that say something")
        return self


def json_schema() -> dict[str, Any]:
    """Return the JSON schema of a draft as strict structured output wants it.

    Every field is required, none may be added, and no keyword stands in it that a provider is known to refuse; the
    limits are checked when the answer is read.
    """
    note = {"type": ["string", "null"]}
    texts = {"type": "array", "items": {"type": "string"}}
    intention = {"type": "string", "enum": list(INTENTIONS)}
    properties: dict[str, Any] = {
        "intention": intention,
        "extra_intentions": {"type": "array", "items": intention},
        "sentiment": {"type": "integer", "enum": [-1, 0, 1]},
        "urgent": {"type": "boolean"},
        "language": {"type": "string"},
        "satisfaction": {**note, "enum": [*get_args(Satisfaction), None]},
        "asked": {"type": "string"},
        "tool": note,
        "tool_kind": note,
        "tool_unit": note,
        "tool_date": note,
        "tool_time": note,
        "tool_period": {**note, "enum": [*get_args(Period), None]},
        "tool_person": note,
        "tool_booking": note,
        "tool_query": note,
        "answerable": {"type": "string", "enum": list(get_args(Answerable))},
        "sources": texts,
        "handoff_needed": {"type": "boolean"},
        "handoff_reason": note,
        "handoff_brief": note,
        "memory": {
            "type": "array",
            "items": closed_schema({name: {"type": "string"} for name in MemoryProposal.model_fields}),
        },
        "bubbles": texts,
    }
    return closed_schema(properties)


def parse_draft(text: str) -> Draft:
    """Read a model's answer: as it is, or the first JSON object inside it that is a draft.

    Args:
        text: The whole answer; models without structured output wrap the object in words or in a code fence.

    Raises:
        DraftUnreadable: There is no draft in it.
    """
    found = _checked(lambda: Draft.model_validate_json(text))
    if isinstance(found, Draft):
        return found
    problems: tuple[str, ...] = ()
    for candidate in _objects(text):
        found = _checked(partial(Draft.model_validate, candidate))
        if isinstance(found, Draft):
            return found
        problems = problems or found
    # Raised here, outside every except, so that no cause carries the text along.
    raise DraftUnreadable(problems or ("não há um objeto JSON completo",))


def _checked(read: Callable[[], Draft]) -> Draft | tuple[str, ...]:
    try:
        return read()
    except ValidationError as error:
        return tuple(_problem(item) for item in error.errors(include_url=False, include_input=False))


def _problem(item: Mapping[str, Any]) -> str:
    path = ".".join(map(str, item["loc"]))
    return f"{path}: {item['msg']}" if path else str(item["msg"])


def closed_schema(properties: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an object that has these fields, all of them and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


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
