"""Puts the web service together: routes, what they are given, and how errors are told."""

from __future__ import annotations

from collections.abc import Sequence

from litestar import Litestar, Router
from litestar.config.allowed_hosts import AllowedHostsConfig
from litestar.datastructures import State
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.types import ASGIApp
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

import secretaria
from secretaria import metrics
from secretaria.bootstrap import Installation
from secretaria.context.schema import INTENTIONS
from secretaria.errors import SecretariaError
from secretaria.garbage import spare_what_stays
from secretaria.logs import configure_logs
from secretaria.settings import load_settings, privacy_key
from secretaria.traces import configure_traces
from secretaria.web import auth
from secretaria.web.access import for_internal, provide_person, require_declarations
from secretaria.web.alerts import take_notice
from secretaria.web.described import ClosedStructs
from secretaria.web.failures import answer_error, answer_fault, answer_http
from secretaria.web.hardening import harden
from secretaria.web.health import healthz, livez, readyz
from secretaria.web.knocks import RefusedKnocks
from secretaria.web.leaving import Departure
from secretaria.web.metrics import scrape
from secretaria.web.panel import shell
from secretaria.web.panel.live import Doorbell
from secretaria.web.request_lines import RequestLine
from secretaria.web.webhook import Desk, Porch, receive_signed, receive_with_token

CALLED_BY_MACHINES = "^/(?:webhook|alerts|livez|readyz|healthz|metrics)"


def create_app() -> Litestar:
    """Build the application of one server process from the configuration of the installation."""
    settings = load_settings()
    configure_logs(settings.log, "serve", privacy_key(settings), settings.home / "logs")
    configure_traces(settings.traces.endpoint, "serve")
    metrics.show_all(INTENTIONS)
    app = build_app(Installation(settings))
    app.on_startup.append(spare_what_stays)
    return app


def build_app(installation: Installation) -> Litestar:
    """Build the application over the parts of an installation."""
    commits, drain, inside = installation.group_commit(), installation.drain(), for_internal()
    doorbell = Doorbell(installation.waker)
    departure = Departure(installation.settings.server.drain_seconds)
    desk = Desk(installation.door(), commits, RefusedKnocks(installation.settings.server.refused_per_minute))
    app = Litestar(
        route_handlers=[
            receive_signed,
            receive_with_token,
            livez,
            readyz,
            healthz,
            scrape,
            take_notice,
            auth.router,
            shell.router,
        ],
        dependencies={
            "installation": Provide(lambda: installation, sync_to_thread=False),
            "doorbell": Provide(lambda: doorbell, sync_to_thread=False),
            "departure": Provide(lambda: departure, sync_to_thread=False),
            "person": Provide(provide_person, sync_to_thread=False),
        },
        middleware=[RequestLine()],
        before_send=[harden, shell.keep_going],
        allowed_hosts=_panel_hosts(installation.settings.server.hosts),
        state=State({"installation": installation, "desk": desk}),
        exception_handlers={SecretariaError: answer_error, HTTPException: answer_http, Exception: answer_fault},
        on_startup=[commits.start, drain.start, departure.announce],
        on_shutdown=[commits.stop, drain.stop, installation.waker.close],
        openapi_config=OpenAPIConfig(
            title="Secretaria Virtual",
            version=secretaria.__version__,
            render_plugins=[JsonRenderPlugin()],
            openapi_router=Router(
                path="/schema", route_handlers=[], include_in_schema=False, opt=inside["opt"], guards=inside["guards"]
            ),
        ),
        logging_config=None,
        plugins=[ClosedStructs()],
        signature_types=[Installation],
    )
    require_declarations(app)
    app.asgi_handler = _believing(installation.settings.server.trusted_proxies, Porch(app.asgi_handler))
    return app


def _panel_hosts(hosts: Sequence[str]) -> AllowedHostsConfig | None:
    """Answer the panel under its own names only; events and probes come under any, and prove themselves otherwise."""
    return AllowedHostsConfig(list(hosts), exclude=[CALLED_BY_MACHINES]) if hosts else None


def _believing(proxies: Sequence[str], app: ASGIApp) -> ASGIApp:
    """Let the configured proxies, if there are any, say who asks."""
    return ProxyHeadersMiddleware(app, trusted_hosts=list(proxies)) if proxies else app  # type: ignore[arg-type, return-value]  # uvicorn names ASGI's types its own way
