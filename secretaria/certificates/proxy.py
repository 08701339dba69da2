"""The proxy's own socket: whether it runs, and a new certificate put in while it serves."""

from __future__ import annotations

import socket
from pathlib import Path

from secretaria.errors import Unavailable

SECONDS = 5.0
CHUNK = 4096


class ProxyRefused(Unavailable):
    """The proxy does not answer on its socket, or did not take what it was given."""


def is_running(control: Path) -> bool:
    """Say whether the proxy answers."""
    try:
        return "Uptime" in _ask(control, "show info")
    except ProxyRefused:
        return False


def replace_certificate(control: Path, path: Path, content: bytes) -> None:
    """Give the running proxy a certificate in place of the one it read from a file; connections go on.

    Args:
        control: The proxy's socket.
        path: The file's name as the proxy knows it.
        content: Chain and key in PEM.

    Raises:
        ProxyRefused: It is not there, or says no.
    """
    lines = "\n".join(line for line in content.decode("ascii").splitlines() if line)  # an empty line would end it
    for command in (f"set ssl cert {path} <<\n{lines}\n", f"commit ssl cert {path}"):
        told = _ask(control, command)
        if "Transaction" not in told and "Success" not in told:
            raise ProxyRefused(f"o proxy não aceitou o certificado: {told.strip()}")


def _ask(control: Path, command: str) -> str:
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(SECONDS)
            line.connect(str(control))
            line.sendall(command.encode() + b"\n")
            told = b""
            while part := line.recv(CHUNK):
                told += part
    except OSError as error:
        raise ProxyRefused(f"o proxy não respondeu em {control}: {type(error).__name__}") from error
    return told.decode(errors="replace")
