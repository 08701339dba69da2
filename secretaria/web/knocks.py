"""How many requests that were not authentic an address has made; only its next unauthentic ones feel it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from secretaria.errors import Rejected

if TYPE_CHECKING:
    from limits import RateLimitItem
    from limits.strategies import RateLimiter


class TooManyKnocks(Rejected):
    """One address keeps knocking with nothing that opens."""

    def __init__(self) -> None:
        super().__init__("pedidos demais sem autenticação")


class RefusedKnocks:
    """Counts in the memory of one process: the door asks nobody while it turns noise away.

    All authentic events come from one Whaticket, and noise may come from the address of the same proxy or host. So an
    address that spent its limit is still listened to: what is authentic passes, what is not is told to stop.
    """

    def __init__(self, per_minute: int) -> None:
        """Build the counter.

        Args:
            per_minute: What one address may try in vain.
        """
        self._per_minute = per_minute

    def count(self, address: str) -> None:
        """Count one refused request.

        Raises:
            TooManyKnocks: The address has spent its limit.
        """
        window, limit = self._counter
        if not window.hit(limit, address):
            raise TooManyKnocks

    @cached_property
    def _counter(self) -> tuple[RateLimiter, RateLimitItem]:
        """The library is slow to import, and the first who needs it is a stranger."""
        from limits import RateLimitItemPerMinute  # noqa: PLC0415  # see above
        from limits.storage import MemoryStorage  # noqa: PLC0415
        from limits.strategies import FixedWindowRateLimiter  # noqa: PLC0415

        return FixedWindowRateLimiter(MemoryStorage()), RateLimitItemPerMinute(self._per_minute)
