"""A certificate of an ACME issuer, by certbot: asked for through the proxy, and renewed while there is time."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from secretaria.errors import Unavailable

LAST_LINES = 6
ATTEMPT_SECONDS = 300.0
NAME = "site"


class CertificateRefused(Unavailable):
    """The issuer gave no certificate; its reason is in the message."""


@dataclass(frozen=True)
class Order:
    """What is asked of an issuer.

    Attributes:
        host: The public name.
        email: Whom the issuer writes to.
        server: Its directory; empty is Let's Encrypt.
        folder: Where certbot keeps account, keys and certificates.
        port: Where the issuer's question arrives, passed on by the proxy.
    """

    host: str
    email: str
    server: str
    folder: Path
    port: int


def certbot_command(order: Order) -> tuple[str, ...]:
    """Return the program that gets a certificate, or leaves one alone that is good for another month."""
    server = ("--server", order.server) if order.server else ()
    return (
        *("certbot", "certonly", "--non-interactive", "--agree-tos", "--keep-until-expiring", "--no-eff-email"),
        *("--email", order.email, "--domain", order.host, "--cert-name", NAME),
        *("--standalone", "--preferred-challenges", "http", "--http-01-port", str(order.port)),
        *("--config-dir", str(order.folder), "--work-dir", "/tmp/certbot", "--logs-dir", "/tmp/certbot"),  # noqa: S108  # the container's own
        *server,
    )


def obtain(order: Order, command: Sequence[str] | None = None) -> bytes:
    """Get a certificate if there is none or it is about to end, and return chain and key in one.

    Args:
        order: What is asked for.
        command: What to run instead of certbot; a test gives it.

    Raises:
        CertificateRefused: The issuer refused, or could not be asked.
    """
    try:
        ended = subprocess.run(  # noqa: S603  # an argument list of our own, and no shell reads it
            command or certbot_command(order), capture_output=True, text=True, timeout=ATTEMPT_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CertificateRefused(f"o certbot não terminou: {type(error).__name__}") from error
    if ended.returncode != 0:
        said = " ".join(ended.stderr.split("\n")[-LAST_LINES:]).strip()
        raise CertificateRefused(f"sem certificado para {order.host}: {said}", "confira o DNS e a porta 80 de fora")
    live = order.folder / "live" / NAME
    return (live / "fullchain.pem").read_bytes() + (live / "privkey.pem").read_bytes()
