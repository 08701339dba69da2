"""The threads of a worker process: started when there is work, asleep until there is, and quick to hand on their own nudges.

Dramatiq's worker keeps all its threads from the start and wakes each of them twenty times a second. Here a thread waits
until it is woken, so that hundreds may wait for the model at once and an idle process costs nothing. And a nudge for a
queue that this very process works on does not travel through Redis: it may be lost with the process, as one in Redis may
be lost with Redis, and the sweep finds its row.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from queue import Empty, PriorityQueue
from typing import Any

import dramatiq
from dramatiq import Worker
from dramatiq.broker import MessageProxy
from dramatiq.worker import WorkerThread, _WorkQueueItem

from secretaria.outside import Seats
from secretaria.queue.broker import HANDED, NudgeBroker, unhanded

REST_SECONDS = 60.0  # a thread without work for so long ends, and gives its memory back


class Crew(Worker):
    """A Dramatiq worker whose threads come and go with the work."""

    def __init__(self, broker: NudgeBroker, *, queues: set[str], most_threads: int, seats: int) -> None:
        """Start nothing yet.

        Args:
            broker: Where messages come from; what this process nudges itself, it hands over here.
            queues: Which queues it works on.
            most_threads: How many jobs may be under way at once, most of them waiting for somebody outside.
            seats: How many of them may work, and hold a connection to PostgreSQL, at the same moment.
        """
        super().__init__(broker, queues=queues, worker_threads=most_threads)
        self._nudges = broker
        self._queues = queues
        self._seats = Seats(seats)
        self._growing = threading.Lock()
        self._idle = 0
        self._stopping = False
        self.work_queue: _Work = _Work(self._grow)
        self._later = _Later(self.work_queue)

    def start(self) -> None:
        """Fetch messages from now on, and take over what this process nudges."""
        super().start()
        self._later.start()
        self._nudges.take_over = self._take_over

    def stop(self, timeout: int = 600_000) -> None:
        """Finish what runs, within so many milliseconds, and give back to Redis what was not begun."""
        self._nudges.take_over = None
        self._stopping = True
        self.work_queue.close()
        for message, seconds in self._later.stop():
            self._nudges.enqueue(message, delay=round(max(seconds, 0.0) * 1000) or None)
        super().stop(timeout)

    def _add_worker(self) -> None:
        """Leave the adding of threads to the work."""

    def _take_over(self, message: dramatiq.Message[Any], delay_seconds: float) -> bool:
        """Take a nudge of our own; with more waiting than there are threads, other processes may help."""
        consumer = self.consumers.get(message.queue_name)
        if consumer is None or consumer.consumer is None or self.work_queue.qsize() >= self.worker_threads:
            return False
        handed = message.copy(options={HANDED: True})
        if delay_seconds > 0:
            self._later.add(handed, delay_seconds)
        else:
            self.work_queue.put(_item(handed))
        return True

    def _grow(self) -> None:
        """Start a thread where more waits than there are idle threads."""
        with self._growing:
            wanted = self.work_queue.qsize() > self._idle and len(self.workers) < self.worker_threads
            if not wanted or self._stopping:
                return
            thread = _Member(self)
            self.workers.append(thread)
            self._idle += 1
        thread.start()

    def next_item(self) -> _WorkQueueItem | None:
        """Wait for work; None where this thread may end."""
        while True:
            try:
                item = self.work_queue.get(timeout=REST_SECONDS)
            except Empty:
                item = None
            with self._growing:
                came_meanwhile = item is None and not self._stopping and self.work_queue.qsize()
                if not came_meanwhile:
                    self._idle -= 1
                    return item

    def rest(self) -> None:
        """Count this thread as idle again."""
        with self._growing:
            self._idle += 1

    def leave(self, thread: WorkerThread) -> None:
        """Forget a thread that ends; while the process stops they are all waited for."""
        with self._growing:
            if not self._stopping:
                self.workers.remove(thread)

    def seated(self) -> Seats:
        """Return the seats of those who work."""
        return self._seats


class _Member(WorkerThread):
    """A thread that sleeps until there is work."""

    def __init__(self, crew: Crew) -> None:
        super().__init__(broker=crew.broker, consumers=crew.consumers, work_queue=crew.work_queue, worker_timeout=0)
        self._crew = crew
        self.running = True

    def run(self) -> None:
        """Work until there is none for a while, or the process stops."""
        self.broker.emit_after("worker_thread_boot", self)
        while self.running and (item := self._crew.next_item()) is not None:
            with self._crew.seated().taken():
                self.process_message(item.message)
            self._crew.rest()
        self._crew.leave(self)
        self.broker.emit_before("worker_thread_shutdown", self)


class _Work(PriorityQueue[_WorkQueueItem]):
    """What waits for a thread; whoever waits here is woken when it closes."""

    def __init__(self, grow: Callable[[], None]) -> None:
        super().__init__()
        self._grow = grow
        self._closed = False

    def put(self, item: _WorkQueueItem, block: bool = True, timeout: float | None = None) -> None:  # noqa: FBT001, FBT002  # queue's own signature
        """Add work, and a thread for it if need be."""
        super().put(item, block, timeout)
        self._grow()

    def get(self, block: bool = True, timeout: float | None = None) -> _WorkQueueItem:  # noqa: FBT001, FBT002  # queue's own signature
        """Take the next; after closing only those who do not wait get something, to give it back."""
        if not block:
            return super().get(block=False)
        with self.not_empty:
            self.not_empty.wait_for(lambda: self._closed or self._qsize(), timeout)
            if self._closed or not self._qsize():
                raise Empty
            return self._get()

    def close(self) -> None:
        """Send those who wait away."""
        with self.not_empty:
            self._closed = True
            self.not_empty.notify_all()


class _Later(threading.Thread):
    """Keeps our own nudges until they are due."""

    def __init__(self, work: _Work) -> None:
        super().__init__(name="later", daemon=True)
        self._work = work
        self._due: list[tuple[float, int, dramatiq.Message[Any]]] = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._stopped = False

    def add(self, message: dramatiq.Message[Any], seconds: float) -> None:
        """Keep a message for so many seconds."""
        with self._changed:
            heapq.heappush(self._due, (time.monotonic() + seconds, next(self._order), message))
            self._changed.notify()

    def stop(self) -> list[tuple[dramatiq.Message[Any], float]]:
        """End, and return what is kept with the seconds it had to wait still."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
            left, self._due = self._due, []
        now = time.monotonic()
        return [(unhanded(message), at - now) for at, _, message in left]

    def run(self) -> None:
        """Hand over what is due."""
        while (message := self._next()) is not None:
            self._work.put(_item(message))

    def _next(self) -> dramatiq.Message[Any] | None:
        with self._changed:
            while not self._stopped:
                wait = self._due[0][0] - time.monotonic() if self._due else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._due)[2]
                self._changed.wait(wait)
        return None


def _item(message: dramatiq.Message[Any]) -> _WorkQueueItem:
    return _WorkQueueItem(0, MessageProxy(message))
