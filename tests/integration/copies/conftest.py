"""An installation of the embedded engines as its host sees it, with an invented business and a folder for its copies."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from secretaria.copies.postgres import at_address
from secretaria.copies.premises import Premises
from secretaria.copies.sealing import Keys
from secretaria.local.binaries import find_postgres
from secretaria.local.engines import EngineUrls
from secretaria.machine.runner import Runner


@pytest.fixture
def premises(engines: EngineUrls, engine: Engine, tmp_path: Path) -> Premises:
    """Describe the installation; two customers wrote there."""
    business = tmp_path / "negocio"
    (business / "base").mkdir(parents=True)
    (business / "negocio.toml").write_text('nome = "Clínica Inventada"\n', encoding="utf-8")
    (business / "base" / "precos.md").write_text("limpeza: R$ 180\n", encoding="utf-8")
    (tmp_path / "secretaria.toml").write_text("[server]\nport = 8000\n", encoding="utf-8")
    (tmp_path / ".env").write_text("WEBHOOK_SECRET=valor-que-nao-sai-daqui\n", encoding="utf-8")
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO contact (identity_key, number, name, created_at) VALUES "
                "('552000000301', '5520900000301', 'Ana', '2026-08-10 12:00Z'), "
                "('552000000302', '5520900000302', 'Bia', '2026-08-10 12:00Z')"
            )
        )
    runner = Runner(tmp_path)
    return Premises(
        postgres=at_address(engines.database_url, find_postgres().beside("psql").parent, runner),
        copies=tmp_path / "copias",
        business=business,
        configuration=tmp_path / "secretaria.toml",
        env_file=tmp_path / ".env",
        keys=Keys(),
        runner=runner,
    )
