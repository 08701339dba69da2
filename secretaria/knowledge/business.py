"""negocio.toml becomes one frozen card of the business; its Portuguese keys are read here and nowhere else."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from secretaria.errors import ConfigurationError
from secretaria.knowledge.agenda_rules import Agenda, Grade, ReminderRules
from secretaria.knowledge.lookups import Lookup
from secretaria.knowledge.tables import Span, Table, Words
from secretaria.knowledge.toml_lines import line_of_error, line_of_key, toml_reason
from secretaria.validation import nearest, reason

CARD_FILE = "negocio.toml"
CARD_HINT = "compare com o exemplo em secretaria/simulation/clinica-sorriso/negocio.toml"
WHATSAPP_LIMIT = 4096


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with what the owner wrote.

    Attributes:
        file: The file it stands in.
        line: Its line, counted from one; None where it belongs to no line.
        reason: What is wrong, in Portuguese.
        key: The dotted key of the card whose value it is; empty where it is no value.
        flaw: What is wrong with that value, for whoever sees the value in front of them.
    """

    file: str
    line: int | None
    reason: str
    key: str = ""
    flaw: str = ""


class BusinessInvalid(ConfigurationError):
    """The business cannot be used as it is written; the message lists every problem found.

    Attributes:
        problems: The same, one by one; empty where no file is to blame.
    """

    def __init__(self, message: str, hint: str = "", problems: Iterable[Problem] = ()) -> None:
        super().__init__(message, hint)
        self.problems = tuple(problems)


def refusal(file: str, problems: Sequence[Problem], hint: str) -> BusinessInvalid:
    """Return the error that tells what is wrong with one file, line by line."""
    told = "; ".join(f"linha {one.line}: {one.reason}" if one.line else one.reason for one in problems)
    return BusinessInvalid(f"{file}: {told}", hint, problems)


class Identity(Table):
    """Who the business is and how it is reached."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    name: Words = Field(alias="nome")
    field: str = Field(default="", alias="ramo")
    city: str = Field(default="", alias="cidade")
    timezone: ZoneInfo = Field(alias="fuso")
    phone: str = Field(default="", alias="telefone")
    email: str = ""


class Persona(Table):
    """How the secretary speaks."""

    name: Words = Field(alias="nome")
    introduction: Words = Field(alias="apresentacao")
    treatment: Literal["você", "senhor(a)"] = Field(default="você", alias="tratamento")
    tone: str = Field(default="acolhedor e objetivo", alias="tom")
    emojis: Literal["nunca", "raros", "livres"] = "raros"
    formality: Literal["informal", "neutra", "formal"] = Field(default="neutra", alias="formalidade")
    empathy: Literal["breve", "normal", "calorosa"] = Field(default="normal", alias="empatia")
    humour: Literal["nunca", "leve"] = Field(default="nunca", alias="humor")
    max_chars: int = Field(default=320, ge=80, le=WHATSAPP_LIMIT, alias="max_caracteres_por_mensagem")
    max_messages: int = Field(default=2, ge=1, le=10, alias="max_mensagens_por_resposta")


class WeekHours(Table):
    """The hours of one place or team, by kind of day; None where it does not open."""

    weekdays: Span = Field(default=None, alias="seg_sex")
    saturday: Span = Field(default=None, alias="sab")
    sunday: Span = Field(default=None, alias="dom")


class Hours(Table):
    """When each unit opens, when people answer, and which dates are closed; any other key is the name of a unit."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, WeekHours] = Field(init=False)

    human: WeekHours = Field(alias="atendimento_humano")
    closed_dates: tuple[date, ...] = Field(default=(), alias="feriados_fechado")

    @property
    def units(self) -> dict[str, WeekHours]:
        """The hours by name of unit, in the order of the file."""
        return self.__pydantic_extra__

    @model_validator(mode="after")
    def _has_a_unit(self) -> Hours:
        if not self.units:
            raise PydanticCustomError("no_unit", "falta o horário de pelo menos uma unidade")
        return self


class HandoffRules(Table):
    """What always goes to a person, what is never answered, and what is said first when waiting may harm."""

    always: tuple[Words, ...] = Field(default=(), alias="sempre")
    never_answer: tuple[Words, ...] = Field(default=(), alias="nunca_responder")
    safety: str = Field(default="", alias="orientacao_urgencia")


class BusinessCard(Table):
    """Everything the owner wrote in negocio.toml."""

    identity: Identity = Field(alias="negocio")
    persona: Persona = Field(alias="secretaria")
    hours: Hours = Field(alias="horarios")
    handoff: HandoffRules = Field(default=HandoffRules(), alias="transferencia")
    agenda: Agenda | None = None
    lookups: tuple[Lookup, ...] = Field(default=(), alias="consultas")

    @model_validator(mode="after")
    def _knows_its_units_and_lookups(self) -> BusinessCard:
        unknown = sorted(set(self.agenda.grades if self.agenda else ()) - set(self.hours.units))
        if unknown:
            raise PydanticCustomError(
                "unknown_unit",
                "agenda.grade fala de unidades que não estão em horarios: {units}",
                {"units": ", ".join(unknown)},
            )
        names = [lookup.name for lookup in self.lookups]
        if len(set(names)) < len(names):
            raise PydanticCustomError("repeated_lookup", "consultas tem dois nomes iguais")
        return self


def parse_card(text: str, file: str) -> BusinessCard:
    """Read and check the text of a negocio.toml.

    Args:
        text: The whole file.
        file: How to call it in an error.

    Raises:
        BusinessInvalid: It is not TOML, a key is unknown or missing, or a value is wrong; one message lists them all.
    """
    try:
        return BusinessCard.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        problem = Problem(file, line_of_error(error, text), f"não é um TOML válido: {toml_reason(error)}")
        raise refusal(file, [problem], "abra o arquivo na linha indicada") from error
    except ValidationError as error:
        problems = [
            Problem(
                file, line_of_key(text, item["loc"]), _sentence(item), ".".join(map(str, item["loc"])), reason(item)
            )
            for item in error.errors(include_url=False)
        ]
        problems.sort(key=lambda problem: problem.line or 0)
        raise refusal(file, problems, CARD_HINT) from error


def parse_stored_card(text: str, file: str) -> tuple[BusinessCard, tuple[str, ...]]:
    """Read a card that a program has accepted before, perhaps a newer one than this: what it alone knows is left out.

    Returns:
        The card, and the keys that were left out.

    Raises:
        BusinessInvalid: Something else is wrong with it.
    """
    try:
        return parse_card(text, file), ()
    except BusinessInvalid as error:
        if not isinstance(error.__cause__, ValidationError):
            raise
    table = tomllib.loads(text)
    ignored = tuple(_without_unknown_keys(table))
    try:
        return BusinessCard.model_validate(table), ignored
    except ValidationError:
        return parse_card(text, file), ()  # which says what is wrong, line by line


def _without_unknown_keys(table: dict[str, Any]) -> Iterator[str]:
    """Take the keys out that this program does not know, and name them."""
    try:
        BusinessCard.model_validate(table)
    except ValidationError as error:
        for item in error.errors(include_url=False):
            if item["type"] == "extra_forbidden":
                *path, key = item["loc"]
                place: Any = table
                for part in path:
                    place = place[part]
                del place[key]
                yield ".".join(map(str, item["loc"]))


def _sentence(item: Mapping[str, Any]) -> str:
    path = ".".join(map(str, item["loc"]))
    if item["type"] == "missing":
        return f"falta a chave '{path}'"
    if item["type"] == "extra_forbidden":
        return f"chave desconhecida '{path}'{_suggestion(item['loc'])}"
    shown = f": {item['input']!r}" if isinstance(item["input"], str | int | float) else ""
    return f"valor inválido em '{path}'{shown} ({reason(item)})"


def _suggestion(loc: tuple[str | int, ...]) -> str:
    prefix = "".join(f"{part}." for part in loc[:-1])
    return nearest(str(loc[-1]), _known_keys(loc[:-1]), prefix)


def _known_keys(table: tuple[str | int, ...]) -> Iterable[str]:
    tables: dict[tuple[str | int, ...], type[Table]] = {
        (): BusinessCard,
        ("negocio",): Identity,
        ("secretaria",): Persona,
        ("transferencia",): HandoffRules,
        ("agenda",): Agenda,
        ("agenda", "lembretes"): ReminderRules,
        **{("agenda", "grade", unit): Grade for unit in table[2:3]},
        **{("consultas", place): Lookup for place in table[1:2]},
    }
    return [field.alias or name for name, field in tables.get(table, WeekHours).model_fields.items()]
