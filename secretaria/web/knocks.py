"""How many requests that were not authentic an address has made; only its next unauthentic ones feel it."""

from __future__ import annotations

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from secretaria.errors import Rejected


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
        self._limit = RateLimitItemPerMinute(per_minute)
        self._window = FixedWindowRateLimiter(MemoryStorage())

    def count(self, address: str) -> None:
        """Count one refused request.

        Raises:
            TooManyKnocks: The address has spent its limit.
        """
        if not self._window.hit(self._limit, address):
            raise TooManyKnocks
