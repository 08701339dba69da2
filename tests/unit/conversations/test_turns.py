"""When a turn is due: the silence that says a customer has finished, never past the deadline of the first message."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secretaria.conversations.turns import Typed, deadline_of, due_after, silence_wanted
from secretaria.settings import TurnsSection

FIRST = datetime(2026, 8, 11, 13, 0, tzinfo=UTC)
RULES = TurnsSection()


def burst(*messages: tuple[float, str], kind: str = "text") -> list[Typed]:
    """Type messages, each so many seconds after the first."""
    return [Typed(kind, text, FIRST + timedelta(seconds=seconds)) for seconds, text in messages]


@pytest.mark.parametrize(
    ("text", "asked", "seconds"),
    [
        ("quanto custa a limpeza?", False, 9),
        ("oi", False, 14),
        ("Bom dia!", False, 14),
        ("OI, TUDO BEM?", False, 14),
        ("queria saber se", False, 15),
        ("tenho limpeza amanhã,", False, 15),
        ("qual o valor pra", False, 15),
        ("bom dia, queria marcar com", False, 15),
        ("sim", True, 5),
        ("Sim!", True, 5),
        ("15h", True, 5),
        ("às 15:30", True, 5),
        ("as 3 da tarde", True, 5),
        ("confirmo", True, 5),
        ("sim", False, 9),
        ("15h", False, 9),
        ("to com uma dor de dente horrivel", False, 7),
        ("SOCORRO meu dente", False, 7),
        ("está sangrando muito", False, 7),
        ("a" * 89, False, 9),
        ("a" * 90, False, 6),
        ("💙", False, 9),
        ("", False, 9),
    ],
)
def test_silence_depends_on_what_was_said(text: str, asked: bool, seconds: float) -> None:  # noqa: FBT001  # a column
    """Each rule gives its own silence; what fits none gets the ordinary one."""
    assert silence_wanted(RULES, burst((0, text)), asked=asked) == seconds


def test_image_without_text_waits_for_its_explanation() -> None:
    """A picture is usually followed by words about it."""
    assert silence_wanted(RULES, burst((0, ""), kind="image"), asked=False) == 12
    assert silence_wanted(RULES, burst((0, "isso é cárie?"), kind="image"), asked=False) == 9


def test_greeting_after_a_question_is_not_alone() -> None:
    """Only a burst of nothing but greetings waits for what the customer came to say."""
    assert silence_wanted(RULES, burst((0, "oi"), (2, "bom dia")), asked=False) == 14
    assert silence_wanted(RULES, burst((0, "tem vaga?"), (2, "oi")), asked=False) == 9


@pytest.mark.parametrize(("gap", "seconds"), [(2, 9), (7, 11.2), (8.75, 14), (20, 14)])
def test_slow_typing_is_waited_for(gap: float, seconds: float) -> None:
    """The largest pause of the burst says how slowly this customer types, up to a limit."""
    assert silence_wanted(RULES, burst((0, "ola"), (gap, "quero uma limpeza")), asked=False) == pytest.approx(seconds)


@pytest.mark.parametrize(("model", "wait"), [(0, 9), (2.6, 6.4), (7.4, 1.6), (8, 1.5), (60, 1.5)])
def test_time_of_the_model_is_part_of_the_silence(model: float, wait: float) -> None:
    """What the model usually takes is taken off the wait, which never falls under its minimum."""
    due = due_after(
        RULES, burst((0, "tem vaga?")), deadline=deadline_of(RULES, FIRST), asked=False, model_seconds=model
    )
    assert (due - FIRST).total_seconds() == pytest.approx(wait)


def test_deadline_and_number_of_messages_end_the_wait() -> None:
    """Nobody who goes on typing is left without an answer."""
    deadline = deadline_of(RULES, FIRST)
    late = due_after(RULES, burst((0, "a"), (24, "b")), deadline=deadline, asked=False, model_seconds=0)
    many = due_after(RULES, burst(*((n, "a b") for n in range(15))), deadline=deadline, asked=False, model_seconds=0)
    assert (late - FIRST).total_seconds() == 25
    assert (many - FIRST).total_seconds() == 14


def test_zero_turns_waiting_off() -> None:
    """With a quiet period of zero every message is answered at once."""
    rules = TurnsSection(quiet_period_seconds=0)
    due = due_after(rules, burst((3, "oi")), deadline=deadline_of(rules, FIRST), asked=False, model_seconds=2)
    assert (due - FIRST).total_seconds() == 3


@given(
    gaps=st.lists(st.floats(0, 300), min_size=1, max_size=30),
    text=st.text(max_size=120),
    asked=st.booleans(),
    model=st.floats(0, 60),
)
def test_nobody_waits_longer_than_promised(gaps: list[float], text: str, asked: bool, model: float) -> None:  # noqa: FBT001  # drawn
    """Whatever is typed in whatever rhythm, a turn is due after its newest message and by the deadline."""
    deadline = deadline_of(RULES, FIRST)
    typed = [Typed("text", text, FIRST + timedelta(seconds=sum(gaps[: n + 1]))) for n in range(len(gaps))]
    due = due_after(RULES, typed, deadline=deadline, asked=asked, model_seconds=model)
    assert typed[-1].at <= due <= max(deadline, typed[-1].at)
    assert due <= typed[-1].at + timedelta(seconds=RULES.maximum_wait_seconds)
