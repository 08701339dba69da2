"""May the secretary speak in this conversation now? Pure: the human always wins, and comes back only by rule."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from secretaria.conversations.models import Conversation, Mode

HANDOFF_IS_FRESH = timedelta(minutes=1)  # the words of the hand-off themselves are notice enough for a while

Verdict = Literal["speak", "resume", "notice", "silence"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What to do with a due turn.

    ``resume``: the conversation comes back to the secretary first. ``notice``: say once that a person will answer.
    """

    verdict: Verdict
    reason: str = ""


def judge(conversation: Conversation, *, now: datetime, resume_after_hours: float) -> Judgement:
    """Decide whether a turn of this conversation may be answered.

    Args:
        conversation: As the database has it now.
        now: The present moment.
        resume_after_hours: Hours without a person's word after which the secretary is back.
    """
    if conversation.mode == Mode.AUTOMATIC:
        return Judgement("speak")
    if conversation.mode == Mode.PAUSED:
        return Judgement("silence", "conversation_paused")
    quiet_since = max(conversation.mode_changed_at, conversation.person_spoke_at or conversation.mode_changed_at)
    if now - quiet_since >= timedelta(hours=resume_after_hours):
        return Judgement("resume")
    if conversation.mode == Mode.ATTENDED:
        return Judgement("silence", "person_attends")
    told = conversation.noticed_at is not None and conversation.noticed_at >= conversation.episode_at
    just_told = now - conversation.mode_changed_at < HANDOFF_IS_FRESH
    return Judgement("silence" if told or just_told else "notice", "waiting_for_person")
