"""The sample's conversations and the pauses their customers made."""

from __future__ import annotations

from pathlib import Path

from secretaria.simulation.rhythm import SampleConversation, load_conversations, typing_schedule


def test_the_sample_is_read_whole(conversations: list[SampleConversation]) -> None:
    """All 34 conversations come with aware times, invented numbers and turns that point at their messages."""
    assert len(conversations) == 34
    for conversation in conversations:
        assert conversation.started_at.utcoffset() is not None
        assert conversation.contact.number.startswith("5520")
        for turn in conversation.turns:
            assert all(message.sender == "customer" for message in conversation.messages_of(turn))


def test_a_folder_without_conversations_has_none(tmp_path: Path) -> None:
    """A real business has no labelled conversations, and that is no error."""
    assert load_conversations(tmp_path) == []


def test_pauses_inside_a_turn_are_kept(conversations: list[SampleConversation]) -> None:
    """The first message goes at once, the others as late after each other as they were typed."""
    first = conversations[0]
    assert [typed.wait_seconds for typed in typing_schedule(first, first.turns[0])] == [0, 3, 5]
    assert typing_schedule(first, first.turns[0])[0].message.text == "oi bom dia"
    assert [typed.wait_seconds for typed in typing_schedule(first, first.turns[1])] == [0, 4, 7]


def test_pauses_are_scaled_and_capped(conversations: list[SampleConversation]) -> None:
    """A demo may hurry: pauses are divided by the speed, and none is longer than the cap."""
    first = conversations[0]
    hurried = typing_schedule(first, first.turns[0], speed=2.0, cap_seconds=2.0)
    assert [typed.wait_seconds for typed in hurried] == [0, 1.5, 2.0]
