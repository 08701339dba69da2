"""A masked number is recognised by who knows it and useless to who does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secretaria.privacy import mask_number


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("5520900000101", "5520*****0101"),
        ("552000000101", "5520****0101"),
        ("12345678901234567890", "1234************7890"),
        ("123456789", "1234*6789"),
        ("20900001", "****0001"),
        ("00101", "*0101"),
        ("0101", "0101"),
        ("", ""),
    ],
)
def test_country_area_and_ending_stay(number: str, masked: str) -> None:
    """What an operator needs to tell customers apart stays; a short number keeps only its end."""
    assert mask_number(number) == masked


@given(st.from_regex(r"[0-9]{9,20}", fullmatch=True))
def test_a_whole_number_never_shows(number: str) -> None:
    """The length stays and every digit between the fifth and the last four is gone."""
    masked = mask_number(number)
    assert len(masked) == len(number)
    assert set(masked[4:-4]) == {"*"}
