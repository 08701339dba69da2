"""What systemd needs to run an installation without containers: text, so that it can be read before it is written."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

SERVICE_UNIT = "secretaria.service"
UNITS_FOLDER = Path("/etc/systemd/system")


@dataclass(frozen=True)
class Service:
    """The service of one installation.

    Attributes:
        folder: Where secretaria.toml and .env lie.
        config: The secretaria.toml in use.
        home: SECRETARIA_HOME: the only place it may write to.
        user: The account that it runs under.
        command: What it runs.
        stop_seconds: How long it may take to finish what runs.
    """

    folder: Path
    config: Path
    home: Path
    user: str
    command: tuple[str, ...]
    stop_seconds: int


def service_unit(service: Service) -> str:
    """Return the unit of ``secretaria up``, closed to everything that it does not need."""
    return f"""\
# Escrito por: secretaria install --local --systemd
[Unit]
Description=Secretaria Virtual
Wants=network-online.target
After=network-online.target

[Service]
Type=exec
User={service.user}
WorkingDirectory={_specifiers(service.folder)}
Environment={_quoted(f"SECRETARIA_CONFIG={service.config}")}
Environment={_quoted(f"SECRETARIA_HOME={service.home}")}
ExecStart={" ".join(_quoted(part) for part in service.command)}
Restart=always
RestartSec=5
# Configuração errada (2 e 3) não se conserta reiniciando.
RestartPreventExitStatus=2 3
# O próprio programa encerra os seus, na ordem certa.
KillMode=mixed
TimeoutStopSec={service.stop_seconds}
UMask=0077

NoNewPrivileges=yes
CapabilityBoundingSet=
ProtectSystem=strict
ProtectHome=read-only
ReadWritePaths={_quoted(str(service.home))}
# /tmp fica à vista: os comandos do operador podem encontrar ali os soquetes dos bancos.
PrivateTmp=no
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service

[Install]
WantedBy=multi-user.target
"""


def _quoted(text: str) -> str:
    """Quote a word as systemd reads it, where it needs it."""
    plain = _specifiers(text).replace("$", "$$")
    return plain if shlex.quote(plain) == plain else '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _specifiers(text: str | Path) -> str:
    return str(text).replace("%", "%%")
