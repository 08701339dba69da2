"""What the owner reads of alerts: a name, a sentence and where the page is; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from secretaria.privacy import mask_text
from secretaria.whaticket.notices import NOTICE_HEAD

MOST_SHOWN = 6
LONGEST_SUMMARY = 300


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert as Alertmanager tells it.

    Attributes:
        fingerprint: The same for the same labels, for as long as there are such.
        firing: Whether it rings; otherwise it has ended.
        name: Of the rule.
        summary: The rule's sentence.
        runbook: The page that says what to do.
    """

    fingerprint: str
    firing: bool
    name: str
    summary: str
    runbook: str = ""


def word_notice(alerts: Sequence[Alert]) -> str:
    """Write one message about some alerts; whatever a sentence may have caught of a person is masked."""
    told = [_told(alert) for alert in alerts[:MOST_SHOWN]]
    more = len(alerts) - MOST_SHOWN
    return "\n\n".join([NOTICE_HEAD, *told, *([f"E mais {more}."] if more > 0 else [])])


def _told(alert: Alert) -> str:
    summary = " ".join(mask_text(alert.summary).split())[:LONGEST_SUMMARY]
    if not alert.firing:
        return f"Terminou: {alert.name}\n{summary}"
    page = f"\nO que fazer: {alert.runbook}" if alert.runbook else ""
    return f"*{alert.name}*\n{summary}{page}"
