"""Decodes JSON written by strangers: bounded depth, no NaN, text that a database can keep, numbers as printed."""

from __future__ import annotations

import json
import math
import re
from array import array
from itertools import accumulate
from typing import Self

MAX_DEPTH = 64

_BRACKETS_TO_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
_NOT_BRACKETS = re.compile(r"[^][{}]+")
_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")


class NestedTooDeeply(ValueError):
    """The text opens more than ``MAX_DEPTH`` objects and lists inside one another."""


class PrintedFloat(float):
    """A JSON number with a fraction or an exponent that still knows how it was printed."""

    __slots__ = ("printed",)
    printed: str

    def __new__(cls, printed: str) -> Self:
        """Make a number from its text in the JSON."""
        number = super().__new__(cls, printed)
        number.printed = printed
        return number

    def __str__(self) -> str:
        return self.printed


def decode_json(text: str) -> object:
    """Decode one JSON text.

    U+0000 is removed from texts and a lone surrogate becomes U+FFFD: neither can be stored. Of a repeated key the
    last value wins.

    Args:
        text: The JSON text.

    Returns:
        Dictionaries, lists, strings, whole numbers, `PrintedFloat`, booleans and None.

    Raises:
        NestedTooDeeply: The text is deeper than ``MAX_DEPTH``; found without decoding it.
        ValueError: The text is not JSON, or holds a number that no computer could use.
    """
    opened = text.count("{") + text.count("[")  # an upper bound, and for a usual event all there is to know
    if opened > MAX_DEPTH and _depth(text) > MAX_DEPTH:
        raise NestedTooDeeply
    value: object = _DECODER.decode(text)
    # Only an escape can bring in what UTF-8 and JSON forbid as plain characters.
    return _storable(value) if "\\u" in text else value


def _depth(text: str) -> int:
    """Return the deepest nesting, exact up to the first error of the text, in linear time and without recursion."""
    outside_strings = "".join(text.replace("\\\\", "").replace('\\"', "").split('"')[::2])
    brackets = _NOT_BRACKETS.sub("", outside_strings).encode("ascii")
    return max(accumulate(array("b", brackets.translate(_BRACKETS_TO_STEPS))), default=0)


def _finite(printed: str) -> PrintedFloat:
    number = PrintedFloat(printed)
    if not math.isfinite(number):
        raise ValueError(printed[:20])
    return number


def _refuse_constant(name: str) -> object:
    raise ValueError(name)


_DECODER = json.JSONDecoder(parse_float=_finite, parse_constant=_refuse_constant)  # json.loads would make one each time


def _storable(value: object) -> object:
    if isinstance(value, str):
        return _LONE_SURROGATE.sub("\ufffd", value.replace("\x00", ""))
    if isinstance(value, list):
        return [_storable(item) for item in value]
    if isinstance(value, dict):
        return {_storable(key): _storable(item) for key, item in value.items()}
    return value
