"""How a phone number is shown to who may not see it: country, area and the last four digits."""

from __future__ import annotations

VISIBLE_START = 4
VISIBLE_END = 4


def mask_number(number: str) -> str:
    """Mask a phone number, keeping country and area code and the last four digits.

    Args:
        number: Digits as received from Whaticket, for instance ``5520900000101``.

    Returns:
        The same length with the middle replaced, ``5520*****0101``; numbers of eight digits or fewer keep only the end.
    """
    if len(number) <= VISIBLE_START + VISIBLE_END:
        return "*" * max(len(number) - VISIBLE_END, 0) + number[-VISIBLE_END:]
    hidden = len(number) - VISIBLE_START - VISIBLE_END
    return number[:VISIBLE_START] + "*" * hidden + number[-VISIBLE_END:]
