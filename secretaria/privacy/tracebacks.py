"""An exception as it may be told: where it happened, and of its message only what quotes nobody."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator

from secretaria.errors import SecretariaError
from secretaria.privacy.masking import mask_text

QUOTED = re.compile(r"'(?:[^'\\\n]|\\.){0,10000}'|\"(?:[^\"\\\n]|\\.){0,10000}\"")
ABOUT_CODE = (AttributeError, NameError, ImportError, TypeError, SecretariaError, OSError)
MOST_CAUSES = 8
MOST_FRAMES = 30
LONGEST_MESSAGE = 600


def tell_exception(error: BaseException) -> str:
    """Return a traceback without the values of variables, and without the words that a message repeats.

    PostgreSQL quotes whole rows (``DETAIL: Failing row contains ...``), pydantic its input, ``int()`` what it was given:
    of those only kind, code and place are told.
    """
    return "\n".join(line for cause in _causes(error) for line in _told(cause))


def describe_exception(error: BaseException) -> str:
    """Return kind and harmless message of one exception, in one line."""
    name = type(error).__name__
    said = mask_text(" ".join(_message(error).split()))[:LONGEST_MESSAGE]
    return f"{name}: {said}" if said else name


def _causes(error: BaseException) -> list[BaseException]:
    """Return the chain, the first cause first."""
    chain: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in chain and len(chain) < MOST_CAUSES:
        chain.append(current)
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return chain[::-1]


def _told(error: BaseException) -> Iterator[str]:
    frames = traceback.extract_tb(error.__traceback__)[-MOST_FRAMES:]
    if frames:
        yield "Traceback (most recent call last):"
        yield from (mask_text(line.rstrip("\n")) for line in traceback.format_list(frames))
    yield describe_exception(error)
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions[:MOST_CAUSES]:
            yield from _told(inner)


def _message(error: BaseException) -> str:
    """Return what an exception says, as far as it cannot quote a row, an input or a request."""
    original = getattr(error, "orig", None)
    if isinstance(original, BaseException):  # SQLAlchemy's wrapper repeats the driver's message and the statement
        return f"({_message_of_database(original)})"
    if hasattr(error, "pgcode"):
        return _message_of_database(error)
    listed = getattr(error, "errors", None)
    if callable(listed) and hasattr(error, "error_count"):  # pydantic
        places = (f"{'.'.join(map(str, item['loc']))}: {item['type']}" for item in listed(include_url=False))
        return "; ".join(places)
    said = str(error)
    return said if isinstance(error, ABOUT_CODE) else QUOTED.sub("'…'", said)


def _message_of_database(error: BaseException) -> str:
    told = getattr(error, "diag", None)
    names = ("constraint_name", "table_name", "column_name")
    parts = [f"{name}={value}" for name in names if (value := getattr(told, name, None))]
    return " ".join([type(error).__name__, str(getattr(error, "pgcode", None) or ""), *parts]).strip()
