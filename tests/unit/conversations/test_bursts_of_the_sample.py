"""On the rhythm of the labelled sample the quiet period keeps its promise."""

from __future__ import annotations

import statistics

from benchmarks.bursts import measure, share_split
from secretaria.settings import TurnsSection


def test_few_bursts_are_split_and_nobody_waits_long() -> None:
    """At most a fifth of the multi-message turns is split, and half of the replies come within ten seconds."""
    bursts = measure(TurnsSection())
    assert len(bursts) > 90
    assert share_split(bursts) <= 0.20
    assert statistics.median(burst.seconds for burst in bursts) <= 10.0
