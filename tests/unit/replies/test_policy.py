"""Who has the word: the policy over every mode and moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from secretaria.conversations.models import Conversation, Mode
from secretaria.replies.policy import Judgement, judge

NOW = datetime(2026, 8, 11, 13, 0, tzinfo=UTC)
HOURS = 12.0


def _conversation(mode: Mode, *, changed: float, spoke: float | None = None) -> Conversation:
    """Build a conversation whose mode changed, and in which a person spoke, so many hours ago."""
    return Conversation(
        contact_id=1,
        channel="principal",
        mode=mode,
        mode_changed_at=NOW - timedelta(hours=changed),
        person_spoke_at=None if spoke is None else NOW - timedelta(hours=spoke),
        last_message_at=NOW,
        episode_at=NOW - timedelta(hours=changed),
        created_at=NOW,
    )


def _judge(conversation: Conversation) -> Judgement:
    return judge(conversation, now=NOW, resume_after_hours=HOURS)


@pytest.mark.parametrize("changed", [0.0, 1000.0])
def test_automatic_conversation_may_speak(changed: float) -> None:
    """Where nobody has taken over, the secretary answers."""
    assert _judge(_conversation(Mode.AUTOMATIC, changed=changed, spoke=0.0)) == Judgement("speak")


@pytest.mark.parametrize("changed", [0.0, 11.9, 12.0, 1000.0])
def test_paused_conversation_is_silent_for_ever(changed: float) -> None:
    """A pause ends by a person's hand only, never by the clock."""
    assert _judge(_conversation(Mode.PAUSED, changed=changed)) == Judgement("silence", "conversation_paused")


def test_person_keeps_the_word_until_the_hours_are_over() -> None:
    """Up to the last moment the turn is silenced; at the full hours the secretary is back."""
    just_before = HOURS - 1 / 3600
    assert _judge(_conversation(Mode.ATTENDED, changed=just_before)) == Judgement("silence", "person_attends")
    assert _judge(_conversation(Mode.ATTENDED, changed=HOURS)) == Judgement("resume")


def test_who_waits_is_told_once_and_not_at_once() -> None:
    """A customer who writes again while waiting gets one notice, but not within a minute of the hand-off itself."""
    waiting = _conversation(Mode.WAITING, changed=1)
    assert _judge(waiting) == Judgement("notice", "waiting_for_person")
    assert _judge(_conversation(Mode.WAITING, changed=1 / 120)) == Judgement("silence", "waiting_for_person")
    waiting.noticed_at = NOW - timedelta(minutes=30)
    assert _judge(waiting) == Judgement("silence", "waiting_for_person")
    waiting.noticed_at = NOW - timedelta(hours=2)  # of an earlier hand-off
    assert _judge(waiting) == Judgement("notice", "waiting_for_person")
    assert _judge(_conversation(Mode.WAITING, changed=HOURS)) == Judgement("resume")


def test_last_word_of_a_person_counts() -> None:
    """The hours run from the newest of taking over and speaking, whichever came last."""
    assert _judge(_conversation(Mode.ATTENDED, changed=20.0, spoke=1.0)).verdict == "silence"
    assert _judge(_conversation(Mode.ATTENDED, changed=1.0, spoke=20.0)).verdict == "silence"
    assert _judge(_conversation(Mode.ATTENDED, changed=20.0, spoke=12.0)).verdict == "resume"
