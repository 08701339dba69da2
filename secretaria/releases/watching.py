"""The error budget of a version that was just switched to: counters of all its processes, now and some time later."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

from secretaria.egress import AnswerRefused, DestinationRefused, DestinationUnavailable, fetch
from secretaria.errors import SecretariaError

LEAST_ERRORS = 3  # one failed send of a quiet night is no verdict
LOOK_SECONDS = 5.0
BAD_WEBHOOKS = frozenset({"unavailable", "error"})
BAD_HANDOFFS = frozenset({"fault", "worker_lost", "model_failed"})
SOURCES = (("api", 8000), ("worker", 9191))


class BudgetSpent(SecretariaError):
    """More of what the new version did failed than is allowed."""

    def __init__(self, spent: Spent) -> None:
        super().__init__(f"{spent.errors:.0f} de {spent.total:.0f} falharam ({spent.ratio:.1%}): {spent.told}")


@dataclass(frozen=True, slots=True)
class Counted:
    """What processes have counted so far.

    Attributes:
        good: Things done well.
        bad: Things that failed, by kind.
    """

    good: float
    bad: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Spent:
    """What happened between two looks.

    Attributes:
        errors: How many things failed.
        total: How many were done.
        told: Which failed, Portuguese.
    """

    errors: float
    total: float
    told: str

    @property
    def ratio(self) -> float:
        """The part that failed; 0 where nothing was done."""
        return self.errors / self.total if self.total else 0.0


def watch_errors(
    seconds: float,
    ratio: float,
    look: Callable[[], Mapping[str, Counted]],
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> Spent:
    """Look until the time is over or the budget is spent.

    Args:
        seconds: For how long.
        ratio: The part of errors above which it is spent.
        look: Reads the counters of every process, by its address.
        sleep: Waits.

    Raises:
        BudgetSpent: Too much failed.
    """
    before, left = look(), seconds
    while True:
        pause = min(LOOK_SECONDS, left)
        sleep(pause)
        left -= pause
        spent = between(before, look())
        if spent.errors >= LEAST_ERRORS and spent.ratio > ratio:
            raise BudgetSpent(spent)
        if left <= 0:
            return spent


def between(before: Mapping[str, Counted], after: Mapping[str, Counted]) -> Spent:
    """Return what happened between two looks; of a process that is new since then, all it counted."""
    nothing, good, bad = Counted(0.0, {}), 0.0, dict[str, float]()
    for address, now in after.items():
        then = before.get(address, nothing)
        good += max(now.good - then.good, 0.0)
        for kind, count in now.bad.items():
            bad[kind] = bad.get(kind, 0.0) + max(count - then.bad.get(kind, 0.0), 0.0)
    errors = sum(bad.values())
    return Spent(errors, good + errors, ", ".join(f"{kind} {count:.0f}" for kind, count in bad.items() if count))


def read_counters(text: str) -> Counted:
    """Read what one process counted from its metrics."""
    good, bad = 0.0, dict[str, float]()
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            kind = _kind(sample.name, sample.labels)
            if kind is None:
                continue
            if kind:
                bad[kind] = bad.get(kind, 0.0) + sample.value
            else:
                good += sample.value
    return Counted(good, bad)


def look_around(token: str, sources: Iterable[tuple[str, int]] = SOURCES) -> Mapping[str, Counted]:
    """Ask every process that answers to the services' names; one that is just being replaced is passed over.

    Args:
        token: METRICS_TOKEN, empty where none is set.
        sources: Names and ports.
    """
    found = {}
    for name, port in sources:
        for address in _addresses(name, port):
            origin = f"http://{address}:{port}"
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            try:
                text = fetch(f"{origin}/metrics", trusted_origins=(origin,), headers=headers).decode()
            except (AnswerRefused, DestinationRefused, DestinationUnavailable):
                continue
            found[origin] = read_counters(text)
    return found


def _kind(name: str, labels: Mapping[str, str]) -> str | None:
    """Say which failure a counter counts: empty where it counts what went well, None where it is neither."""
    if name == "secretaria_webhook_received_total":
        return "eventos não aceitos" if labels.get("status") in BAD_WEBHOOKS else ""
    if name == "secretaria_handoffs_total":
        return "respostas que falharam" if labels.get("reason") in BAD_HANDOFFS else None
    if name == "secretaria_whaticket_errors_total":
        return "envios que falharam"
    return "" if name in {"secretaria_turns_total", "secretaria_whaticket_send_success_total"} else None


def _addresses(name: str, port: int) -> list[str]:
    try:
        told = socket.getaddrinfo(name, port, family=socket.AF_INET, type=socket.SOCK_STREAM)
    except OSError:
        return []
    return sorted({str(entry[4][0]) for entry in told})
