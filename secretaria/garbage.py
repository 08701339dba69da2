"""Spares the garbage collector what lives as long as the process."""

from __future__ import annotations

import gc

SELDOM = 50_000  # objects that were made and not given back, until the collector looks at the youngest
USUAL = gc.get_threshold()[0]


def collect_seldom() -> None:
    """Let the collector rest while a program starts: nearly all that is made stays, and to look for the rest took a tenth of it."""
    gc.set_threshold(SELDOM)


def spare_what_stays() -> None:
    """Let the collector never walk again over what was built until now: it stopped a request for 25 ms now and then."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(USUAL)
