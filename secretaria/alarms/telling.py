"""Use case: a notice of Alertmanager becomes one WhatsApp message to the owner, once for each alert and state.

It goes straight to Whaticket and not through the outbox: that belongs to conversations with customers, is worked off by
workers that may be what has failed, and promises that nothing is dropped, while an alert of an hour ago is worth nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loguru import logger

from secretaria import metrics
from secretaria.alarms.wording import Alert, word_notice
from secretaria.errors import Unavailable
from secretaria.whaticket.gateway import Gateway, Outcome

if TYPE_CHECKING:
    from secretaria.alarms.memory import ToldAlerts  # limits is slow to import, and wanted at the first notice

AGAIN = frozenset({Outcome.NOT_SENT, Outcome.MISCONFIGURED})  # surely not sent, and worth trying once it is mended


class OwnerNotReached(Unavailable):
    """The message surely did not leave, or somebody else has it in hand; Alertmanager asks again by itself."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"o aviso ao dono não saiu ({reason})", "confira WHATICKET_URL e a conexão do Whaticket")


@dataclass(frozen=True, slots=True)
class AlarmRoom:
    """What telling the owner works with.

    Attributes:
        owner_number: Digits with country and area code; empty tells nobody.
    """

    owner_number: str
    gateway: Gateway
    told: ToldAlerts


def tell_owner(room: AlarmRoom, alerts: Sequence[Alert]) -> int:
    """Send what the owner does not know yet as one message.

    Returns:
        How many alerts it told of.

    Raises:
        OwnerNotReached: The message did not leave; the same notice may be given again.
    """
    if not room.owner_number:
        return 0
    with _taken(room.told, alerts) as (mine, known):
        news = [alert for alert in mine if room.told.is_news(alert)]
        _count("repeated", len(alerts) - len(news))
        if news and not room.told.may_tell():
            _count("limited", len(news))
            logger.bind(alerts=len(news)).warning("owner_not_told")
            return 0
        if news:
            _send(room, news)
            known.extend(news)
    if len(mine) < len(alerts):
        raise OwnerNotReached("outro processo o envia")
    return len(news)


@contextmanager
def _taken(told: ToldAlerts, alerts: Sequence[Alert]) -> Iterator[tuple[list[Alert], list[Alert]]]:
    """Hold alerts while they are told: those nobody else holds, and a list for what was told of them in the end."""
    mine = [alert for alert in alerts if told.begin(alert)]
    known: list[Alert] = []
    try:
        yield mine, known
    finally:
        for alert in mine:
            told.end(alert, told=alert in known)


def _send(room: AlarmRoom, news: Sequence[Alert]) -> None:
    """Hand the message over; what may have left counts as told, since nobody wants an alarm twice."""
    result = room.gateway.send_text(room.owner_number, word_notice(news))
    outcome = "told" if result.outcome is Outcome.ACCEPTED else str(result.outcome)
    _count(outcome, len(news))
    log = logger.bind(outcome=outcome, status=result.status, error=result.error, alerts=len(news))
    if result.outcome is Outcome.ACCEPTED:
        log.info("owner_told")
        return
    log.error("owner_not_told")
    if result.outcome in AGAIN:
        raise OwnerNotReached(result.error or outcome)


def _count(outcome: str, alerts: int) -> None:
    metrics.OWNER_ALERTS.labels(outcome).inc(alerts)
