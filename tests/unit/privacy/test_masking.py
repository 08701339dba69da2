"""What may be told of a person is told in logs, and nothing else; what is no datum of a person stays readable."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secretaria.privacy import mask_text

FIXTURES = Path(__file__).parents[2] / "fixtures" / "privacy"
SIZE = 4096
PATIENCE = 12  # how much slower four times the text may be than a linear reading of it


def cases(name: str) -> list[dict[str, Any]]:
    """Read one set of cases."""
    return [json.loads(line) for line in (FIXTURES / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


ALL = cases("sample") + cases("invented") + cases("first_sight")
TEXTS = st.sampled_from([case["text"] for case in ALL])
SEAMS = st.sampled_from(["", " ", "\n", '"', "(", "senha: ", "pix ", "\u200b", "\\", "*", "tel ", "]"])


@pytest.mark.parametrize("name", ["sample", "invented", "first_sight"])
def test_nothing_leaks(name: str) -> None:
    """No value that had to be hidden is left, in any of its writings."""
    leaked = [
        (case["id"], value)
        for case in cases(name)
        for value in case["must_not_contain"]
        if value in mask_text(case["text"])
    ]
    assert leaked == []


@pytest.mark.parametrize("name", ["sample", "invented", "first_sight"])
def test_what_is_no_personal_datum_stays(name: str) -> None:
    """Order numbers, prices, times, ids and the words around a value are still there."""
    lost = [
        (case["id"], kept) for case in cases(name) for kept in case["must_keep"] if kept not in mask_text(case["text"])
    ]
    assert lost == []


@settings(max_examples=60)
@given(st.text(max_size=200))
def test_any_text_is_masked_without_an_error(text: str) -> None:
    """No text makes the masker fail or give up."""
    assert mask_text(text) != "[texto omitido]"


@settings(max_examples=150)
@given(TEXTS, SEAMS, TEXTS)
def test_masking_twice_changes_nothing(first: str, seam: str, second: str) -> None:
    """A tag is not taken for a datum, nor does it name what stands behind it."""
    once = mask_text(first + seam + second)
    assert mask_text(once) == once


@settings(max_examples=150)
@given(TEXTS, SEAMS, st.integers(), st.booleans())
def test_json_stays_json(text: str, seam: str, number: int, ascii_only: bool) -> None:  # noqa: FBT001  # hypothesis draws it
    """What a machine reads can still be read, whatever was hidden in it."""
    document = json.dumps(
        {"text": text + seam, "number": number, "list": [seam, 5520900000101]}, ensure_ascii=ascii_only
    )
    assert set(json.loads(mask_text(document))) == {"text", "number", "list"}


@pytest.mark.parametrize(
    "unit",
    [
        "1",
        "1 ",
        "1 22 ",
        "47 99188-2034 ",
        "a@",
        "a.",
        "senha: a ",
        "\u200b1",
        "arroba ",
        "pix ",
        "eyJa.",
        "(",
        "%40",
        "nasc 1/1 ",
    ],
)
def test_time_grows_with_the_text_and_no_faster(unit: str) -> None:
    """Four times the text takes about four times as long, not its square."""
    short, long = unit * (SIZE // len(unit)), unit * (4 * SIZE // len(unit))
    mask_text(short)
    assert _seconds(long) < PATIENCE * max(_seconds(short), 0.0005)


def test_the_command_line_pays_for_the_libraries_only_when_it_masks() -> None:
    """Importing the masker imports neither of the libraries it asks for a second opinion."""
    program = (
        "import sys, secretaria.privacy; print([m for m in ('validate_docbr', 'phonenumbers') if m in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def _seconds(text: str) -> float:
    times = []
    for _ in range(2):
        begun = time.thread_time()
        mask_text(text)
        times.append(time.thread_time() - begun)
    return min(times)
