"""secretaria worker: the background work, one process inline or several under the supervisor."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from secretaria.settings import Settings


def worker(
    processes: Annotated[int | None, typer.Option(min=1, help="Processos (padrão: [worker] processes).")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Linhas de execução em cada processo.")] = None,
    queues: Annotated[str | None, typer.Option(help="Filas atendidas, separadas por vírgula.")] = None,
    metrics_port: Annotated[int | None, typer.Option(min=0, max=65535, help="Porta das métricas; 0 desliga.")] = None,
) -> None:
    """Inicia o trabalho de fundo: arquivar, responder e entregar."""
    from secretaria.cli.processes import WORKER_REQUIRED, end_with_parent, own_metrics_folder
    from secretaria.settings import load_settings, require

    _override(threads=threads, queues=queues, metrics_port=metrics_port)
    settings = load_settings()
    require(settings, WORKER_REQUIRED)
    end_with_parent()
    with own_metrics_folder() as own:
        if own:  # in a folder given to us, whoever gave it shows the numbers
            _expose(settings)
        count = processes or settings.worker.processes
        if count == 1:
            _work_here()
        else:
            _supervise(settings, count)


def _override(*, threads: int | None, queues: str | None, metrics_port: int | None) -> None:
    """Options travel as SECRETARIA__WORKER__*, which the processes we start inherit and check."""
    import json

    if threads is not None:
        os.environ["SECRETARIA__WORKER__THREADS"] = str(threads)
    if queues is not None:
        os.environ["SECRETARIA__WORKER__QUEUES"] = json.dumps([name.strip() for name in queues.split(",")])
    if metrics_port is not None:
        os.environ["SECRETARIA__WORKER__METRICS_PORT"] = str(metrics_port)


def _expose(settings: "Settings") -> None:
    from secretaria import metrics
    from secretaria.cli.processes import PortBusy

    section = settings.worker
    if section.metrics_port == 0:
        return
    try:
        metrics.expose(section.metrics_host, section.metrics_port)
    except OSError as error:
        raise PortBusy(section.metrics_host, section.metrics_port, "--metrics-port (0 desliga)") from error


def _work_here() -> None:
    import runpy

    runpy.run_module("secretaria.workers.main", run_name="__main__")


def _supervise(settings: "Settings", count: int) -> None:
    import sys

    from secretaria.cli.processes import own_command, supervised
    from secretaria.cli.supervision import supervise
    from secretaria.local.supervisor import Program

    environment = supervised(os.environ)
    programs = [Program(f"worker-{n}", own_command("worker", "--processes", "1"), environment) for n in range(count)]

    def pass_on(_: str, line: str) -> None:
        sys.stderr.write(f"{line}\n")

    supervise(programs, pass_on, grace_seconds=settings.worker.shutdown_seconds)
