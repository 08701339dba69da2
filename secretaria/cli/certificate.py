"""secretaria certificate: keeps the certificate that the proxy shows; it runs in a container of its own."""

from pathlib import Path
from typing import Annotated

import typer

QUESTION_PORT = 8089


def certificate(
    host: Annotated[str, typer.Option(envvar="PUBLIC_HOST", help="Nome público.")] = "",
    email: Annotated[
        str, typer.Option(envvar="ACME_EMAIL", help="E-mail para o emissor; vazio fica com um certificado próprio.")
    ] = "",
    server: Annotated[
        str, typer.Option(envvar="ACME_SERVER", help="Diretório ACME do emissor (padrão: Let's Encrypt).")
    ] = "",
    folder: Annotated[Path, typer.Option(help="Onde o proxy lê o certificado.")] = Path("/var/lib/certificates"),
    control: Annotated[Path, typer.Option(help="Soquete do proxy.")] = Path("/run/haproxy/admin.sock"),
) -> None:
    """Mantém o certificado do endereço público (um contêiner próprio faz isto)."""
    import signal
    import threading

    from secretaria.certificates.issuing import Order
    from secretaria.certificates.keeping import Keeper
    from secretaria.clock import SystemClock

    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    order = Order(host or "localhost", email, server, folder / "acme", QUESTION_PORT)
    Keeper(order, folder / "site.pem", control, SystemClock()).keep(stopping)
