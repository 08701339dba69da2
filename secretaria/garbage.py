"""Spares the garbage collector what lives as long as the process."""

from __future__ import annotations

import gc


def spare_what_stays() -> None:
    """Let the collector never walk again over what was built until now: it stopped a request for 25 ms now and then."""
    gc.collect()
    gc.freeze()
