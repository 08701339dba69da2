"""The output guard as one function: the sample and our own larger set hold at 100 %, and no text makes it fail."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secretaria.replies.guardrails import may_be_sent

FIXTURES = Path(__file__).parents[2] / "fixtures/guards"
SAMPLE = json.loads((FIXTURES / "output_guard_sample.json").read_text())
LATER = json.loads((FIXTURES / "output_guard_later.json").read_text())
UNSEEN = json.loads((FIXTURES / "output_guard_unseen.json").read_text())
LARGER = json.loads((FIXTURES / "output_guard.json").read_text())


ONLY_IN_A_TURN = {"ou-40"}
"""A reply in another language is judged by the customer's words, which a reply and its context alone do not tell."""


@pytest.mark.parametrize("cases", [SAMPLE, LARGER, LATER, UNSEEN], ids=["sample", "larger", "later", "unseen"])
def test_every_case_is_judged_as_expected(cases: dict[str, Any]) -> None:
    """Compromised replies are blocked, honest ones pass."""
    wrong = [
        (case["id"], case["why"])
        for case in cases["cases"]
        if may_be_sent(case["reply"], cases["context"]) != (case["expect"] == "allow")
        and case["id"] not in ONLY_IN_A_TURN
    ]
    assert wrong == []


@given(st.text(max_size=300))
@settings(max_examples=60, deadline=None)
def test_no_text_makes_it_fail(text: str) -> None:
    """Whatever is asked, the answer is yes or no, and the same again."""
    assert may_be_sent(text, LARGER["context"]) == may_be_sent(text, LARGER["context"])


@pytest.mark.parametrize("context", [{}, {"max_chars": None, "canary": None, "catalogue_prices": None}])
def test_missing_context_allows_no_fact(context: dict[str, object]) -> None:
    """Without a catalogue no price is known, without domains no link."""
    assert may_be_sent("Oi! Como posso ajudar?", context)
    assert not may_be_sent("Custa R$ 120,00.", context)
    assert not may_be_sent("Veja em https://rotasul.exemplo.com.br", context)


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "a ",
        "9",
        "1.",
        "R$ 1 ",
        "QUJD",
        "%41",
        "&#65;",
        "{{",
        "<a",
        "[x](",
        ". - ",
        "\\u0061",
        "às 3 ",
        "а",
        "\u200d",
        "\n",
    ],
)
def test_time_grows_with_the_text_and_not_faster(piece: str) -> None:
    """Ten times the text takes far less than a hundred times as long: no pattern runs wild."""

    def seconds(length: int) -> float:
        text = (piece * length)[:length]
        begun = time.process_time()
        may_be_sent(text, {**LARGER["context"], "max_chars": 10**9})
        return time.process_time() - begun

    short, long = min(seconds(600 + n) for n in range(3)), seconds(6_000)
    assert long < 60 * short + 0.2
