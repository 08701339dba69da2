"""Which copies stay, and when the next one is due: counted in days, weeks and months of the business."""

from __future__ import annotations

import configparser
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secretaria.copies.finished import Backup
from secretaria.copies.keeping import outdated
from secretaria.copies.schedule import cron_line, is_due, proof_is_due, proof_is_late, timer_units
from secretaria.settings import BackupSection

ZONE = ZoneInfo("America/Sao_Paulo")
NOW = datetime(2026, 12, 1, 6, 15, tzinfo=UTC)  # 03:15 there


def copies_at(*moments: datetime) -> list[Backup]:
    """Make copies of these moments, the newest first."""
    return [Backup(Path(f"{at:%Y%m%d%H%M}"), 1, at) for at in sorted(moments, reverse=True)]


def kept(copies: list[Backup], rules: BackupSection, proved: Backup | None = None) -> list[Backup]:
    """Return what no rule lets go."""
    gone = outdated(copies, rules, ZONE, proved)
    return [copy for copy in copies if copy not in gone]


def test_days_then_weeks_then_months_stay() -> None:
    """A year of daily copies becomes fourteen: seven days, four weeks and three months before those."""
    year = copies_at(*(NOW - timedelta(days=days) for days in range(365)))
    assert [f"{copy.taken_at:%d/%m}" for copy in kept(year, BackupSection())] == [
        *("01/12", "30/11", "29/11", "28/11", "27/11", "26/11", "25/11"),
        *("22/11", "15/11", "08/11", "01/11"),
        *("31/10", "30/09", "31/08"),
    ]


def test_of_one_day_the_last_stays() -> None:
    """The day is that of the business: what was taken at 23:00 there belongs to the day before."""
    late, early, newest = (NOW.replace(hour=hour, minute=0) for hour in (2, 4, 6))
    assert kept(copies_at(late, early, newest), BackupSection(kept_weeks=0, kept_months=0)) == copies_at(late, newest)


def test_the_last_proved_stays() -> None:
    """It is the only one of which anybody knows that it restores."""
    old = copies_at(NOW - timedelta(days=300))[0]
    copies = [*copies_at(*(NOW - timedelta(days=days) for days in range(20))), old]
    assert old in kept(copies, BackupSection(kept_months=0), old)


@given(
    st.lists(st.integers(0, 60 * 24 * 400), min_size=1, max_size=60, unique=True),
    st.integers(1, 9),
    st.integers(0, 9),
    st.integers(0, 9),
)
def test_the_newest_always_stays_and_no_rule_keeps_more_than_it_says(
    minutes: list[int], days: int, weeks: int, months: int
) -> None:
    """Whatever copies there are."""
    copies = copies_at(*(NOW - timedelta(minutes=ago) for ago in minutes))
    left = kept(copies, BackupSection(kept_days=days, kept_weeks=weeks, kept_months=months))
    assert copies[0] in left
    assert len(left) <= days + weeks + months + 1


@pytest.mark.parametrize(
    ("last", "due"),
    [
        (None, True),
        (timedelta(hours=24), True),
        (timedelta(minutes=16), True),
        (timedelta(minutes=14), False),
    ],
)
def test_a_copy_is_due_once_a_day_from_its_hour_on(last: timedelta | None, due: bool) -> None:  # noqa: FBT001
    """It is 03:15 and the hour is three: what was made since three o'clock counts, whoever asked for it."""
    copies = copies_at(NOW - last) if last is not None else []
    assert is_due(copies, BackupSection(hour=3), ZONE, NOW) is due


def test_one_that_was_missed_is_due_at_once() -> None:
    """The machine was off at three; at two of the next night it is still due."""
    later = NOW + timedelta(hours=23)
    assert is_due(copies_at(NOW - timedelta(days=1)), BackupSection(hour=3), ZONE, later)


def test_nobody_is_asked_where_the_daily_copy_is_off() -> None:
    """Somebody copies in another way."""
    assert not is_due([], BackupSection(daily=False), ZONE, NOW)


def test_a_proof_is_late_when_two_nights_more_have_passed() -> None:
    """A machine that was off for a night alarms nobody; that no copy was ever proved does."""
    rules = BackupSection()
    assert proof_is_late(None, rules, NOW)
    assert proof_is_late(NOW - timedelta(days=9), rules, NOW)
    assert not proof_is_late(NOW - timedelta(days=8), rules, NOW)
    assert not proof_is_late(None, BackupSection(verify_days=0), NOW)


def test_a_proof_is_due_once_a_week() -> None:
    """At once where none was made; never where it is switched off."""
    rules = BackupSection(verify_days=7)
    assert proof_is_due(None, rules, NOW)
    assert proof_is_due(NOW - timedelta(days=7), rules, NOW)
    assert not proof_is_due(NOW - timedelta(days=6), rules, NOW)
    assert not proof_is_due(None, BackupSection(verify_days=0), NOW)


def test_the_units_of_systemd_ask_in_the_folder_of_the_installation() -> None:
    """Every quarter of an hour, also for what was missed."""
    units = timer_units(Path("/opt/loja"), Path("/opt/loja/.venv/bin/secretaria"), user="loja")
    service, timer = configparser.ConfigParser(), configparser.ConfigParser()
    service.read_string(units["secretaria-backup.service"])
    timer.read_string(units["secretaria-backup.timer"])
    assert service["Service"]["ExecStart"] == "/opt/loja/.venv/bin/secretaria backup --if-due"
    assert (service["Service"]["WorkingDirectory"], service["Service"]["User"]) == ("/opt/loja", "loja")
    assert timer["Timer"]["OnCalendar"] == "*:0/15"


def test_the_line_of_cron_is_safe_with_any_folder() -> None:
    """A per cent sign would end the command for cron, and a space would split it."""
    line = cron_line(Path("/opt/minha loja 100%"), Path("/usr/bin/secretaria"))
    assert line == "*/15 * * * * cd '/opt/minha loja 100\\%' && /usr/bin/secretaria backup --if-due\n"
