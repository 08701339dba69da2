"""A service that is told to stop says so before it does: the proxy moves away while it still answers."""

from __future__ import annotations

import asyncio
import signal
import threading
from types import FrameType


class Departure:
    """Whether this process is about to stop; ``/readyz`` says so to whoever sends traffic here.

    Attributes:
        begun: Whether it was told to stop.
    """

    def __init__(self, seconds: float) -> None:
        self.begun = False
        self._seconds = seconds

    def announce(self) -> None:
        """Put a pause between SIGTERM and the server's own way of stopping; a second SIGTERM ends the pause.

        It is called on the loop of a server that has its own handlers in place already.
        """
        if self._seconds == 0 or threading.current_thread() is not threading.main_thread():
            return
        stop, loop = signal.getsignal(signal.SIGTERM), asyncio.get_running_loop()

        def leave(number: int, frame: FrameType | None) -> None:
            if not callable(stop):
                return
            if self.begun:
                stop(number, frame)
                return
            self.begun = True
            loop.call_soon_threadsafe(loop.call_later, self._seconds, stop, number, frame)

        signal.signal(signal.SIGTERM, leave)
