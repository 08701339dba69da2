"""A model and a Whaticket that only wait and answer, as a process of its own: they must cost less than what is measured.

Run as ``python -m benchmarks.standins MODEL_SECONDS SEND_SECONDS``; it prints its port. The simulation's doubles keep
every rule of the real services and so cost milliseconds a call; these cost a tenth of one. ``GET /`` tells what was sent:
how many, and each number with the moment of its sending.
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
from collections.abc import Callable, Iterator
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


class Exchange(asyncio.Protocol):
    """Just enough of HTTP/1.1: one request after another on a connection, with a length."""

    def __init__(self, model_seconds: float, send_seconds: float, sent: list[tuple[str, float]]) -> None:
        self._model_seconds, self._send_seconds, self._sent = model_seconds, send_seconds, sent
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
        loop = asyncio.get_running_loop()
        if b"/chat/completions" in head:
            loop.call_later(self._model_seconds, self._answer, COMPLETION)
        elif head.startswith(b"POST"):
            loop.call_later(self._send_seconds, self._send, body)
        else:
            self._answer(json.dumps(self._sent).encode())

    def _send(self, body: bytes) -> None:
        self._sent.append((str(json.loads(body)["number"]), time.time()))
        self._answer(SENT)

    def _answer(self, body: bytes) -> None:
        if not self._transport.is_closing():
            head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            self._transport.write(head.encode() + body)


async def serve(model_seconds: float, send_seconds: float) -> None:
    """Answer until told to stop."""
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopping.set)
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    sent: list[tuple[str, float]] = []
    await loop.create_server(lambda: Exchange(model_seconds, send_seconds, sent), sock=listener)
    print(listener.getsockname()[1], flush=True)
    await stopping.wait()


@contextlib.contextmanager
def standins(model_seconds: float, send_seconds: float) -> Iterator[tuple[str, Callable[[], list[tuple[str, float]]]]]:
    """Run them for the length of the block.

    Yields:
        Their address, and what tells every number that was sent to, with the moment (``time.time()``).
    """
    command = [sys.executable, "-m", "benchmarks.standins", str(model_seconds), str(send_seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        port = int(process.stdout.readline()) if process.stdout else 0

        def sent() -> list[tuple[str, float]]:
            connection = HTTPConnection("127.0.0.1", port, timeout=30)
            connection.request("GET", "/")
            told: list[tuple[str, float]] = json.loads(connection.getresponse().read())
            connection.close()
            return told

        try:
            yield f"http://127.0.0.1:{port}", sent
        finally:
            process.terminate()


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1]), float(sys.argv[2])))
