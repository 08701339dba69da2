"""What the model has cost and what is set aside for calls under way, as it rests in PostgreSQL."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

from secretaria.database.columns import MOMENT, one_of

SCOPES = ("conversation", "day", "month")
EVERYBODY = 0  # whose spending the day's and the month's is


class LlmSpending(SQLModel, table=True):
    """One pot: what was spent from it, with what is set aside for calls under way.

    Attributes:
        conversation_id: Whose pot; 0 for the day's and the month's.
        period: The day in the business's zone, or the first of the month.
        micros: Micro-dollars.
        told_at: When the operator was told that it is used up, which happens once.
    """

    __tablename__ = "llm_spending"
    __table_args__ = (one_of("scope", SCOPES),)

    scope: str = Field(primary_key=True)
    conversation_id: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    period: date = Field(primary_key=True)
    tokens: int = Field(default=0, sa_type=BigInteger)
    micros: int = Field(default=0, sa_type=BigInteger)
    told_at: datetime | None = Field(default=None, sa_type=MOMENT)


class LlmReservation(SQLModel, table=True):
    """What one call under way may cost at most; gone when it ends, and given back if its worker died.

    Attributes:
        conversation_id: Whose pot pays, besides the day's and the month's; None where no conversation asks.
        day: The day whose pots it was taken from.
    """

    __tablename__ = "llm_reservation"

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    conversation_id: int | None = Field(default=None, sa_type=BigInteger)
    day: date
    tokens: int = Field(sa_type=BigInteger)
    micros: int = Field(sa_type=BigInteger)
    expires_at: datetime = Field(sa_type=MOMENT, index=True)
