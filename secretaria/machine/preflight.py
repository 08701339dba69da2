"""What must be true of a machine before anything on it is touched: an engine that answers, room, ports, a clock."""

from __future__ import annotations

import errno
import shutil
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil

from secretaria.errors import PreflightRefused
from secretaria.machine.runner import CommandFailed, ProgramMissing, Runner

GIB = 1024**3
MINIMUM_DISK_BYTES = 5 * GIB
ADVISED_DISK_BYTES = 15 * GIB
MINIMUM_MEMORY_BYTES = int(1.5 * GIB)
ADVISED_MEMORY_BYTES = int(3.5 * GIB)  # a machine sold as 4 GiB shows a little less
MINIMUM_COMPOSE = (2, 20)
ANSWER_SECONDS = 20.0
Resolve = Callable[[str], Iterable[str]]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        name: What it is, Portuguese.
        status: ``ok``, ``aviso`` (goes on) or ``falha`` (nothing may be touched).
        found: What was found, Portuguese.
        mend: What mends it; empty where nothing has to be mended.
    """

    name: str
    status: Literal["ok", "aviso", "falha"]
    found: str
    mend: str = ""


class MachineNotReady(PreflightRefused):
    """At least one finding refuses the machine; nothing was touched."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        failed = [one for one in findings if one.status == "falha"]
        super().__init__(
            "a máquina não está pronta: " + "; ".join(f"{one.name}: {one.found}" for one in failed),
            "; ".join(dict.fromkeys(one.mend for one in failed if one.mend)),
        )
        self.findings = tuple(findings)


def require_ready(findings: Iterable[Finding]) -> list[Finding]:
    """Return all findings, or refuse with every one that fails.

    Raises:
        MachineNotReady: Something must be mended first.
    """
    listed = list(findings)
    if any(one.status == "falha" for one in listed):
        raise MachineNotReady(listed)
    return listed


def look_at_engine(runner: Runner) -> Iterator[Finding]:
    """Ask the Docker engine and Compose for their versions; the client alone proves nothing."""
    try:
        version = runner.run(
            ("docker", "version", "--format", "{{.Server.Version}}"), seconds=ANSWER_SECONDS
        ).output.strip()
    except ProgramMissing:
        yield Finding(
            "docker", "falha", "não está instalado", "instale o Docker: https://docs.docker.com/engine/install"
        )
        return
    except CommandFailed as error:
        found = f"o motor não respondeu: {error.lines[-1] if error.lines else 'sem resposta'}"
        yield Finding("docker", "falha", found, "sudo systemctl start docker; ou entre no grupo docker")
        return
    yield Finding("docker", "ok", f"motor {version}")
    try:
        version = runner.run(("docker", "compose", "version", "--short"), seconds=ANSWER_SECONDS).output.strip()
    except CommandFailed:
        yield Finding("compose", "falha", "não está instalado", "instale o plug-in docker-compose-plugin")
        return
    if _numbers(version) < MINIMUM_COMPOSE:
        wanted = ".".join(map(str, MINIMUM_COMPOSE))
        yield Finding("compose", "falha", f"versão {version}", f"instale o Compose {wanted} ou mais novo")
        return
    yield Finding("compose", "ok", f"versão {version}")


def look_at_disk(folder: Path, *, minimum_bytes: int = MINIMUM_DISK_BYTES) -> Finding:
    """Look at the free space where a folder is, or will be."""
    existing = next((one for one in (folder.absolute(), *folder.absolute().parents) if one.exists()), Path("/"))
    free = shutil.disk_usage(existing).free
    told = f"{free / GIB:.1f} GiB livres em {existing}"
    if free < minimum_bytes:
        wanted = f"libere espaço: são precisos {minimum_bytes / GIB:.0f} GiB"
        return Finding("disco", "falha", told, f"{wanted} (docker system df mostra o que as imagens usam)")
    if free < ADVISED_DISK_BYTES:
        return Finding("disco", "aviso", told, f"o recomendado são {ADVISED_DISK_BYTES / GIB:.0f} GiB livres")
    return Finding("disco", "ok", told)


def engine_folder(runner: Runner, otherwise: Path) -> Path:
    """Return where the engine keeps images and volumes, if this machine can see it."""
    try:
        told = runner.run(("docker", "info", "--format", "{{.DockerRootDir}}"), seconds=ANSWER_SECONDS).output.strip()
    except (CommandFailed, ProgramMissing):
        return otherwise
    return Path(told) if told and Path(told).is_dir() else otherwise


def look_at_memory(total_bytes: int | None = None) -> Finding:
    """Look at the memory of the machine.

    Args:
        total_bytes: How much there is; by default what this machine has.
    """
    total = psutil.virtual_memory().total if total_bytes is None else total_bytes
    told = f"{total / GIB:.1f} GiB"
    if total < MINIMUM_MEMORY_BYTES:
        return Finding("memória", "falha", told, "são precisos 2 GiB; o recomendado são 4 GiB")
    if total < ADVISED_MEMORY_BYTES:
        return Finding(
            "memória", "aviso", told, "abaixo de 4 GiB use também docker-compose.small.yml em [deploy] files"
        )
    return Finding("memória", "ok", told)


def look_at_port(port: int, *, ours: Callable[[int], bool] = lambda _: False) -> Finding:
    """Look whether nobody but ourselves listens on a port.

    Args:
        port: The port.
        ours: Says whether the program that listens belongs to this installation already.
    """
    name = f"porta {port}"
    for family, host in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):  # noqa: S104  # tried, never served
        try:
            with socket.socket(family, socket.SOCK_STREAM) as tried:
                tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                tried.bind((host, port))
        except PermissionError:
            break  # a low port for who is not root; the engine, which is, publishes it
        except OSError as error:
            if family == socket.AF_INET6 and error.errno is not None and not _is_busy(error):
                continue  # a machine without IPv6
            if ours(port):
                return Finding(name, "ok", "em uso por esta instalação")
            mend = f"veja quem a usa: ss -ltnp 'sport = :{port}'; ou escolha outra nas respostas"
            return Finding(name, "falha", "ocupada por outro programa", mend)
    return Finding(name, "ok", "livre")


def published_by_us(runner: Runner, project: str) -> Callable[[int], bool]:
    """Return the question whether a container of a compose project publishes a port."""

    def ours(port: int) -> bool:
        asked = ("docker", "ps", "--quiet", "--filter", f"label=com.docker.compose.project={project}")
        try:
            return bool(runner.run((*asked, "--filter", f"publish={port}"), seconds=ANSWER_SECONDS).output.strip())
        except (CommandFailed, ProgramMissing):
            return False

    return ours


def look_at_clock(runner: Runner, *, now: float | None = None) -> Finding:
    """Look whether the clock can be right: signatures are refused, and certificates fail, when it is minutes off.

    Args:
        runner: Asks systemd, where there is one, whether a time server was heard.
        now: Seconds since 1970; by default what the clock says.
    """
    at = time.time() if now is None else now
    if at < Path(__file__).stat().st_mtime:
        told = time.strftime("%d/%m/%Y", time.gmtime(at))
        return Finding("relógio", "falha", f"diz {told}, antes deste programa existir", "sudo timedatectl set-ntp true")
    try:
        heard = runner.run(("timedatectl", "show", "--property=NTPSynchronized", "--value"), seconds=ANSWER_SECONDS)
    except (CommandFailed, ProgramMissing):
        return Finding("relógio", "ok", "não há systemd para dizer se está sincronizado")
    if heard.output.strip() == "no":
        return Finding("relógio", "aviso", "não está sincronizado com um servidor", "sudo timedatectl set-ntp true")
    return Finding("relógio", "ok", "sincronizado")


def look_at_name(host: str, *, resolve: Resolve | None = None, own: Iterable[str] | None = None) -> Finding:
    """Look whether a public name leads to this machine; behind NAT it cannot be known, so it only warns.

    Args:
        host: The name under which customers' Whaticket reaches us.
        resolve: Says the addresses of a name; by default the resolver of this machine.
        own: The addresses of this machine; by default those of its interfaces.
    """
    name = "nome público"
    try:
        leads = set((resolve or _resolve)(host))
    except OSError:
        return Finding(name, "aviso", f"{host} ainda não existe no DNS", "crie um registro A para o IP desta máquina")
    if leads & set(_own_addresses() if own is None else own):
        return Finding(name, "ok", f"{host} leva a esta máquina")
    mend = "se a máquina está atrás de um roteador ou balanceador, está certo; senão, corrija o registro A"
    return Finding(name, "aviso", f"{host} leva a {', '.join(sorted(leads))}, que não é endereço daqui", mend)


def _resolve(host: str) -> set[str]:
    return {str(entry[4][0]) for entry in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}


def _own_addresses() -> set[str]:
    families = (socket.AF_INET, socket.AF_INET6)
    return {
        address.address.partition("%")[0]
        for addresses in psutil.net_if_addrs().values()
        for address in addresses
        if address.family in families
    }


def _is_busy(error: OSError) -> bool:
    return error.errno == errno.EADDRINUSE


def _numbers(version: str) -> tuple[int, ...]:
    parts = version.lstrip("v").split("-")[0].split("+")[0].split(".")
    return tuple(int(part) for part in parts if part.isdigit())
