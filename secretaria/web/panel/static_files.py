"""Style, scripts and pictures of the panel, under names that change with their content, so that browsers keep them."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from secretaria.web.access import for_everyone

FOLDER = Path(__file__).with_name("static")
ADDRESS = "/painel/static"
MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
FOR_EVER = "public, max-age=31536000, immutable"
DIGEST_LENGTH = 12


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file as it is handed out.

    Attributes:
        digest: Of its content; stands in its address.
        packed: The same, compressed.
    """

    digest: str
    media_type: str
    body: bytes
    packed: bytes


@cache
def static_files() -> Mapping[str, StaticFile]:
    """Return all files by name, as they were when the process first asked."""
    return {
        path.relative_to(FOLDER).as_posix(): _read(path)
        for path in sorted(FOLDER.rglob("*"))
        if path.suffix in MEDIA_TYPES
    }


def address_of(name: str) -> str:
    """Return where a file is found, for instance ``vendor/htmx.min.js``."""
    return f"{ADDRESS}/{static_files()[name].digest}/{name}"


@get(f"{ADDRESS}/{{digest:str}}/{{name:path}}", sync_to_thread=False, include_in_schema=False, **for_everyone())
def hand_out(request: Request[Any, Any, Any], digest: FromPath[str], name: FromPath[str]) -> Response[bytes]:
    """Hand out one file; an address of another version is not answered with this one."""
    found = static_files().get(name.removeprefix("/"))
    if found is None or found.digest != digest:
        raise NotFoundException("este arquivo não existe")
    headers = {"Cache-Control": FOR_EVER, "Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(found.packed, media_type=found.media_type, headers={**headers, "Content-Encoding": "gzip"})
    return Response(found.body, media_type=found.media_type, headers=headers)


def _read(path: Path) -> StaticFile:
    body = path.read_bytes()
    digest = hashlib.sha256(body).hexdigest()[:DIGEST_LENGTH]
    return StaticFile(digest, f"{MEDIA_TYPES[path.suffix]}; charset=utf-8", body, gzip.compress(body, mtime=0))
