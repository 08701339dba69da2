"""Is the process alive, may it take traffic, and how is everything it depends on."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency

import secretaria
from secretaria.bootstrap import Installation
from secretaria.database.schema import require_schema
from secretaria.errors import SecretariaError
from secretaria.health import check_health

OK, UNAVAILABLE = 200, 503
Body = dict[str, Any]


@get("/livez", sync_to_thread=False)
def livez() -> Body:
    """Say that the process lives; it asks nobody else."""
    return {"status": "ok", "version": secretaria.__version__}


@get("/readyz", sync_to_thread=True)
def readyz(installation: NamedDependency[Installation]) -> Response[Body]:
    """Say whether an event sent now would be kept."""
    try:
        require_schema(installation.health_engine)
    except SecretariaError as error:
        return Response({"status": "unavailable", "detail": error.message}, status_code=UNAVAILABLE)
    return Response({"status": "ok"}, status_code=OK)


@get("/healthz", sync_to_thread=True)
def healthz(installation: NamedDependency[Installation]) -> Response[Body]:
    """Look at PostgreSQL, Redis and the workers, with the latency of each."""
    findings = check_health(installation.health_engine, installation.redis)
    well = all(finding.ok for finding in findings.values())
    body = {
        "status": "ok" if well else "unavailable",
        "version": secretaria.__version__,
        "components": {name: asdict(finding) for name, finding in findings.items()},
    }
    return Response(body, status_code=OK if well else UNAVAILABLE)
