"""A process of its own that proves or restores a copy, so that it can be killed in the middle."""

from __future__ import annotations

import sys
from pathlib import Path

from secretaria.copies.postgres import at_address
from secretaria.copies.premises import Premises
from secretaria.copies.restoring import restore_backup
from secretaria.copies.sealing import Keys
from secretaria.copies.verifying import opened_copy, verify_backup
from secretaria.database.engine import build_engine
from secretaria.database.roles import let_in
from secretaria.local.binaries import find_postgres
from secretaria.machine.runner import Runner


def premises_at(url: str, folder: Path) -> Premises:
    """Describe an installation of the embedded engines whose files lie in a folder."""
    runner = Runner(folder)
    return Premises(
        postgres=at_address(url, find_postgres().beside("psql").parent, runner),
        copies=folder / "copias",
        business=folder / "negocio",
        configuration=folder / "secretaria.toml",
        env_file=folder / ".env",
        keys=Keys(),
        runner=runner,
    )


def main() -> None:
    """Do what the first argument says with the copy of the last; as in an installation, who answers is let in afterwards."""
    verb, url, app_url, folder, file = sys.argv[1:]
    premises = premises_at(url, Path(folder))
    if verb == "verify":
        verify_backup(premises, Path(file), Keys())
        return
    with opened_copy(premises, Path(file), Keys()) as (manifest, contents):
        restore_backup(premises, manifest, contents, settle=lambda *_: {})
    let_in(build_engine(url), app_url)


if __name__ == "__main__":
    main()
