"""Answers any GET with one metric: the thinnest stand-in for a program that is not in Debian."""

from __future__ import annotations

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Answering(BaseHTTPRequestHandler):
    """Says that it is there."""

    def do_GET(self) -> None:  # the library's name
        """Answer in Prometheus's text format."""
        body = b"standin_up 1\n"
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


ThreadingHTTPServer(("", int(sys.argv[1])), Answering).serve_forever()
