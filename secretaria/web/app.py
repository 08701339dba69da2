"""Puts the web service together: routes, what they are given, and how errors are told."""

from __future__ import annotations

from litestar import Litestar
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig

import secretaria
from secretaria import metrics
from secretaria.bootstrap import Installation
from secretaria.context.schema import INTENTIONS
from secretaria.errors import SecretariaError
from secretaria.logs import configure_logs
from secretaria.settings import load_settings, privacy_key
from secretaria.web.failures import answer_error, answer_fault, answer_http
from secretaria.web.health import healthz, livez, readyz
from secretaria.web.metrics import scrape
from secretaria.web.webhook import receive_signed, receive_with_token


def create_app() -> Litestar:
    """Build the application of one server process from the configuration of the installation."""
    settings = load_settings()
    configure_logs(settings.log, "serve", privacy_key(settings))
    metrics.show_all(INTENTIONS)
    return build_app(Installation(settings))


def build_app(installation: Installation) -> Litestar:
    """Build the application over the parts of an installation."""
    door, drain = installation.door(), installation.drain()
    return Litestar(
        route_handlers=[receive_signed, receive_with_token, livez, readyz, healthz, scrape],
        dependencies={
            "installation": Provide(lambda: installation, sync_to_thread=False),
            "door": Provide(lambda: door, sync_to_thread=False),
        },
        exception_handlers={SecretariaError: answer_error, HTTPException: answer_http, Exception: answer_fault},
        on_startup=[drain.start],
        on_shutdown=[drain.stop],
        openapi_config=OpenAPIConfig(title="Secretaria Virtual", version=secretaria.__version__),
        logging_config=None,
        signature_types=[Installation],
    )
