"""A traceback says where and what kind, and repeats nothing that a customer wrote."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, ValidationError
from sqlalchemy.exc import IntegrityError

from secretaria.errors import NotFound
from secretaria.privacy import describe_exception, tell_exception


class Refused(Exception):
    """Stands for an error of PostgreSQL's driver."""

    pgcode = "23505"


class Person(BaseModel):
    """Something that pydantic checks."""

    age: int


def test_the_database_is_told_by_kind_and_code() -> None:
    """Neither the row of PostgreSQL's DETAIL nor the statement is repeated."""
    driver = Refused("duplicate key\nDETAIL:  Failing row contains (1, Helena, tudo bem).")
    told = describe_exception(IntegrityError("INSERT INTO contact VALUES ('Helena')", {"name": "Helena"}, driver))
    assert told == "IntegrityError: (Refused 23505)"


def test_checked_input_is_told_by_its_place() -> None:
    """Pydantic's sentence would quote the input."""
    with pytest.raises(ValidationError) as caught:
        Person.model_validate({"age": "Helena Costa"})
    assert describe_exception(caught.value) == "ValidationError: age: int_parsing"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            ValueError("invalid literal for int() with base 10: 'Helena Costa'"),
            "ValueError: invalid literal for int() with base 10: '…'",
        ),
        (KeyError("Helena"), "KeyError: '…'"),
        (RuntimeError("no answer from 5520900000101"), "RuntimeError: no answer from [telefone *0101]"),
        (
            AttributeError("'NoneType' object has no attribute 'id'"),
            "AttributeError: 'NoneType' object has no attribute 'id'",
        ),
        (NotFound("não há conversa de 5520900000101"), "NotFound: não há conversa de [telefone *0101]"),
        (RuntimeError("a\nb"), "RuntimeError: a b"),
        (StopIteration(), "StopIteration"),
    ],
)
def test_messages_keep_what_is_about_code(error: Exception, told: str) -> None:
    """Words in quotes are a customer's unless the message is about our code."""
    assert describe_exception(error) == told


def test_the_chain_is_told_from_its_first_cause() -> None:
    """Each link stands with its frames, the first cause first, and values of variables nowhere."""
    name = "Helena Costa"

    def ask() -> None:
        try:
            int(name)
        except ValueError as error:
            raise RuntimeError("not asked") from error

    with pytest.raises(RuntimeError) as caught:
        ask()
    told = tell_exception(caught.value)
    assert told.index("ValueError: invalid literal") < told.index("RuntimeError: not asked")
    assert "int(name)" in told
    assert name not in told
