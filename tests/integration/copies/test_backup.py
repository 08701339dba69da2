"""A copy is one whole file or none, private, and says truly what is in it."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import tarfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pyrage
import pytest

from secretaria.copies.archive import DRAFT, checksum, open_copy, own_folder
from secretaria.copies.backup import CopyFailed, take_backup
from secretaria.copies.finished import CopyNotFound, latest_backup, list_backups
from secretaria.copies.manifest import CopyDamaged
from secretaria.copies.postgres import Postgres, at_address, in_container
from secretaria.copies.premises import Premises
from secretaria.copies.sealing import CopyLocked, Keys
from secretaria.errors import LockHeld
from secretaria.machine.commands import Compose
from secretaria.machine.runner import Runner

AT = datetime(2026, 12, 1, 3, 15, tzinfo=UTC)
NO_KEYS = Keys()


def test_a_copy_is_one_private_file_with_its_checksum_beside_it(premises: Premises) -> None:
    """Nobody else on the machine reads it, and what arrived elsewhere can be compared."""
    taken = take_backup(premises, reason="teste", now=AT)
    assert taken.path.name == "secretaria-20261201T031500Z.tar"
    assert stat.S_IMODE(taken.path.stat().st_mode) == 0o600
    assert taken.path.with_name(f"{taken.path.name}.sha256").read_text().split()[0] == checksum(taken.path)


def test_a_copy_holds_database_business_folder_and_configuration(premises: Premises) -> None:
    """What an installation is made of is in the one file."""
    with tarfile.open(take_backup(premises, reason="teste", now=AT).path) as tar:
        assert tar.getnames() == [
            "manifest.json",
            "business/base/precos.md",
            "business/negocio.toml",
            "configuration/secretaria.toml",
            "database.dump",
        ]


def test_of_the_secrets_only_the_names_are_copied(premises: Premises, tmp_path: Path) -> None:
    """Who restores on a new machine is told what to fill in, and whoever finds the file learns no value."""
    taken = take_backup(premises, reason="teste", now=AT)
    into = tmp_path / "aberta"
    into.mkdir()
    assert open_copy(taken.path, into, NO_KEYS).env_keys == ("WEBHOOK_SECRET",)
    assert b"valor-que-nao-sai-daqui" not in taken.path.read_bytes()


def test_the_manifest_counts_what_the_snapshot_showed(premises: Premises, tmp_path: Path) -> None:
    """Rows, revision, moment and reason stand in it."""
    into = tmp_path / "aberta"
    into.mkdir()
    manifest = open_copy(take_backup(premises, reason="antes de publicar", now=AT).path, into, NO_KEYS)
    assert manifest.tables["contact"].rows == 2
    assert (manifest.taken_at, manifest.reason, manifest.migration_head[:4].isdigit()) == (
        AT,
        "antes de publicar",
        True,
    )


def test_the_password_is_in_no_argument_list(premises: Premises) -> None:
    """Everybody on a machine sees the arguments of its processes."""
    postgres = at_address("postgresql://ana:senha-inventada@db:5433/s", Path("/x"), premises.runner)
    assert postgres.program("pg_dump", "--dbname", "s") == ("/x/pg_dump", "--dbname", "s")
    assert postgres.runner.environment["PGPASSWORD"] == "senha-inventada"


def test_the_newest_copy_is_found(premises: Premises) -> None:
    """By the moment in its name."""
    take_backup(premises, reason="teste", now=AT)
    newest = take_backup(premises, reason="teste", now=AT.replace(hour=4))
    assert latest_backup(premises.copies).path == newest.path


def test_where_there_is_no_copy_that_is_said(tmp_path: Path) -> None:
    """Nobody takes an empty folder for safety."""
    with pytest.raises(CopyNotFound):
        latest_backup(tmp_path)


@pytest.mark.parametrize("place", [0.02, 0.5, 0.98])
def test_a_flipped_byte_is_noticed_without_the_checksum_beside_it_too(
    premises: Premises, tmp_path: Path, place: float
) -> None:
    """Each part has its own checksum inside."""
    taken = take_backup(premises, reason="teste", now=AT)
    taken.path.with_name(f"{taken.path.name}.sha256").unlink()
    with tarfile.open(taken.path) as tar:
        member = tar.getmember("database.dump")
    written = bytearray(taken.path.read_bytes())
    written[member.offset_data + int(member.size * place)] ^= 1
    taken.path.write_bytes(written)
    into = tmp_path / "aberta"
    into.mkdir()
    with pytest.raises(CopyDamaged):
        open_copy(taken.path, into, NO_KEYS)


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.9])
def test_a_file_that_was_cut_short_is_noticed(premises: Premises, tmp_path: Path, kept: float) -> None:
    """Wherever the transfer stopped."""
    taken = take_backup(premises, reason="teste", now=AT)
    taken.path.with_name(f"{taken.path.name}.sha256").unlink()
    whole = taken.path.read_bytes()
    taken.path.write_bytes(whole[: int(len(whole) * kept)])
    into = tmp_path / "aberta"
    into.mkdir()
    with pytest.raises(CopyDamaged):
        open_copy(taken.path, into, NO_KEYS)


def test_a_name_that_leads_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    """A copy that somebody else prepared writes nowhere else."""
    planted, into = tmp_path / "secretaria-20261201T031500Z.tar", tmp_path / "aberta"
    (tmp_path / "x").write_text("x")
    into.mkdir()
    with tarfile.open(planted, "w") as tar:
        tar.add(tmp_path / "x", "../fora")
    with pytest.raises(CopyDamaged):
        open_copy(planted, into, NO_KEYS)
    assert not (tmp_path / "fora").exists()


def test_a_copy_for_a_public_key_opens_with_the_secret_one_only(premises: Premises, tmp_path: Path) -> None:
    """The machine that makes the copies need not be able to read them."""
    identity, stranger = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
    for name, key in (("chave", identity), ("outra", stranger)):
        (tmp_path / name).write_text(f"# criada agora\n{key}\n")
        (tmp_path / f"aberta-{name}").mkdir()
    taken = take_backup(premises, reason="teste", now=AT, keys=Keys(recipients=(str(identity.to_public()),)))
    assert taken.path.name.endswith(".tar.age")
    assert open_copy(taken.path, tmp_path / "aberta-chave", Keys(identity_file=tmp_path / "chave")).rows > 0
    with pytest.raises(CopyLocked):
        open_copy(taken.path, tmp_path / "aberta-outra", Keys(identity_file=tmp_path / "outra"))


def test_a_copy_with_a_passphrase_does_not_open_with_another(premises: Premises, tmp_path: Path) -> None:
    """Nothing of it is shown then."""
    (tmp_path / "frase").write_text("uma frase bem comprida\n")
    (tmp_path / "outra").write_text("outra frase bem comprida\n")
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    taken = take_backup(premises, reason="teste", now=AT, keys=Keys(passphrase_file=tmp_path / "frase"))
    assert open_copy(taken.path, tmp_path / "a", Keys(passphrase_file=tmp_path / "frase")).rows > 0
    with pytest.raises(CopyLocked):
        open_copy(taken.path, tmp_path / "b", Keys(passphrase_file=tmp_path / "outra"))


def test_a_full_disk_leaves_nothing_behind(premises: Premises, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a file under a good name nor a draft that keeps the disk full."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("secretaria.copies.archive._sync", full)
    with pytest.raises(CopyFailed, match="No space left"):
        take_backup(premises, reason="teste", now=AT)
    assert list_backups(premises.copies) == []
    assert not list(premises.copies.glob(f"{DRAFT}*"))


def test_a_dump_that_fails_leaves_nothing_behind(premises: Premises, tmp_path: Path) -> None:
    """What pg_dump said last is told."""
    (tmp_path / "pg_dump").write_text("#!/bin/sh\necho meio\necho sem espaco >&2\nexit 1\n")
    (tmp_path / "pg_dump").chmod(0o755)
    postgres = premises.postgres

    def program(name: str, *arguments: str) -> tuple[str, ...]:
        return (str(tmp_path / "pg_dump"),) if name == "pg_dump" else postgres.program(name, *arguments)

    broken = replace(premises, postgres=Postgres(postgres.runner, program, postgres.name))
    with pytest.raises(CopyFailed, match="sem espaco"):
        take_backup(broken, reason="teste", now=AT)
    assert [path.name for path in premises.copies.iterdir()] == [".lock"]


def test_two_copies_are_not_made_at_once(premises: Premises) -> None:
    """The second is told to wait."""
    with own_folder(premises.copies), pytest.raises(LockHeld):
        take_backup(premises, reason="teste", now=AT)


def test_what_a_killed_process_left_is_cleared_and_was_never_a_copy(premises: Premises, tmp_path: Path) -> None:
    """Its draft has no good name, and the next copy removes it."""
    (tmp_path / "pg_dump").write_text("#!/bin/sh\necho meio\ntouch dumping\nexec sleep 60\n")
    (tmp_path / "pg_dump").chmod(0o755)
    code = (
        "import sys\nfrom pathlib import Path\nfrom dataclasses import replace\n"
        "from secretaria.copies.backup import take_backup\nfrom secretaria.copies.postgres import at_address, Postgres\n"
        "from secretaria.copies.premises import Premises\nfrom secretaria.machine.runner import Runner\n"
        "from secretaria.copies.sealing import Keys\n"
        "root, socket, programs = map(Path, sys.argv[1:])\nrunner = Runner(root)\n"
        "real = at_address(f'postgresql://secretaria@/secretaria?host={socket}', programs, runner)\n"
        "def program(name, *rest): return (str(root / 'pg_dump'),) if name == 'pg_dump' else real.program(name, *rest)\n"
        "take_backup(Premises(Postgres(real.runner, program), root / 'copias', root / 'negocio', None, root / '.env', Keys(), runner), reason='x')\n"
    )
    socket = premises.postgres.runner.environment["PGHOST"]
    programs = Path(premises.postgres.program("psql")[0]).parent
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path), socket, str(programs)], start_new_session=True
    )
    deadline = time.monotonic() + 60
    while not (tmp_path / "dumping").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert list_backups(premises.copies) == []
    assert list(premises.copies.glob(f"{DRAFT}*"))
    take_backup(premises, reason="teste", now=AT)
    assert not list(premises.copies.glob(f"{DRAFT}*"))


def test_an_installation_of_containers_dumps_inside_its_own(tmp_path: Path) -> None:
    """There the socket asks for no password, so none is passed."""
    postgres = in_container(Compose("loja", ["a.yml"]), Runner(tmp_path))
    assert postgres.program("pg_dump", "--format=custom") == (
        *("docker", "compose", "--project-name", "loja", "--file", "a.yml"),
        *("exec", "-T", "postgres", "pg_dump", "--host", "/var/run/postgresql"),
        *("--username", "secretaria", "--format=custom"),
    )
