"""The [agenda] of negocio.toml: what can be booked, when, and when people are reminded."""

from __future__ import annotations

from datetime import time
from typing import Annotated

from pydantic import Field

from secretaria.knowledge.tables import Interval, Spans, Stretch, Table, Words

MINUTES_OF_A_VISIT = 30
LONGEST_VISIT = 12 * 60
FURTHEST_DAY = 366
LONGEST_LEAD_HOURS = 24 * 14


class Grade(Table):
    """What one unit opens for booking every week; a kind of day that is left out has the hours of the unit.

    Attributes:
        seats: How many people are attended at the same time.
        step_minutes: From the start of one slot to the next; None for the length of what is booked.
    """

    weekdays: Spans = Field(default=None, alias="seg_sex")
    saturday: Spans = Field(default=None, alias="sab")
    sunday: Spans = Field(default=None, alias="dom")
    seats: int = Field(default=1, ge=1, le=99, alias="vagas")
    step_minutes: int | None = Field(default=None, ge=5, le=LONGEST_VISIT, alias="passo_min")


class ReminderRules(Table):
    """How long before they start people are reminded, and between which hours of the day; an empty list turns it off."""

    hours_before: tuple[Annotated[float, Field(gt=0, le=LONGEST_LEAD_HOURS)], ...] = Field(
        default=(24, 1), alias="horas_antes"
    )
    between: Stretch = Field(default=Interval(time(8), time(20)), alias="entre")


class Agenda(Table):
    """What can be booked, how long it takes and by which rules; the first kind is what an unnamed wish means.

    Attributes:
        grades: The weekly openings by unit. A unit that has none offers only slots that were imported.
        names: How a customer reads a kind, ``manutencao_aparelho = "manutenção do aparelho"``.
        days_ahead: How far in advance something can be booked.
        offer_hours: How long an offer may be accepted.
    """

    kinds: tuple[Words, ...] = Field(alias="tipos", min_length=1)
    minutes: dict[str, Annotated[int, Field(gt=0, le=LONGEST_VISIT)]] = Field(default_factory=dict, alias="duracao_min")
    minimum_notice_hours: float = Field(default=0, ge=0, alias="antecedencia_min_horas")
    days_ahead: int = Field(default=60, ge=1, le=FURTHEST_DAY, alias="dias_a_frente")
    offer_hours: float = Field(default=24, gt=0, le=24 * 7, alias="oferta_vale_horas")
    names: dict[str, Words] = Field(default_factory=dict, alias="nomes")
    grades: dict[str, Grade] = Field(default_factory=dict, alias="grade")
    reminders: ReminderRules = Field(default=ReminderRules(), alias="lembretes")

    def minutes_of(self, kind: str) -> int:
        """Return how long a kind takes."""
        return self.minutes.get(kind, MINUTES_OF_A_VISIT)
