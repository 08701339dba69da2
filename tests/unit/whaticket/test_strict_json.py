"""JSON written by strangers."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secretaria.whaticket.strict_json import MAX_DEPTH, NestedTooDeeply, decode_json


def test_the_deepest_allowed_nesting_is_decoded_and_one_more_is_not() -> None:
    """The limit counts objects and lists together and is exact."""
    decode_json('[{"a":' * (MAX_DEPTH // 2) + "1" + "}]" * (MAX_DEPTH // 2))
    with pytest.raises(NestedTooDeeply):
        decode_json("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1))


@pytest.mark.parametrize(
    "text", ['"' + "[" * 500 + '"', '["\\"[[[","\\\\",{"}{":"]"}]', '{"a\\\\":"' + "{" * 99 + '"}']
)
def test_brackets_inside_texts_are_not_nesting(text: str) -> None:
    """Brackets, quotes and backslashes inside strings do not count."""
    assert decode_json(text) == json.loads(text)


@pytest.mark.parametrize("unit", ["[", '{"a":', '"', "\\", '\\"', "[]", '"[', "9", "{}{", '["'])
def test_a_megabyte_of_anything_is_decided_without_recursion(unit: str) -> None:
    """Long hostile texts are refused by an ordinary error."""
    with pytest.raises(ValueError):
        decode_json(unit * (1_048_576 // len(unit)))


@given(st.recursive(st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(), st.lists))
def test_ordinary_json_is_decoded_as_by_the_standard_library(value: object) -> None:
    """Nothing is changed but what cannot be stored."""
    text = json.dumps(value, ensure_ascii=False).replace("\\u0000", "")
    if not any("\ud800" <= character <= "\udfff" for character in text):
        assert decode_json(text) == json.loads(text)


def test_texts_can_always_be_stored() -> None:
    """U+0000 disappears and half an emoji becomes U+FFFD, in keys as in values; whole emoji stay."""
    text = '{"\\u0000a":["x\\u0000y","corte \\ud83d","\\ud83d\\ude00","\\udc00"]}'
    assert decode_json(text) == {"a": ["xy", "corte \ufffd", "😀", "\ufffd"]}


def test_the_last_of_repeated_keys_wins() -> None:
    """A repeated key is not an error."""
    assert decode_json('{"a":1,"a":2}') == {"a": 2}


def test_numbers_with_a_fraction_remember_their_print_and_still_count() -> None:
    """A printed number shows its own characters, compares as a number and can be written again."""
    number = decode_json("-25.4280")
    assert str(number) == "-25.4280"
    assert number == -25.428
    assert json.dumps(number) == "-25.428"
