"""Does a reply say it? Compared without accents and case, with times and money written one way; pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from secretaria.simulation.spoken_times import canonical


def says(bubbles: Sequence[str], wanted: str) -> bool:
    """Say whether a reply contains a phrase; digits at its ends must not go on, so ``8h`` is not in ``18h``."""
    phrase = canonical(wanted)
    if not phrase:
        return True
    left = r"(?<!\d)(?<!\d[.,])" if phrase[0].isdigit() else ""
    right = r"(?!\d)(?![.,]\d)" if phrase[-1].isdigit() else ""
    return re.search(f"{left}{re.escape(phrase)}{right}", canonical(" \n ".join(bubbles))) is not None


def missing(bubbles: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """Return the phrases that a reply does not say."""
    return [phrase for phrase in wanted if not says(bubbles, phrase)]


def found(bubbles: Sequence[str], unwanted: Sequence[str]) -> list[str]:
    """Return the phrases that a reply says."""
    return [phrase for phrase in unwanted if says(bubbles, phrase)]
