"""The certificate service: a self-signed one at once, then an issuer's, looked at twice a day."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

from loguru import logger

from secretaria.certificates.issuing import Order, obtain
from secretaria.certificates.proxy import is_running, replace_certificate
from secretaria.certificates.self_signed import put_in_place, self_signed
from secretaria.clock import Clock
from secretaria.errors import SecretariaError

LOOK_SECONDS = 12 * 3600.0
# An issuer forgives few failures in an hour.
AGAIN_SECONDS = 3600.0
PROXY_SECONDS = 2.0


@dataclass(frozen=True)
class Keeper:
    """What the certificate of one public address is kept with.

    Attributes:
        order: What is asked of an issuer; without an e-mail address nobody is asked.
        site: The file that the proxy reads.
        control: The proxy's socket.
    """

    order: Order
    site: Path
    control: Path
    clock: Clock

    def keep(self, stopping: threading.Event) -> None:
        """Keep a certificate until told to stop; whatever fails is told and tried again."""
        if not self.site.exists():
            put_in_place(self.site, self_signed(self.order.host, self.clock.now()))
            logger.info("certificate_self_signed")
        if not self.order.email:
            stopping.wait()
            return
        while not stopping.is_set():
            if not is_running(self.control):  # the issuer's question would find nobody
                stopping.wait(PROXY_SECONDS)
                continue
            stopping.wait(LOOK_SECONDS if self._renew() else AGAIN_SECONDS)

    def _renew(self) -> bool:
        try:
            content = obtain(self.order)
            if content != self.site.read_bytes():
                put_in_place(self.site, content)
                replace_certificate(self.control, self.site, content)
                logger.info("certificate_replaced")
        except SecretariaError as error:
            logger.bind(reason=error.message).error("certificate_not_renewed")
            return False
        return True
