"""Scenarios of a business: who writes and what for, when they stop, and what must be true in the end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from secretaria.evaluation.scenario_file import HINT, ScenarioInvalid, line_of, read_mapping
from secretaria.knowledge.tables import Table, Words
from secretaria.simulation.llm_customer import ScriptedLine
from secretaria.validation import nearest, reason

SCENARIOS_FOLDER = "cenarios"
MOST_TURNS = 20
STATES = {"marcado": "booked", "confirmado": "confirmed", "cancelado": "cancelled"}

Phrases = Annotated[tuple[Words, ...], Field(max_length=30)]


class WantedBooking(Table):
    """A booking as it must stand in the end; what is left out is not compared."""

    kind: str | None = Field(default=None, alias="tipo")
    unit: str | None = Field(default=None, alias="unidade")
    starts_at: datetime | None = Field(default=None, alias="inicio")
    state: Literal["marcado", "confirmado", "cancelado"] = Field(default="marcado", alias="estado")


class Question(Table):
    """One question that a judge answers with yes or no, and the right answer."""

    asked: Words = Field(alias="pergunta")
    answer: Literal["sim", "não"] = Field(default="sim", alias="resposta")


class Wanted(Table):
    """What must be true in the end.

    Attributes:
        handoff: Whether a person was called; None is not compared.
        bookings: Everything this customer has in the agenda; None is not compared. Cancelled ones only where listed.
        must_say: What the secretary said in one of her messages.
        must_not_say: What she said in none.
    """

    handoff: bool | None = Field(default=None, alias="pessoa")
    bookings: tuple[WantedBooking, ...] | None = Field(default=None, alias="agenda")
    must_say: Phrases = Field(default=(), alias="diz")
    must_not_say: Phrases = Field(default=(), alias="nao_diz")
    questions: Annotated[tuple[Question, ...], Field(max_length=10)] = Field(default=(), alias="juiz")


class Stop(Table):
    """When the customer has what they came for, and after how many turns they give up."""

    when: Words = Field(alias="quando")
    turns: int = Field(default=8, ge=1, le=MOST_TURNS, alias="turnos")


class Line(Table):
    """One line of the script: what the customer writes, and the drafts of the secretary."""

    customer: Annotated[tuple[Words, ...], Field(min_length=1, max_length=5)] = Field(alias="cliente")
    drafts: tuple[dict[str, Any], ...] = Field(default=(), alias="modelo")


class Scenario(Table):
    """One scenario.

    Attributes:
        name: The name of its file.
        goal: What the customer wants.
        manner: How they write.
        facts: What they know and may tell.
        starts_at: When they begin to write; in the zone of the business where none is written.
        profile: The name WhatsApp shows.
        number: Theirs, where it matters: who has a booking in ``agenda.json``.
        script: How it goes well, word for word; played without a model.
    """

    name: str = ""
    goal: Words = Field(alias="objetivo")
    manner: Words = Field(default="educado e direto", alias="jeito")
    facts: Phrases = Field(default=(), alias="fatos")
    starts_at: datetime = Field(alias="comeca")
    profile: str = Field(default="Cliente", alias="nome_no_whatsapp")
    number: Annotated[str, Field(pattern=r"^\d{10,15}$")] | None = Field(default=None, alias="telefone")
    stop: Stop = Field(alias="para")
    wanted: Wanted = Field(alias="espera")
    script: tuple[Line, ...] = Field(default=(), alias="roteiro")

    @property
    def scripted_lines(self) -> list[ScriptedLine]:
        """The script as the simulated model plays it."""
        return [ScriptedLine(line.customer, line.drafts) for line in self.script]


def load_scenarios(folder: Path) -> list[Scenario]:
    """Read the scenarios of a business, in the order of their names.

    Args:
        folder: The business; its scenarios are ``cenarios/*.yaml``.

    Raises:
        ScenarioInvalid: One of them cannot be played.
    """
    files = sorted([*folder.glob(f"{SCENARIOS_FOLDER}/*.yaml"), *folder.glob(f"{SCENARIOS_FOLDER}/*.yml")])
    return [read_scenario(file) for file in files]


def read_scenario(file: Path) -> Scenario:
    """Read one scenario.

    Raises:
        ScenarioInvalid: A key is unknown or missing, or a value is wrong; one message lists them all, each with its line.
    """
    told, node = read_mapping(file)
    try:
        scenario = Scenario.model_validate({name: value for name, value in told.items() if name != "name"})
    except ValidationError as error:
        problems = sorted((line_of(node, item["loc"]), _sentence(item)) for item in error.errors(include_url=False))
        listed = "; ".join(f"linha {line}: {sentence}" for line, sentence in problems)
        raise ScenarioInvalid(f"{file}: {listed}", HINT) from error
    if "name" in told:
        raise ScenarioInvalid(f"{file}, linha {line_of(node, ['name'])}: chave desconhecida 'name'", HINT)
    return scenario.model_copy(update={"name": file.stem})


def _sentence(item: Mapping[str, Any]) -> str:
    path = ".".join(map(str, item["loc"]))
    if item["type"] == "missing":
        return f"falta a chave '{path}'"
    if item["type"] == "extra_forbidden":
        return f"chave desconhecida '{path}'{nearest(str(item['loc'][-1]), _known(item['loc'][:-1]))}"
    return f"valor inválido em '{path}' ({reason(item)})"


def _known(table: tuple[str | int, ...]) -> Iterable[str]:
    tables: dict[str, type[Table]] = {
        "para": Stop, "espera": Wanted, "agenda": WantedBooking, "juiz": Question, "roteiro": Line,
    }  # fmt: skip
    named = next((part for part in reversed(table) if isinstance(part, str)), "")
    return [field.alias or name for name, field in tables.get(named, Scenario).model_fields.items()]
