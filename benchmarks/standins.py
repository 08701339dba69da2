"""A model and a Whaticket that only wait and answer, as a process of its own: they must cost less than what is measured.

Run as ``python -m benchmarks.standins MODEL_SECONDS SEND_SECONDS HOST``; it prints its port. The simulation's doubles keep
every rule of the real services and so cost milliseconds a call; these cost a tenth of one. ``GET /`` tells each
number that was sent to, with the moment, and how many wait for the model; ``GET /think/SECONDS`` sets how long it thinks.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any

REPLY = "Olá! Como posso ajudar?"
DRAFT = {
    "intention": "saudacao",
    "extra_intentions": [],
    "sentiment": 0,
    "urgent": False,
    "language": "pt",
    "satisfaction": None,
    "asked": "cumprimentou",
    "tool": None,
    "answerable": "conversation",
    "sources": [],
    "handoff_needed": False,
    "handoff_reason": None,
    "handoff_brief": None,
    "memory": [],
    "bubbles": [REPLY],
}
COMPLETION = json.dumps({
    "id": "x",
    "object": "chat.completion",
    "created": 1767225600,
    "model": "standin",
    "choices": [
        {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": json.dumps(DRAFT)}}
    ],
    "usage": {"prompt_tokens": 3000, "completion_tokens": 120, "total_tokens": 3120},
}).encode()  # fmt: skip
SENT = b'{"mensagem":"Mensagem enviada"}'


class Outside:
    """What the stand-ins share: how long they take, and what they saw."""

    def __init__(self, model_seconds: float, send_seconds: float) -> None:
        self.model_seconds, self.send_seconds = model_seconds, send_seconds
        self.sent: list[tuple[str, float]] = []
        self.thinking = 0


class Exchange(asyncio.Protocol):
    """Just enough of HTTP/1.1: one request after another on a connection, with a length."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside
        self._received = bytearray()

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401  # asyncio's own signature is as wide
        """Keep the way back."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request that has come whole."""
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            head = bytes(self._received[:end])
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
            if len(self._received) < end + 4 + length:
                return
            body = bytes(self._received[end + 4 : end + 4 + length])
            del self._received[: end + 4 + length]
            self._take(head, body)

    def _take(self, head: bytes, body: bytes) -> None:
        loop, outside = asyncio.get_running_loop(), self._outside
        if b"/chat/completions" in head:
            outside.thinking += 1
            loop.call_later(outside.model_seconds, self._complete)
        elif head.startswith(b"POST"):
            loop.call_later(outside.send_seconds, self._send, body)
        else:
            if head.startswith(b"GET /think/"):
                outside.model_seconds = float(head.split()[1].rpartition(b"/")[2])
            self._answer(json.dumps([outside.sent, outside.thinking]).encode())

    def _complete(self) -> None:
        self._outside.thinking -= 1
        self._answer(COMPLETION)

    def _send(self, body: bytes) -> None:
        self._outside.sent.append((str(json.loads(body)["number"]), time.time()))
        self._answer(SENT)

    def _answer(self, body: bytes) -> None:
        if not self._transport.is_closing():
            head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            self._transport.write(head.encode() + body)


async def serve(outside: Outside, host: str) -> None:
    """Answer until told to stop."""
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopping.set)
    listener = socket.create_server((host, 0), backlog=2048)
    await loop.create_server(lambda: Exchange(outside), sock=listener)
    print(listener.getsockname()[1], flush=True)
    await stopping.wait()


class StandIns:
    """The running stand-ins, as whoever measures asks them."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def sent(self) -> dict[str, float]:
        """Return every number that was sent to, with the moment (``time.time()``) of the last sending."""
        return dict(self._ask("/")[0])

    def thinking(self) -> int:
        """Return how many wait for the model."""
        return int(self._ask("/")[1])

    def think(self, seconds: float) -> None:
        """Set how long the model thinks from now on."""
        self._ask(f"/think/{seconds}")

    def _ask(self, path: str) -> Any:  # noqa: ANN401  # JSON
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", path)
        told = json.loads(connection.getresponse().read())
        connection.close()
        return told


@contextlib.contextmanager
def standins(model_seconds: float, send_seconds: float, host: str = "127.0.0.1") -> Iterator[StandIns]:
    """Run them for the length of the block."""
    command = [sys.executable, "-m", "benchmarks.standins", str(model_seconds), str(send_seconds), host]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield StandIns(int(process.stdout.readline()) if process.stdout else 0)
        finally:
            process.terminate()


if __name__ == "__main__":
    asyncio.run(serve(Outside(float(sys.argv[1]), float(sys.argv[2])), sys.argv[3]))
