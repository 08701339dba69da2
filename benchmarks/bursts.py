"""How the quiet period treats the bursts of real typing: how many are split, and how long the customer then waits.

Run with ``.venv/bin/python benchmarks/bursts.py``. The rhythm is that of the labelled sample (``offset_s``), the model
takes 2.6 s, and the clock is the sample's own: nothing sleeps.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from secretaria.conversations.turns import Typed, deadline_of, due_after
from secretaria.settings import TurnsSection
from secretaria.simulation import SAMPLE_BUSINESS
from secretaria.simulation.rhythm import SampleConversation, SampleTurn, load_conversations

MODEL_SECONDS = 2.6


@dataclass(frozen=True, slots=True)
class Burst:
    """One labelled turn as the timer treats it.

    Attributes:
        messages: How many messages it has.
        split: Whether an answer would have been prepared and sent before its last message.
        seconds: From the last message to the reply.
    """

    messages: int
    split: bool
    seconds: float


def measure(rules: TurnsSection) -> list[Burst]:
    """Run every labelled turn of the sample through the timer."""
    return [
        _burst(rules, conversation, turn)
        for conversation in load_conversations(SAMPLE_BUSINESS)
        for turn in conversation.turns
    ]


def _burst(rules: TurnsSection, conversation: SampleConversation, turn: SampleTurn) -> Burst:
    messages = conversation.messages_of(turn)
    typed = [
        Typed(message.type, message.text, conversation.started_at + timedelta(seconds=message.offset_s))
        for message in messages
    ]
    asked = _asked_before(conversation, turn)
    deadline = deadline_of(rules, typed[0].at)
    split = False
    for position in range(len(typed) - 1):
        due = due_after(rules, typed[: position + 1], deadline=deadline, asked=asked, model_seconds=MODEL_SECONDS)
        replied = due + timedelta(seconds=MODEL_SECONDS)  # a message before that still joins: the draft is made again
        split = split or replied <= typed[position + 1].at
    due = due_after(rules, typed, deadline=deadline, asked=asked, model_seconds=MODEL_SECONDS)
    return Burst(len(typed), split, (due - typed[-1].at).total_seconds() + MODEL_SECONDS)


def _asked_before(conversation: SampleConversation, turn: SampleTurn) -> bool:
    earlier = [one for one in conversation.turns if one.n < turn.n and one.reference_reply]
    return bool(earlier) and earlier[-1].reference_reply[-1].rstrip().endswith("?")


def share_split(bursts: Sequence[Burst]) -> float:
    """Return the share of multi-message turns that were split."""
    several = [burst for burst in bursts if burst.messages > 1]
    return sum(burst.split for burst in several) / len(several)


def main() -> None:
    """Print the table for our rules and for fixed quiet periods."""
    fixed = TurnsSection(greetings=(), connectives=(), clear_answers=(), urgent_words=(), slow_typing_factor=1)
    print("rule            split   p50 s   p95 s   of", len(measure(fixed)), "turns")
    for name, rules in (
        ("ours", TurnsSection()),
        *((f"fixed {seconds:>4} s", _fixed(fixed, seconds)) for seconds in (4.0, 6.0, 9.0, 14.0)),
    ):
        bursts = measure(rules)
        waits = sorted(burst.seconds for burst in bursts)
        p95 = waits[int(len(waits) * 0.95)]
        print(f"{name:<14} {share_split(bursts):6.1%} {statistics.median(waits):7.1f} {p95:7.1f}")


def _fixed(rules: TurnsSection, seconds: float) -> TurnsSection:
    silences = ("quiet_period_seconds", "image_seconds", "unfinished_seconds", "long_message_seconds")
    return rules.model_copy(update=dict.fromkeys(silences, seconds))


if __name__ == "__main__":
    main()
