"""The only place of the releases that starts a program: it waits, tells the lines as they come, and keeps the last ones."""

from __future__ import annotations

import os
import shlex
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from secretaria.errors import PreflightRefused, SecretariaError

LAST_LINES = 30
Hear = Callable[[str], None]


class ProgramMissing(PreflightRefused):
    """A program that the command needs is not installed."""

    def __init__(self, name: str) -> None:
        super().__init__(f"o programa {name} não está instalado", f"instale {name} e tente de novo")


class CommandFailed(SecretariaError):
    """A program ended with another code than 0, or did not end in time.

    Attributes:
        argv: What was run.
        code: Its exit code; None where it was ended for being late.
        lines: The last lines it wrote, oldest first.
    """

    def __init__(self, argv: Sequence[str], code: int | None, lines: Sequence[str]) -> None:
        how = "não terminou a tempo" if code is None else f"terminou com {code}"
        last = f": {lines[-1]}" if lines else ""
        super().__init__(f"{shlex.join(argv[:6])} {how}{last}")
        self.argv, self.code, self.lines = tuple(argv), code, tuple(lines)


@dataclass(frozen=True)
class Ran:
    """A program that ended with 0.

    Attributes:
        output: What it wrote on stdout.
        seconds: How long it took.
    """

    output: str
    seconds: float


@dataclass(frozen=True)
class Beside:
    """A program that runs beside us.

    Attributes:
        argv: What was run.
        process: The program.
        last: The last lines that it wrote on stderr.
    """

    argv: Sequence[str]
    process: subprocess.Popen[bytes]
    last: Sequence[str]

    def require_alive(self) -> None:
        """Refuse to go on waiting for a program that has ended.

        Raises:
            CommandFailed: It has ended.
        """
        code = self.process.poll()
        if code is not None:
            raise CommandFailed(self.argv, code, tuple(self.last))


@dataclass
class Runner:
    """Starts programs in one folder with one environment; a test gives its own PATH.

    Attributes:
        folder: Where they run.
        environment: What is added to the environment of this process.
        hear: Told each line of stdout and stderr of a program that is followed.
    """

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    hear: Hear = lambda _: None

    def run(self, argv: Sequence[str], *, seconds: float = 600.0, stdin: IO[bytes] | None = None) -> Ran:
        """Run a program to its end and return what it wrote on stdout.

        Args:
            argv: The program and its arguments; no shell reads them.
            seconds: How long it may take.
            stdin: Where it reads from; nothing by default.

        Raises:
            ProgramMissing: It is not installed.
            CommandFailed: It ended badly, or was late and has been ended.
        """
        begun = time.monotonic()
        process = self._start(argv, subprocess.PIPE, stdin)
        said: list[str] = []
        last: deque[str] = deque(maxlen=LAST_LINES)

        def read(stream: IO[bytes], keep: list[str] | None) -> None:
            with stream:
                for raw in stream:
                    line = raw.decode(errors="replace").rstrip("\n")
                    last.append(line)
                    if keep is not None:
                        keep.append(line)
                    self.hear(line)

        streams = ((process.stdout, said), (process.stderr, None))
        readers = [threading.Thread(target=read, args=(stream, keep)) for stream, keep in streams if stream is not None]
        for reader in readers:
            reader.start()
        try:
            code: int | None = process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            process.kill()  # late, or we were interrupted; nothing happens to one that has ended
        for reader in readers:
            reader.join()
        if code != 0:
            raise CommandFailed(argv, code, tuple(last))
        return Ran("\n".join(said), time.monotonic() - begun)

    def succeeds(self, argv: Sequence[str], *, seconds: float = 60.0) -> bool:
        """Run a program that answers with its exit code."""
        try:
            self.run(argv, seconds=seconds)
        except CommandFailed:
            return False
        return True

    def save(self, argv: Sequence[str], to: IO[bytes], *, seconds: float = 3600.0) -> None:
        """Run a program whose stdout is data, and write it to an open file.

        Raises:
            ProgramMissing: It is not installed.
            CommandFailed: It ended badly; what is in the file is of no use.
        """
        process = self._start(argv, to, None)
        try:
            _, complaint = process.communicate(timeout=seconds)
            code: int | None = process.returncode
        except subprocess.TimeoutExpired:
            process.kill()
            _, complaint = process.communicate()
            code = None
        if code != 0:
            raise CommandFailed(argv, code, complaint.decode(errors="replace").splitlines()[-LAST_LINES:])

    @contextmanager
    def converse(self, argv: Sequence[str], *, seconds: float = 3600.0) -> Iterator[Callable[[str], str]]:
        """Keep a program that answers each line with a line; it is ended with the block, or after its time.

        Raises:
            ProgramMissing: It is not installed.
            CommandFailed: It ended instead of answering.
        """
        process = self._start(argv, subprocess.PIPE, subprocess.PIPE)
        deadline = threading.Timer(seconds, process.kill)
        deadline.start()

        def ask(line: str) -> str:
            answer = b""
            if process.stdin is not None and process.stdout is not None:
                with suppress(BrokenPipeError):
                    process.stdin.write(f"{line}\n".encode())
                    process.stdin.flush()
                    answer = process.stdout.readline()
            if not answer:
                _, complaint = process.communicate()
                raise CommandFailed(argv, process.returncode, complaint.decode(errors="replace").splitlines())
            return answer.decode().rstrip("\n")

        try:
            yield ask
        finally:
            deadline.cancel()
            process.kill()
            process.communicate()

    @contextmanager
    def beside(self, argv: Sequence[str], *, grace_seconds: float = 60.0) -> Iterator[Beside]:
        """Keep a program running while the block runs, its lines told like those of others; then end it politely.

        Args:
            argv: The program and its arguments.
            grace_seconds: How long it may take to end before it is killed.

        Raises:
            ProgramMissing: It is not installed.
        """
        process = self._start(argv, subprocess.DEVNULL, None)
        last: deque[str] = deque(maxlen=LAST_LINES)

        def read(stream: IO[bytes]) -> None:
            with stream:
                for raw in stream:
                    last.append(raw.decode(errors="replace").rstrip("\n"))
                    self.hear(last[-1])

        reader = threading.Thread(target=read, args=(process.stderr,))
        reader.start()
        try:
            yield Beside(argv, process, last)
        finally:
            process.terminate()
            try:
                process.wait(grace_seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            reader.join()

    def _start(
        self, argv: Sequence[str], stdout: int | IO[bytes], stdin: int | IO[bytes] | None
    ) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(  # noqa: S603  # argument lists of our own, and no shell reads them
                list(argv),
                cwd=self.folder,
                env={**os.environ, **self.environment},
                stdin=stdin if stdin is not None else subprocess.DEVNULL,
                stdout=stdout,
                stderr=subprocess.PIPE,
            )
        except FileNotFoundError as error:
            raise ProgramMissing(argv[0]) from error
