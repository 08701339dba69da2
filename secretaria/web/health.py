"""Is the process alive, may it take traffic, and how is everything it depends on."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency

import secretaria
from secretaria.bootstrap import HEALTH_SECONDS, Installation
from secretaria.database.patience import within
from secretaria.database.schema import require_schema
from secretaria.database.transaction import DatabaseUnavailable
from secretaria.errors import SecretariaError
from secretaria.health import check_health
from secretaria.web.access import for_everyone, for_internal
from secretaria.web.leaving import Departure

OK, UNAVAILABLE = 200, 503
Body = dict[str, Any]


@get("/livez", sync_to_thread=False, **for_everyone())
def livez() -> Body:
    """Say that the process lives; it asks nobody else."""
    return {"status": "ok", "version": secretaria.__version__}


@get("/readyz", sync_to_thread=True, **for_everyone({UNAVAILABLE: Body}))
def readyz(installation: NamedDependency[Installation], departure: NamedDependency[Departure]) -> Response[Body]:
    """Say whether an event sent now would be kept: by PostgreSQL, or on the spool while it is away.

    A service that was told to stop says no while it still answers, so that nobody is sent to it any more.
    """
    if departure.begun:
        return Response({"status": "leaving", "detail": "este serviço vai parar"}, status_code=UNAVAILABLE)
    try:
        _ask_for_schema(installation)
    except SecretariaError as error:
        if isinstance(error, DatabaseUnavailable) and installation.spool.has_room():
            return Response({"status": "spooling", "detail": error.message}, status_code=OK)
        return Response({"status": "unavailable", "detail": error.message}, status_code=UNAVAILABLE)
    return Response({"status": "ok"}, status_code=OK)


def _ask_for_schema(installation: Installation) -> None:
    """While the spool is in use PostgreSQL is known to be away: it is not asked again."""
    if installation.spool.in_use():
        raise DatabaseUnavailable
    engine = installation.health_engine
    within(HEALTH_SECONDS, engine, partial(require_schema, engine))


@get("/healthz", sync_to_thread=True, **for_internal({UNAVAILABLE: Body}))
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
