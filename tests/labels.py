"""Which labels of a scrape look like somebody's data: the mask of the log, and the canaries of a test, find them."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client.parser import text_string_to_metric_families

from secretaria.privacy import mask_text

NUMERIC_BOUNDS = frozenset({"le", "quantile"})  # of histograms and summaries; a float of many digits is nobody's number


def label_values(exposition: str) -> set[str]:
    """Return the values of all labels of an exposition but the bounds of histograms."""
    return {
        value
        for family in text_string_to_metric_families(exposition)
        for sample in family.samples
        for name, value in sample.labels.items()
        if name not in NUMERIC_BOUNDS
    }


def personal(values: Iterable[str], canaries: Iterable[str] = ()) -> dict[str, str]:
    """Return the values that a log would mask, or that hold what a person of the test is known by, with why.

    Args:
        values: Of labels.
        canaries: Names, words and numbers of the test's people, which no mask can know.
    """
    known = [canary.casefold() for canary in canaries]
    masked = {value: mask_text(value) for value in values if mask_text(value) != value}
    return masked | {value: "canary" for value in values if any(canary in value.casefold() for canary in known)}
