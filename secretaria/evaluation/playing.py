"""Plays one labelled conversation: the customer types in the recorded rhythm, the team's own words come when they came."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from secretaria.evaluation.observed import BookingSeen, Observed
from secretaria.evaluation.rehearsal import Rehearsal
from secretaria.simulation.phone import audio_event, image_event, own_event, sticker_event, text_event
from secretaria.simulation.rhythm import SampleConversation, SampleMessage, SampleTurn


@dataclass(frozen=True, slots=True)
class PlayedTurn:
    """A labelled turn, what became of it, and the customer's bookings before it."""

    turn: SampleTurn
    said: tuple[str, ...]
    seen: Observed
    before: tuple[BookingSeen, ...] = ()


def longest_pause(conversation: SampleConversation) -> float:
    """Return the longest pause a customer made inside a turn, in seconds."""
    pauses = [
        later.offset_s - earlier.offset_s
        for turn in conversation.turns
        for earlier, later in pairwise(conversation.messages_of(turn))
    ]
    return max(pauses, default=0.0)


def play(rehearsal: Rehearsal, conversation: SampleConversation) -> Iterator[PlayedTurn]:
    """Play the turns one by one, each after the reply to the one before.

    Nothing is played before it is asked for, so a caller prepares the model for a turn and then asks for the next.
    """
    next_message = 0
    for turn in conversation.turns:
        last = max(turn.messages)
        before = rehearsal.bookings(conversation.contact.number)
        begun, ids = _begin(rehearsal, conversation, turn), []
        for index in range(next_message, last + 1):
            message = conversation.messages[index]
            if index in turn.messages:
                offset = message.offset_s - conversation.messages[turn.messages[0]].offset_s
                rehearsal.let_pass_until(begun + timedelta(seconds=offset))
                ids.append(_customer_writes(rehearsal, conversation, message))
            elif message.sender == "agent":
                _person_writes(rehearsal, conversation, message)
        next_message = last + 1
        rehearsal.settle()
        said = tuple(message.text or f"({message.type})" for message in conversation.messages_of(turn))
        yield PlayedTurn(turn, said, rehearsal.observe(ids, conversation.contact.number), before)


def _begin(rehearsal: Rehearsal, conversation: SampleConversation, turn: SampleTurn) -> datetime:
    recorded = conversation.started_at + timedelta(seconds=conversation.messages[turn.messages[0]].offset_s)
    return max(recorded, rehearsal.clock.now())


def _person_writes(rehearsal: Rehearsal, conversation: SampleConversation, message: SampleMessage) -> None:
    recorded = conversation.started_at + timedelta(seconds=message.offset_s)
    rehearsal.let_pass_until(max(recorded, rehearsal.clock.now()))
    now = rehearsal.clock.now()
    rehearsal.post(own_event(conversation.contact.number, message.text, rehearsal.next_id(), now))


def _customer_writes(rehearsal: Rehearsal, conversation: SampleConversation, message: SampleMessage) -> str:
    number, name = conversation.contact.number, conversation.contact.name or ""
    message_id, now = rehearsal.next_id(), rehearsal.clock.now()
    match message.type:
        case "audio":
            event = audio_event(number, message_id, now, name, round(message.duration_s))
        case "image":
            event = image_event(number, message.text, message_id, now, name)
        case "sticker":
            event = sticker_event(number, message_id, now, name)
        case _:
            event = text_event(number, message.text, message_id, now, name)
    rehearsal.post(event)
    if message.transcript:
        rehearsal.hear(message_id, message.transcript)
    return message_id
