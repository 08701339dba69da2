"""A histogram of seconds whose buckets remember which event fell into them last."""

from __future__ import annotations

import math
from bisect import bisect_left
from uuid import UUID

from prometheus_client import Histogram

from secretaria.exemplars import SHELF


class Timing:
    """One histogram, plain or with one label from a closed set."""

    def __init__(self, name: str, told: str, label: str = "", *, bounds: tuple[float, ...]) -> None:
        """Declare it.

        Args:
            name: Of the metric.
            told: What it is, for whoever reads a scrape.
            label: The name of its one label; empty for none.
            bounds: Upper bounds of the buckets, in seconds.
        """
        self._name, self._bounds = name, (*bounds, math.inf)
        self._histogram = Histogram(name, told, [label] if label else [], buckets=bounds)

    def show(self, value: str) -> None:
        """Create the series of one value of the label."""
        self._histogram.labels(value)

    def observe(self, seconds: float, event: UUID | None = None, value: str = "") -> None:
        """Count one observation.

        Args:
            seconds: As measured.
            event: The correlation id of what took so long, where there is one.
            value: Of the label, where there is one.
        """
        (self._histogram.labels(value) if value else self._histogram).observe(seconds)
        if event is not None:
            SHELF.keep(self._name, value, self._bounds[bisect_left(self._bounds, seconds)], seconds, event)
