"""What systemd is handed is a unit it takes, closed to what the service does not need."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from secretaria.installing.units import SERVICE_UNIT, Service, service_unit
from secretaria.installing.with_systemd import systemd_step, timer_step
from secretaria.installing.without_containers import Door
from tests.recorded_programs import RecordedPrograms


@pytest.fixture
def service(tmp_path: Path) -> Service:
    """Describe a service with what needs quoting."""
    command = ("/usr/bin/env", "python3", "-m", "secretaria", "up")
    return Service(tmp_path, tmp_path / "loja 50%.toml", tmp_path / "dados", "daemon", command, 65)


def test_the_unit_is_one_that_systemd_takes(service: Service, tmp_path: Path) -> None:
    """Its own checker finds nothing to say."""
    unit = tmp_path / SERVICE_UNIT
    unit.write_text(service_unit(service))
    checked = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_the_unit_is_closed_to_what_the_service_does_not_need(service: Service, tmp_path: Path) -> None:
    """Systemd's own measure of exposure, of ten, is low."""
    unit = tmp_path / SERVICE_UNIT
    unit.write_text(service_unit(service))
    measured = ["systemd-analyze", "security", "--offline=true", "--threshold=30", "--no-pager", str(unit)]
    checked = subprocess.run(measured, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout[-300:] + checked.stderr


def test_a_percent_sign_is_no_specifier(service: Service) -> None:
    """A file may be called what it likes."""
    assert '"SECRETARIA_CONFIG=' in service_unit(service)
    assert "loja 50%%.toml" in service_unit(service)


def test_a_unit_that_stands_as_it_should_is_left_alone(service: Service, tmp_path: Path) -> None:
    """Written once, found the second time."""
    runner = RecordedPrograms(tmp_path).runner()
    step = systemd_step(runner, service, Door("127.0.0.1", 1), tmp_path / "units")
    assert (step.take().before, step.take().before) == (False, True)


def test_the_timer_of_the_daily_copy_is_written_once(tmp_path: Path) -> None:
    """Both units, and nothing the second time."""
    texts = {"x.service": "[Service]\n", "x.timer": "[Timer]\n"}
    step = timer_step(RecordedPrograms(tmp_path).runner(), texts, tmp_path / "units")
    assert (step.take().before, step.take().before) == (False, True)
    assert {path.name for path in (tmp_path / "units").iterdir()} == set(texts)
