"""What the door is measured against: Litestar that checks the same signature and keeps nothing."""

from __future__ import annotations

import gc
import hashlib
import hmac
from typing import Any

from litestar import Litestar, Request, Response, post

from benchmarks.knocking import SECRET

ACCEPTED = 202


@post("/webhook/whaticket", status_code=ACCEPTED)
async def bare(request: Request[Any, Any, Any]) -> Response[dict[str, bool]]:
    """Check the signature and keep nothing."""
    body = await request.body()
    signed = request.headers["x-timestamp"].encode() + b"." + body
    expected = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    queued = hmac.compare_digest(expected, request.headers["x-signature"])
    return Response({"queued": queued}, status_code=ACCEPTED)


def create_app() -> Litestar:
    """Build the application, and spare its objects the collector as the service does."""
    app = Litestar([bare], openapi_config=None)
    gc.collect()
    gc.freeze()
    return app
