"""Whether the program of this container does its part; asked every few seconds, so it loads next to nothing."""

from __future__ import annotations

import os
import socket

SECONDS = 4.0
OK = 200
PORT_VARIABLE, USUAL_PORT = "SECRETARIA__SERVER__PORT", 8000
COMMAND = "healthcheck"


def is_asked(arguments: list[str]) -> bool:
    """Say whether a command line is the engine's question, and not that of a person who wants help."""
    return arguments in ([COMMAND], [COMMAND, "serve"], [COMMAND, "worker"])


def exit_code(program: str) -> int:
    """Return 0 if the program of this container does its part, otherwise 1."""
    return 0 if (worker_beats() if program == "worker" else service_is_ready()) else 1


def service_is_ready() -> bool:
    """Ask the service of this container whether it may take traffic."""
    import http.client

    port = int(os.environ.get(PORT_VARIABLE, USUAL_PORT))
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == OK
    except (OSError, http.client.HTTPException):
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
