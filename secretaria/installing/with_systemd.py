"""The steps that hand an installation to systemd: the service without containers, and the timer of the daily copy."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from secretaria.errors import PreflightRefused
from secretaria.installing.steps import Outcome, Step
from secretaria.installing.units import SERVICE_UNIT, Service, service_unit
from secretaria.installing.without_containers import Door, await_door
from secretaria.machine.runner import Runner

SYSTEMD_RUNS = Path("/run/systemd/system")


def systemd_step(runner: Runner, service: Service, door: Door, units: Path) -> Step:
    """Write the unit of the service and start it, where systemd runs; a unit that stands as it should is left alone.

    Args:
        runner: Asks systemd.
        service: What the unit says.
        door: Where the service answers.
        units: The folder of units.
    """

    def take() -> Outcome:
        text, place = service_unit(service), units / SERVICE_UNIT
        written = _differs(place, text)
        if written:
            _write_unit(place, text)
        if not SYSTEMD_RUNS.is_dir():
            return Outcome(f"{place} escrito; o systemd não roda aqui para iniciá-lo", before=not written)
        if not written and door.answers("/readyz"):
            return Outcome(f"{SERVICE_UNIT} já atende na porta {door.port}", before=True)
        runner.run(("systemctl", "daemon-reload"))
        runner.run(("systemctl", "enable", SERVICE_UNIT))
        runner.run(("systemctl", "restart", SERVICE_UNIT))
        seconds = await_door(door, lambda: None)
        return Outcome(f"{SERVICE_UNIT} atende na porta {door.port}, pronto em {seconds:.1f} s")

    return Step("systemd", take)


def timer_step(runner: Runner, texts: Mapping[str, str], units: Path) -> Step:
    """Write the units of the daily copy and start its timer, where systemd runs.

    Args:
        runner: Asks systemd.
        texts: What the units say, by file name.
        units: The folder of units.
    """

    def take() -> Outcome:
        written = [name for name, text in texts.items() if _differs(units / name, text)]
        for name in written:
            _write_unit(units / name, texts[name])
        timers = [name for name in texts if name.endswith(".timer")]
        if not SYSTEMD_RUNS.is_dir():
            return Outcome(f"{', '.join(texts)} em {units}; o systemd não roda aqui para ligá-los", before=not written)
        runner.run(("systemctl", "daemon-reload"))
        runner.run(("systemctl", "enable", "--now", *timers))
        return Outcome(f"{', '.join(timers)} ligado", before=not written)

    return Step("cópia diária", take)


def _differs(place: Path, text: str) -> bool:
    return not place.is_file() or place.read_text(encoding="utf-8") != text


def _write_unit(place: Path, text: str) -> None:
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
        place.chmod(0o644)
    except OSError as error:
        raise PreflightRefused(
            f"não consegui escrever {place}: {error.strerror}", "rode com sudo, ou sem --systemd"
        ) from error
