"""Facts of customers, as they rest in PostgreSQL."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Index
from sqlmodel import Field, SQLModel

from secretaria.database.columns import MOMENT, one_of

OBSERVERS = ("customer", "operator")


class CustomerFact(SQLModel, table=True):
    """One thing a customer said about how they like to be served; rows are added and never rewritten.

    Attributes:
        key: One of ``rules.KEYS``.
        quote: The customer's words, or the operator's note.
        message_id: Where the words stand, as long as that message is kept; None for an operator's note.
        observer: Who brought it in: the customer, read by the model, or an operator.
        expires_at: When it is no longer told.
        superseded_by: The fact that counts instead; a fact that lost from the start names the one it lost against.
    """

    __tablename__ = "customer_fact"
    __table_args__ = (
        Index("customer_fact_of_contact", "contact_id", "key"),
        one_of("observer", OBSERVERS),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    contact_id: int = Field(foreign_key="contact.id", sa_type=BigInteger)
    key: str
    value: str
    quote: str
    message_id: int | None = Field(default=None, sa_type=BigInteger)
    turn_id: int | None = Field(default=None, sa_type=BigInteger)
    observer: str
    observed_at: datetime = Field(sa_type=MOMENT)
    expires_at: datetime = Field(sa_type=MOMENT)
    superseded_by: int | None = Field(default=None, foreign_key="customer_fact.id", sa_type=BigInteger)
