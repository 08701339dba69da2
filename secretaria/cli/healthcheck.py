"""secretaria healthcheck: what a container's engine asks every few seconds, so it imports next to nothing."""

from __future__ import annotations

import os
import socket
from typing import Annotated

import typer

SECONDS = 4.0
OK = 200
PORT_VARIABLE, USUAL_PORT = "SECRETARIA__SERVER__PORT", 8000


def healthcheck(
    program: Annotated[str, typer.Argument(help="O que roda neste contêiner: serve ou worker.")] = "serve",
) -> None:
    """Diz, pelo código de saída, se o programa deste contêiner está bem (usado pelo Docker)."""
    well = worker_beats() if program == "worker" else service_is_ready()
    raise typer.Exit(0 if well else 1)


def service_is_ready() -> bool:
    """Ask the service of this container whether it may take traffic."""
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", int(os.environ.get(PORT_VARIABLE, USUAL_PORT)), SECONDS)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == OK
    except OSError:
        return False
    finally:
        connection.close()


def worker_beats() -> bool:
    """Ask Redis whether a worker of this container has said lately that it lives."""
    import redis

    from secretaria.queue.heartbeats import living_workers

    client = redis.Redis.from_url(os.environ["REDIS_URL"], socket_timeout=SECONDS, socket_connect_timeout=SECONDS)
    try:
        return any(name.startswith(f"{socket.gethostname()}:") for name in living_workers(client))
    except redis.RedisError:
        return False
    finally:
        client.close()
