"""A webhook secret changes hands while the service runs: both are taken for a while, then the old one is refused."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from secretaria.cli import rotation
from secretaria.cli.rotation import NewValueRefused, begin_rotation, finish_rotation
from secretaria.settings import env_file
from secretaria.settings.env_file import read_value, write_value
from tests.builders import a_text, signed
from tests.integration.web.conftest import service

OLD, NEW = "o-segredo-antigo-de-teste-com-32-bytes!", "o-segredo-novo-de-teste-com-mais-de-32!"


@pytest.fixture
def running(
    environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AbstractContextManager[httpx.Client]:
    """Run a service whose secret stands in its .env, and let the commands find it."""
    for name in ("WEBHOOK_SECRET", "WEBHOOK_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(env_file, "REREAD_SECONDS", 0.0)
    monkeypatch.setattr(rotation, "note_change", lambda *_, **__: None)
    config = tmp_path / "secretaria.toml"
    config.touch()
    write_value(tmp_path / ".env", "WEBHOOK_SECRET", OLD)
    monkeypatch.setenv("SECRETARIA_CONFIG", str(config))
    return service(config, {k: v for k, v in environment.items() if k != "WEBHOOK_SECRET"})


def knock(site: httpx.Client, secret: str, message: str) -> int:
    """Post one signed message; return the status."""
    body = json.dumps(a_text("oi", message_id=message)).encode()
    told = signed(body, datetime.now(UTC), secret)
    headers = {name.decode(): value.decode() for name, value in told.headers}
    return site.post("/webhook/whaticket", content=body, headers=headers).status_code


def reach(site: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tell the command where the service listens."""
    monkeypatch.setenv("SECRETARIA__SERVER__HOST", str(site.base_url.host))
    monkeypatch.setenv("SECRETARIA__SERVER__PORT", str(site.base_url.port))


def test_old_and_new_then_only_new(
    running: AbstractContextManager[httpx.Client], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No restart and no gap: both values during the rotation, the old one refused after it (R12)."""
    with running as site:
        reach(site, monkeypatch)
        begin_rotation(tmp_path / ".env", "WEBHOOK_SECRET", NEW)
        assert [knock(site, OLD, "A"), knock(site, NEW, "B")] == [202, 202]
        finish_rotation(tmp_path / ".env", "WEBHOOK_SECRET")
        assert [knock(site, OLD, "C"), knock(site, NEW, "D")] == [401, 202]


def test_a_value_that_does_not_work_is_taken_back(
    running: AbstractContextManager[httpx.Client], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the service does not take the new value, the old one stands alone again and still opens."""
    monkeypatch.setattr(rotation, "TRY_SECONDS", 0.0)
    with running as site:
        reach(site, monkeypatch)
        monkeypatch.setattr(env_file, "REREAD_SECONDS", 3600.0)
        assert knock(site, OLD, "E") == 202
        with pytest.raises(NewValueRefused):
            begin_rotation(tmp_path / ".env", "WEBHOOK_SECRET", NEW)
        assert read_value(tmp_path / ".env", "WEBHOOK_SECRET") == OLD
        assert knock(site, OLD, "F") == 202
