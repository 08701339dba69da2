"""A model's answer is read strictly where it matters, found where it is wrapped, and never repeated in an error."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secretaria.context.schema import INTENTIONS, Draft, DraftUnreadable, json_schema, parse_draft

ANSWER: dict[str, Any] = {
    "intention": "preco",
    "extra_intentions": ["agendar"],
    "sentiment": 0,
    "urgent": False,
    "language": "pt",
    "satisfaction": None,
    "asked": "preço da limpeza",
    "tool": "agenda_horarios",
    "tool_kind": "limpeza",
    "tool_unit": "centro",
    "tool_date": "2026-08-11",
    "tool_time": "15:00:00",
    "tool_period": "tarde",
    "tool_person": None,
    "tool_booking": None,
    "tool_query": None,
    "answerable": "base",
    "sources": ["servicos-e-precos.md#limpeza"],
    "handoff_needed": False,
    "handoff_reason": None,
    "handoff_brief": None,
    "memory": [{"key": "unidade_preferida", "value": "centro", "quote": "no centro é melhor"}],
    "bubbles": ["A limpeza custa R$ 180."],
}


def written(**changes: object) -> str:
    """Return the answer as a model writes it, with some fields changed."""
    return json.dumps(ANSWER | changes, ensure_ascii=False)


def test_a_good_answer_is_read_whole() -> None:
    """What the model wrote is what the draft says."""
    assert json.loads(parse_draft(written()).model_dump_json()) == ANSWER


@pytest.mark.parametrize(
    "text",
    [
        "```json\n{}\n```",
        "Claro! Segue:\n{}",
        "{}\n\nPosso ajudar em algo mais? :}}",
        "Pensei em {{chaves}} e em {{}} antes. {}",
        '{{"rascunho": 1}} {}',
    ],
)
def test_words_around_the_object_are_ignored(text: str) -> None:
    """Models without structured output wrap the object; the first one that is a draft counts."""
    assert parse_draft(text.format(written())) == parse_draft(written())


def test_raw_line_breaks_inside_a_bubble_are_read() -> None:
    """A line break that was not escaped loses nothing."""
    text = written(bubbles=["Oi!"]).replace("Oi!", "Oi!\nTudo bem?")
    assert parse_draft(text).bubbles == ("Oi!\nTudo bem?",)


def test_harmless_deviations_are_mended() -> None:
    """Unknown fields, missing notes, blank bubbles, spaces and long notes do not cost a second call."""
    answer = {key: ANSWER[key] for key in ("intention", "sentiment", "answerable", "handoff_needed")}
    draft = parse_draft(
        json.dumps(answer | {"bubbles": ["", " oi \0"], "asked": "a\nb  c", "handoff_brief": "é" * 300, "extra": 1})
    )
    assert draft.bubbles == ("oi",)
    assert draft.asked == "a b c"
    assert draft.handoff_brief == "é" * 200
    assert (draft.satisfaction, draft.sources, draft.handoff_reason) == (None, (), None)
    assert parse_draft(written(handoff_reason="  ")).handoff_reason is None
    assert (parse_draft(written(tool_date="", tool_period=" ")).tool_date, draft.tool) == (None, None)


@pytest.mark.parametrize(
    ("said", "language"), [("pt-BR", "pt"), ("ES", "es"), ("", "pt"), (None, "pt"), (7, "pt"), ("ñandú", "pt")]
)
def test_language_is_two_letters(said: object, language: str) -> None:
    """Whatever a model writes there, the language is a code; without one it is that of the house."""
    assert parse_draft(written(language=said)).language == language


def test_silence_is_a_draft_where_nothing_is_asked_or_a_tool_comes_first() -> None:
    """No bubble is fine while a tool is asked, and where the conversation needs no word more."""
    assert parse_draft(written(bubbles=[])).bubbles == ()
    assert parse_draft(written(tool=None, answerable="conversation", bubbles=[" "])).bubbles == ()


def test_a_flood_of_memory_is_cut() -> None:
    """Proposals past the fifth are not read."""
    proposal = {"key": "a", "value": "b", "quote": "c"}
    assert len(parse_draft(written(memory=[proposal] * 9)).memory) == 5


def test_problems_are_named_for_the_repair_without_what_was_written() -> None:
    """The model can be told what to mend; its own words are not repeated."""
    with pytest.raises(DraftUnreadable) as refused:
        parse_draft(written(intention="segredo", tool_date="segredo"))
    intention, day = refused.value.problems
    assert intention.startswith("intention: ")
    assert day.startswith("tool_date: ")
    assert "segredo" not in "".join(refused.value.problems)


def test_half_an_emoji_is_dropped() -> None:
    """A character that cannot be stored does not reach the draft."""
    assert parse_draft(json.dumps(ANSWER | {"bubbles": ["oi \ud83d"]})).bubbles == ("oi",)


@pytest.mark.parametrize(
    "changes",
    [
        {"intention": "compra"},
        {"intention": "PRECO"},
        {"extra_intentions": ["compra"]},
        {"sentiment": 2},
        {"sentiment": "bom"},
        {"satisfaction": "talvez"},
        {"answerable": "sim"},
        {"handoff_needed": None},
        {"tool_date": "amanhã"},
        {"tool_date": "2026-02-30"},
        {"tool_time": "25:00"},
        {"tool_period": "madrugada"},
        {"memory": [{"key": "nome"}]},
        {"tool": None, "bubbles": []},
        {"tool": None, "bubbles": ["", " "]},
        {"tool": None, "answerable": "conversation", "handoff_needed": True, "bubbles": []},
        {"bubbles": ["a", "b", "c"]},
        {"bubbles": "oi"},
        {"bubbles": [1]},
        {"sources": "faq.md#faq-01"},
    ],
)
def test_wrong_values_are_refused(changes: dict[str, object]) -> None:
    """What the program decides by must be one of the agreed values."""
    with pytest.raises(DraftUnreadable):
        parse_draft(written(**changes))


@pytest.mark.parametrize("text", ["", "oi", "null", "[]", "{", '{"a":' * 50_000, "{" * 100_000])
def test_what_is_no_draft_is_refused_quickly(text: str) -> None:
    """Whatever a model writes costs little time."""
    started = time.process_time()
    with pytest.raises(DraftUnreadable):
        parse_draft(text)
    assert time.process_time() - started < 2


def test_the_error_keeps_nothing_of_the_text() -> None:
    """The answer may quote the customer: neither the message nor a cause carries it into a log."""
    with pytest.raises(DraftUnreadable) as refused:
        parse_draft('segredo {"intention": "segredo"}')
    error = refused.value
    assert "segredo" not in f"{error.message}{error.hint}{error!r}"
    assert error.__cause__ is None
    assert error.__context__ is None


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text ends in another error."""
    with pytest.raises(DraftUnreadable):
        parse_draft(text)


def test_schema_is_strict_and_follows_the_draft() -> None:
    """Every field is required and in the order of the draft, analysis first and reply last; no limit keyword."""
    schema = json_schema()
    assert schema["required"] == list(schema["properties"]) == list(Draft.model_fields)
    assert schema["required"][-1] == "bubbles"
    assert schema["additionalProperties"] is False
    assert schema["properties"]["intention"]["enum"] == list(INTENTIONS)
    assert len(INTENTIONS) == 18
    assert not {"minItems", "maxItems", "maxLength", "pattern", "default"} & set(json.dumps(schema).split('"'))
