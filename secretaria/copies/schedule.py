"""When the daily copy is due, and what makes a host of containers ask: a timer of systemd, or a line of cron."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

from secretaria.copies.finished import Backup
from secretaria.settings import BackupSection

UNIT = "secretaria-backup"
SPARED = timedelta(days=2)  # a machine that was off, a night that failed


def is_due(copies: Sequence[Backup], rules: BackupSection, zone: tzinfo, now: datetime) -> bool:
    """Say whether today's copy is still to be made; one that was missed, with the machine off, is due at once.

    Args:
        copies: The newest first; one made for another reason, say before a new version, counts too.
        rules: At which hour.
        zone: Whose hour.
        now: The present moment.
    """
    if not rules.daily:
        return False
    local = now.astimezone(zone)
    hour = local.replace(hour=rules.hour, minute=0, second=0, microsecond=0)
    last_hour = hour if hour <= local else hour - timedelta(days=1)
    return not copies or copies[0].taken_at < last_hour


def proof_is_due(proved_at: datetime | None, rules: BackupSection, now: datetime) -> bool:
    """Say whether a copy should be restored aside again."""
    return rules.verify_days > 0 and (proved_at is None or now - proved_at >= timedelta(days=rules.verify_days))


def proof_is_late(proved_at: datetime | None, rules: BackupSection, now: datetime) -> bool:
    """Say whether somebody should be told that no copy was restored aside for long."""
    return proof_is_due(proved_at, rules, now - SPARED)


def timer_units(folder: Path, program: Path, *, user: str | None = None) -> dict[str, str]:
    """Return the units of systemd that ask every quarter of an hour, by file name.

    Args:
        folder: Of the installation.
        program: The ``secretaria`` command.
        user: Who runs it; root where none is given.
    """
    runs_as = f"User={user}\n" if user else ""
    service = (
        "[Unit]\nDescription=Copia de seguranca da Secretaria Virtual\nAfter=docker.service\n\n"
        f"[Service]\nType=oneshot\n{runs_as}WorkingDirectory={folder}\n"
        f"ExecStart={program} backup --if-due\nNice=10\nIOSchedulingClass=idle\n"
    )
    timer = (
        "[Unit]\nDescription=Pergunta se a copia de seguranca da Secretaria Virtual e devida\n\n"
        "[Timer]\nOnCalendar=*:0/15\nPersistent=true\nRandomizedDelaySec=60\n\n[Install]\nWantedBy=timers.target\n"
    )
    return {f"{UNIT}.service": service, f"{UNIT}.timer": timer}


def cron_line(folder: Path, program: Path) -> str:
    """Return the line of a crontab that asks every quarter of an hour, for a host without systemd."""
    asked = f"cd {shlex.quote(str(folder))} && {shlex.quote(str(program))} backup --if-due"
    return f"*/15 * * * * {asked.replace('%', chr(92) + '%')}\n"
