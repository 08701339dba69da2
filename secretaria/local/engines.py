"""PostgreSQL and Valkey in a folder: started together without a server installed, and stopped with whoever started them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from secretaria.local.binaries import Programs, find_postgres, find_valkey, open_to_engines
from secretaria.local.engine_process import EngineProcess
from secretaria.local.home import EngineHome, give_back, take_home
from secretaria.local.postgres import APP, database_url, postgres_server, prepare_cluster
from secretaria.local.valkey import prepare_valkey, redis_url, valkey_server


@dataclass(frozen=True, slots=True)
class EngineUrls:
    """Where the engines answer, in the form of ``DATABASE_URL`` and ``REDIS_URL``.

    Attributes:
        database_url: Of the owner of the schema, who may do everything.
        redis_url: Of Valkey.
        app_url: Of the role that service and workers connect as, once it was let in.
    """

    database_url: str
    redis_url: str
    app_url: str


class EmbeddedEngines:
    """The two engines of one home; a context manager that starts and stops them.

    Attributes:
        urls: Where they answer once started; known before, so that others can be started meanwhile.
    """

    def __init__(self, home: Path, *, durable: bool = True) -> None:
        """Describe the engines without touching anything.

        Args:
            home: Folder of local data, created when missing.
            durable: False for a demo or a test, whose data may be lost with the machine's power.
        """
        self._home = EngineHome(home.expanduser().resolve())
        self._durable = durable
        self._lock: IO[str] | None = None
        self._postgres: EngineProcess | None = None
        self._valkey: EngineProcess | None = None
        self.urls = EngineUrls(database_url(self._home), redis_url(self._home), database_url(self._home, APP))

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def postgres_pid(self) -> int | None:
        """Process id of PostgreSQL while it lives."""
        return self._postgres.pid if self._postgres else None

    @property
    def valkey_pid(self) -> int | None:
        """Process id of Valkey while it lives."""
        return self._valkey.pid if self._valkey else None

    def start(self) -> EngineUrls:
        """Start both engines at the same time and wait until both answer.

        Raises:
            EngineMissing: The programs of an engine are not installed.
            PreflightRefused: The home cannot be used.
            EngineFailed: An engine did not come up.
        """
        postgres, valkey = find_postgres(), find_valkey()
        self._lock = take_home(self._home)
        try:
            postgres = open_to_engines(postgres, self._home.copies)
            valkey = open_to_engines(valkey, self._home.copies)
            self._postgres = postgres_server(postgres, self._home, durable=self._durable)
            self._valkey = valkey_server(valkey, self._home)
            with ThreadPoolExecutor(2) as threads:
                starting = [
                    threads.submit(self._start_postgres, postgres, self._postgres),
                    threads.submit(self._start_valkey, self._valkey),
                ]
            for engine in starting:
                engine.result()
        except BaseException:
            self.stop()
            raise
        return self.urls

    def stop(self) -> None:
        """Stop both engines cleanly and give the home back; harmless when they are stopped."""
        for engine in self._engines():
            engine.stop()
        self._postgres = self._valkey = None
        if self._lock is not None:
            give_back(self._home, self._lock)
            self._lock = None

    def alive(self) -> bool:
        """Say whether both engines are running."""
        return self.postgres_pid is not None and self.valkey_pid is not None

    def restart_dead(self) -> tuple[str, ...]:
        """Bring back the engines that died and wait until they answer.

        Returns:
            The names of those brought back; none when all is well or nothing was started.

        Raises:
            EngineFailed: One did not come up again.
        """
        dead = [engine for engine in self._engines() if engine.pid is None]
        for engine in dead:
            engine.start()
        return tuple(engine.name for engine in dead)

    def _start_postgres(self, programs: Programs, server: EngineProcess) -> None:
        prepare_cluster(programs, self._home, durable=self._durable)
        server.start()

    def _start_valkey(self, server: EngineProcess) -> None:
        prepare_valkey(self._home)
        server.start()

    def _engines(self) -> list[EngineProcess]:
        return [engine for engine in (self._valkey, self._postgres) if engine is not None]
