"""How the card is laid out as a form: its parts in their order, each key with its words; what a browser sends back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from secretaria.context.moods import EMOJIS, EMPATHY, FORMALITY, HUMOUR
from secretaria.knowledge.card_fields import HANDOFF, HOLIDAYS, HOURS, PERSONA, Field

DAYS = {"seg_sex": "Segunda a sexta", "sab": "Sábado", "dom": "Domingo"}
TEAM = "atendimento_humano"


@dataclass(frozen=True, slots=True)
class Level:
    """One level of tone: its choices, each with the line that the model is told."""

    key: str
    label: str
    lines: Mapping[str, str]


LEVELS = (
    Level(f"{PERSONA}.formalidade", "Formalidade", FORMALITY),
    Level(f"{PERSONA}.empatia", "Empatia", EMPATHY),
    Level(f"{PERSONA}.humor", "Humor", HUMOUR),
    Level(f"{PERSONA}.emojis", "Emoji", EMOJIS),
)
LABELS = {
    f"{PERSONA}.nome": "Nome",
    f"{PERSONA}.apresentacao": "Apresentação",
    f"{PERSONA}.tratamento": "Tratamento",
    f"{PERSONA}.tom": "Tom",
    **{level.key: level.label for level in LEVELS},
    f"{PERSONA}.max_caracteres_por_mensagem": "Caracteres por mensagem, no máximo",
    f"{PERSONA}.max_mensagens_por_resposta": "Mensagens por resposta, no máximo",
    HOLIDAYS: "Feriados e dias fechados",
    f"{HANDOFF}.sempre": "Sempre passa para uma pessoa",
    f"{HANDOFF}.nunca_responder": "Nunca responde",
    f"{HANDOFF}.orientacao_urgencia": "Orientação de urgência",
    "negocio.nome": "Nome do negócio",
    "negocio.ramo": "Ramo",
    "negocio.cidade": "Cidade",
    "negocio.fuso": "Fuso horário",
    "negocio.telefone": "Telefone",
    "negocio.email": "E-mail",
}


@dataclass(frozen=True, slots=True)
class Place:
    """The hours of one unit, or of the team."""

    key: str
    label: str
    is_team: bool


def label_of(key: str) -> str:
    """Return what people call a key of the card; one that no form shows keeps its own name."""
    table, _, rest = key.partition(".")
    name, _, day = rest.partition(".")
    if table == HOURS and day in DAYS:
        return f"Horário {_place(name)}: {DAYS[day].lower()}"
    return LABELS.get(key, key)


def places_of(fields: Mapping[str, Field]) -> Sequence[Place]:
    """Return whose hours there are: the units in their order, then the team."""
    names = dict.fromkeys(key.split(".")[1] for key in fields if key.startswith(f"{HOURS}.") and key != HOLIDAYS)
    units = [Place(f"{HOURS}.{name}", written(name), is_team=False) for name in names if name != TEAM]
    return [*units, Place(f"{HOURS}.{TEAM}", "Pessoas da equipe nas mensagens", is_team=True)]


def written(name: str) -> str:
    """Write the name of a unit as people read it."""
    return name.replace("_", " ").capitalize()


def read_form(sent: Mapping[str, str | list[str]]) -> dict[str, Field]:
    """Return the fields that a browser sent; the two times of a day become one span."""
    return {key: _span(value) if _is_span(key) else value for key, value in sent.items() if "." in key}


def _is_span(key: str) -> bool:
    return key.startswith(f"{HOURS}.") and key != HOLIDAYS


def _span(value: str | list[str]) -> str:
    times = [value] if isinstance(value, str) else value
    return "-".join(time[:5] for time in times) if any(times) else ""


def _place(name: str) -> str:
    return "da equipe" if name == TEAM else f"de {written(name)}"
