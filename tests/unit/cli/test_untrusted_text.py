"""What a customer writes does nothing to the terminal of whoever reads it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from rich.console import Console

from secretaria.attending.record import Bubble
from secretaria.attending.timeline import Told
from secretaria.cli.conversation_screen import told_json, told_line
from secretaria.cli.untrusted import json_line, shown
from secretaria.conversations.feed import FeedEntry

HOSTILE = "\x1b]0;oi\x07\x1b[2J[red]oi[/red] \u202e987\u202c \x9b31m \r\nfim\u2028\u200b"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("oi\nduas", "oi ⏎ duas"),
        ("\x1b[2J", "<1b>[2J"),
        ("a\rb", "a<0d>b"),
        ("\u202eabc", "<202e>abc"),
        ("👩\u200d⚕️", "👩\u200d⚕️"),
        ("preço: 10\t20", "preço: 10 20"),
        ("\x9b31m", "<9b>31m"),
    ],
)
def test_what_cannot_be_seen_is_written_out(text: str, expected: str) -> None:
    """Escape sequences, direction marks and line ends are shown; emoji stay whole."""
    assert shown(text) == expected


def test_long_texts_are_cut_where_asked() -> None:
    """A snippet ends with an ellipsis."""
    assert shown("x" * 100, 10) == "x" * 9 + "…"


def told(text: str) -> Told:
    """Build an entry in which a customer wrote something."""
    at = datetime(2026, 8, 11, 13, tzinfo=UTC)
    bubble = Bubble(5, 1, at, "contact", None, "text", text, None, "", 1)
    entry = FeedEntry(id=7, cursor="9-7", kind="message", at=at, conversation_id=3, message_id=5, state="contact")
    return Told(entry, name=text, number="5520900000101", mode="automatic", bubble=bubble)


def test_a_line_of_the_live_view_holds_no_markup_and_no_escapes() -> None:
    """Brackets are letters, and nothing of the terminal's own gets through; the number is masked."""
    line = told_line(told(HOSTILE), UTC, reveal=False)
    assert line is not None
    console = Console(width=200, force_terminal=True, color_system=None, highlight=False)
    with console.capture() as caught:
        console.print(line, soft_wrap=True)
    printed = caught.get()
    assert "[red]oi[/red]" in printed
    assert printed.startswith("13:00:00 c3 5520*****0101 <1b>]0;oi<07><1b>[2J[re… --> ")
    assert not set(printed) & set("\x1b\x07\x9b\r\u202e\u2028\u200b")
    assert printed.count("\n") == 1


def test_json_reads_back_and_prints_harmlessly() -> None:
    """The words come back as they were, though nothing in the line could reach a terminal."""
    line = told_json(told(HOSTILE), reveal=True)
    assert json.loads(line)["text"] == HOSTILE
    assert not set(line) & set("\x1b\x07\x9b\r\n\u202e\u2028")
    assert json.loads(line)["number"] == "5520900000101"
    assert json_line({"a": "ç 😀"}) == '{"a": "ç 😀"}'
