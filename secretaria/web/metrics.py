"""The scrape: what the processes counted, and what PostgreSQL and Redis know at this moment."""

from __future__ import annotations

from litestar import Response, get
from litestar.di import NamedDependency
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from secretaria.bootstrap import Installation
from secretaria.health import check_health
from secretaria.metrics import scrape_registry
from secretaria.web.access import for_internal
from secretaria.web.live_metrics import BreakerCollector, HealthCollector, RedisCollector, RowCollector, SpoolCollector


@get("/metrics", sync_to_thread=True, media_type="text/plain", **for_internal())
def scrape(installation: NamedDependency[Installation]) -> Response[bytes]:
    """Show every metric in Prometheus's text format; a scrape is a health check too, so that failures are counted.

    What is known to be away is not asked again: a scrape never takes much longer than the health check.
    """
    registry = scrape_registry()
    findings = check_health(installation.health_engine, installation.redis)
    registry.register(HealthCollector(findings))
    registry.register(SpoolCollector(installation.spool))
    if findings["postgresql"].ok:
        registry.register(RowCollector(installation))
    if findings["redis"].ok:
        registry.register(BreakerCollector(installation.breaker, installation.breakers()))
        registry.register(RedisCollector(installation.redis, installation.sessions))
    return Response(generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})
