"""secretaria certificate: keeps the certificate that the proxy shows; it runs in a container of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def certificate(
    host: Annotated[str, typer.Option(envvar="PUBLIC_HOST", help="Nome público.")] = "",
    folder: Annotated[Path, typer.Option(help="Onde o proxy lê o certificado.")] = Path("/var/lib/certificates"),
) -> None:
    """Mantém o certificado do endereço público (um contêiner próprio faz isto)."""
    import signal
    from datetime import UTC, datetime

    from secretaria.certificates.self_signed import put_in_place, self_signed

    site = folder / "site.pem"
    if not site.exists():
        put_in_place(site, self_signed(host or "localhost", datetime.now(UTC)))
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
