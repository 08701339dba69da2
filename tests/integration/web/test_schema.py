"""Whatever the description of the API allows to be asked, by somebody who may, is answered as the description says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import redis
from sqlalchemy import Engine

from secretaria.attendants.accounts import AccountsRoom, add_attendant
from secretaria.attendants.roles import Role
from secretaria.attendants.sessions import Sessions
from secretaria.audit.trail import Actor
from secretaria.clock import SystemClock
from tests.integration.web.conftest import Start

PASSWORD = "quatro palavras bem inventadas"
EXAMPLES = 5


def test_no_fault_and_nothing_undescribed(start: Start, engine: Engine, valkey: redis.Redis, tmp_path: Path) -> None:
    """Schemathesis, with a valid session: no 5xx, no status, type or shape that the description does not know.

    Two routes are left to their own tests: logging out would end the session that all requests rest on, and without a
    worker the 503 of ``/healthz`` is the right answer.
    """
    clock = SystemClock()
    room = AccountsRoom(engine, clock, Sessions(valkey, clock), Actor("teste", "cli", "maquina"))
    add_attendant(room, login="dona", name="Dona", role=Role.OWNER, password=PASSWORD)
    site = start(JWT_SECRET="chave-de-teste-com-mais-de-32-bytes-1")
    token = site.post("/auth/token", json={"login": "dona", "password": PASSWORD}).json()["access_token"]
    ran = subprocess.run(
        [
            Path(sys.executable).with_name("st"),
            "--no-color",
            "run",
            f"{site.base_url}/schema/openapi.json",
            f"--header=Authorization: Bearer {token}",
            "--exclude-path=/auth/logout",
            "--exclude-path=/healthz",
            "--phases=coverage,fuzzing",
            f"--max-examples={EXAMPLES}",
            "--seed=1",
            "--generation-database=none",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert ran.returncode == 0, ran.stdout[-6000:] + ran.stderr[-2000:]
