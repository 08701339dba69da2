"""The list of jobs: their names, the queue each travels on, and what their one argument identifies."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Job:
    """A nudge that a row wants attention; it carries one id and is safe to run twice."""

    name: str
    queue: str


FILE_EVENT = Job("inbox.file", "inbox")
ANSWER_TURN = Job("turn.answer", "turns")
DELIVER_ITEM = Job("outbox.deliver", "outbox")
HEAR_AUDIO = Job("turn.hear", "turns")
CATCH_UP = Job("inbox.catch_up", "inbox")
SUMMARISE_EPISODE = Job("episode.summarise", "turns")
RECONCILE_ITEM = Job("outbox.reconcile", "outbox")
