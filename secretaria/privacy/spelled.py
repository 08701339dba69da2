"""Finds numbers that were said digit by digit, as voice messages are transcribed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from secretaria.privacy.folding import Folded
from secretaria.privacy.spans import Span, tag

WORD = r"(?:zero|um|uma|dois|duas|tres|quatro|cinco|seis|meia|sete|oito|nove)"
SPELLED = re.compile(rf"(?<![a-z]){WORD}(?:(?:[\s,.;-]{{1,3}}|\s(?:ponto|traco|barra)\s){WORD}(?![a-z])){{7,18}}")


def find_spelled(folded: Folded) -> Iterator[Span]:
    """Yield eight or more digits in words."""
    low = folded.low
    if "um" in low or "dois" in low or "nove" in low or "cinco" in low:
        yield from (Span(*found.span(), tag("documento")) for found in SPELLED.finditer(low))
