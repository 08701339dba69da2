"""The prompt is the same for all contacts up to their own part, holds their text as data and keeps to its cap."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secretaria.context import moods
from secretaria.context.budget import CAP_TOKENS, HISTORY_MESSAGES, estimate_tokens
from secretaria.context.engine import BurstMessage, HistoryLine, Standing, TurnContext
from secretaria.context.prompt import Prompt, build_prompt
from secretaria.context.rules import RULES
from secretaria.context.schema import INTENTIONS, json_schema
from secretaria.knowledge.chunks import Chunk
from secretaria.knowledge.snapshot import Business
from secretaria.privacy import mask_text

Build = Callable[..., TurnContext]
OPENING, CLOSING = "<mensagens>", "</mensagens>"
BEFORE = datetime(2026, 8, 10, 12, 0, tzinfo=UTC)


def line(author: Literal["contact", "secretary", "attendant"], text: str, kind: str = "text") -> HistoryLine:
    """Return an earlier message."""
    return HistoryLine(author, text, kind, BEFORE)


def tokens(prompt: Prompt) -> int:
    """Return the estimated size of a prompt."""
    return sum(estimate_tokens(message["content"]) for message in prompt.messages)


def test_shared_part_is_the_same_for_every_contact(a_turn: Build) -> None:
    """Who writes, when and what changes nothing in the first message, so that a provider can cache it."""
    first = build_prompt(a_turn())
    other = build_prompt(
        a_turn(
            contact_name=None,
            now=datetime(2026, 12, 24, 3, 0, tzinfo=UTC),
            history=(line("contact", "oi"), line("attendant", "Olá!")),
            burst=(BurstMessage("audio", ""), BurstMessage("text", "e o canal?")),
            first_reply=False,
        )
    )
    assert first.messages[0] == other.messages[0]
    assert first.version == other.version


def test_shared_part_holds_rules_persona_card_and_a_small_base(a_turn: Build, business: Business) -> None:
    """Everything that is true for all contacts stands first, each unit of knowledge under its source."""
    small = replace(business, chunks=business.chunks[:30])
    shared = build_prompt(a_turn(business=small)).messages[0]["content"]
    assert shared.startswith(RULES)
    assert shared.count(RULES) == 1
    assert business.card.persona.introduction in shared
    assert "No máximo 320 caracteres por mensagem e 2 por resposta." in shared
    assert "palmeiras: segunda a sexta 09:00-20:00; sábado 09:00-13:00; domingo fechado" in shared
    assert all(rule in shared for rule in (*business.card.handoff.always, *business.card.handoff.never_answer))
    assert all(f"[{chunk.source}]" in shared and chunk.text in shared for chunk in small.chunks)
    assert "[faq.md#faq-07] A avaliação é gratuita?\nNão. Custa R$ 120" in shared


def test_rules_explain_every_field_of_the_answer() -> None:
    """The model is told about each field of the schema, in its order, and about each intention."""
    places = [RULES.index(f"\n{field}: ") for field in json_schema()["properties"]]
    assert places == sorted(places)
    assert all(intention in RULES for intention in INTENTIONS)


def test_second_message_is_about_this_turn(a_turn: Build) -> None:
    """Moment, team, calendar, what is known of the customer and greeting come in a message of their own."""
    message = build_prompt(a_turn(facts=("nome: Juliana",))).messages[1]
    assert message["role"] == "system"
    assert "Agora: segunda 10/08/2026 09:14. Equipe humana: atendendo." in message["content"]
    assert "dom 16/08 (fechado)" in message["content"]
    assert '"nome: Juliana"' in message["content"]
    assert "cumprimente e apresente-se" in message["content"]
    assert "não cumprimente nem se apresente de novo" in build_prompt(a_turn(first_reply=False)).messages[1]["content"]


def test_history_keeps_true_roles(a_turn: Build) -> None:
    """Only the contact is the user; a person of the team is told apart from the secretary; media are named."""
    history = (
        line("contact", "oi"),
        line("secretary", "Oi! Como posso ajudar?"),
        line("contact", "", "audio"),
        line("attendant", "Já te respondo."),
        line("contact", "esta aqui", "image"),
        line("contact", " "),
    )
    assert build_prompt(a_turn(history=history)).messages[2:-1] == (
        {"role": "user", "content": "oi"},
        {"role": "assistant", "content": "Oi! Como posso ajudar?"},
        {"role": "user", "content": "[audio]"},
        {"role": "assistant", "content": "(atendente humano) Já te respondo."},
        {"role": "user", "content": "[imagem] esta aqui"},
    )


def test_burst_is_one_object_a_line(a_turn: Build) -> None:
    """The messages of the turn stand between the delimiters, with their kinds in Portuguese."""
    burst = (BurstMessage("text", "oi bom dia"), BurstMessage("audio", ""))
    assert build_prompt(a_turn(burst=burst)).messages[-1] == {
        "role": "user",
        "content": '<mensagens>\n{"tipo": "texto", "texto": "oi bom dia"}\n{"tipo": "audio", "texto": ""}\n</mensagens>',
    }


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        ("video", "video"),
        ("document", "documento"),
        ("sticker", "figurinha"),
        ("interactive", "interativo"),
        ("template", "modelo"),
        ("location", "localizacao"),
        ("contact", "contato"),
    ],
)
def test_kinds_are_written_in_portuguese(a_turn: Build, kind: str, written: str) -> None:
    """The model reads the kind of a message in the language of its rules."""
    content = build_prompt(a_turn(burst=(BurstMessage(kind, "x"),))).messages[-1]["content"]
    assert json.loads(content.splitlines()[1])["tipo"] == written


hostile = st.lists(
    st.one_of(st.text(max_size=30), st.sampled_from([CLOSING, OPENING, "\n", "\u2028", '"}', "\\u003c", "<|im_end|>"])),
    max_size=8,
).map("".join)


@given(texts=st.lists(hostile, min_size=1, max_size=5), earlier=st.lists(hostile, max_size=5), name=hostile)
def test_no_text_closes_the_delimiter(a_turn: Build, texts: list[str], earlier: list[str], name: str) -> None:
    """Whatever a customer writes, the delimiters stand once, and each line between them gives back one message."""
    turn = a_turn(
        burst=tuple(BurstMessage("text", text) for text in texts),
        history=tuple(line("contact", text) for text in earlier),
        facts=(f"nome: {name}",),
        summaries=(name,),
    )
    _, about, *history, last = (message["content"] for message in build_prompt(turn).messages)
    rows = last.splitlines()
    assert (rows[0], rows[-1]) == (OPENING, CLOSING)
    assert [json.loads(row)["texto"] for row in rows[1:-1]] == [mask_text(text) for text in texts]
    assert "<" not in "".join(rows[1:-1])
    assert "<" not in "".join([about, *history])


def test_name_that_whatsapp_shows_is_not_told(a_turn: Build) -> None:
    """Only what the customer or the team gave is told, as a fact; the name of the context is for our own checks."""
    assert "Juliana" not in "".join(message["content"] for message in build_prompt(a_turn()).messages)


def test_personal_data_of_the_customer_is_replaced(a_turn: Build) -> None:
    """R84: documents, cards and phones are hidden in the burst and in the history before anything leaves."""
    turn = a_turn(
        burst=(BurstMessage("text", "meu cpf é 529.982.247-25"),),
        history=(line("contact", "meu fone é (20) 90000-0101"), line("secretary", "Anotei 4111 1111 1111 1111")),
    )
    told = "".join(message["content"] for message in build_prompt(turn).messages[1:])
    assert "529.982" not in told
    assert "90000-0101" not in told
    assert "1111 1111 1111" not in told


def test_canary_stands_in_the_shared_part_and_follows_the_version(a_turn: Build, business: Business) -> None:
    """It is the same for all contacts, and another one for every version of the rules and of the business."""
    prompt = build_prompt(a_turn())
    assert prompt.messages[0]["content"].count(prompt.canary) == 1
    assert build_prompt(a_turn(business=replace(business, version="outra"))).canary != prompt.canary


def test_what_search_found_is_told_best_first(a_turn: Build, business: Business) -> None:
    """A base that is too large for the shared part gives the units that were found, eight at most, to this turn alone."""
    found = tuple(reversed(business.chunks))[:10]
    shared, about, _ = (message["content"] for message in build_prompt(a_turn(found=found)).messages)
    places = [about.index(f"[{chunk.source}]") for chunk in found[:8]]
    assert places == sorted(places)
    assert f"[{found[8].source}]" not in about
    assert f"[{found[0].source}]" not in shared


def test_summaries_and_facts_are_data(a_turn: Build) -> None:
    """The newest three summaries and eight facts are told, quoted, so that nothing in them is an order."""
    turn = a_turn(summaries=("1", "2", "3", '4"\n# Regras'), facts=tuple(f"f{n}: <b>" for n in range(9)))
    about = build_prompt(turn).messages[1]["content"]
    assert json.dumps('4"\n# Regras') in about
    assert '\n"1"\n' not in about
    assert "f7: \\u003cb>" in about
    assert "f8" not in about


@pytest.mark.parametrize(
    ("standing", "told"),
    [
        (Standing(negatives=1), moods.STILL_UPSET),
        (Standing(asked_before=1), moods.ASKS_AGAIN),
        (Standing(not_known=1), moods.UNANSWERED),
    ],
)
def test_course_of_the_episode_sets_the_mood(a_turn: Build, standing: Standing, told: str) -> None:
    """What code counted becomes one line each, and only where it applies."""
    assert told in build_prompt(a_turn(standing=standing)).messages[1]["content"]
    assert told not in build_prompt(a_turn()).messages[1]["content"]


def test_levels_of_the_owner_are_told_to_the_model_as_previewed(a_turn: Build, business: Business) -> None:
    """Each level has its own line, in the part all contacts share."""
    persona = business.card.persona.model_copy(
        update={"formality": "formal", "empathy": "calorosa", "humour": "leve", "emojis": "nunca"}
    )
    other = replace(business, card=business.card.model_copy(update={"persona": persona}))
    shared = build_prompt(a_turn(business=other)).messages[0]["content"]
    lines = moods.level_lines(persona)
    assert all(level in shared for level in lines)
    assert set(lines).isdisjoint(moods.level_lines(business.card.persona))


def test_history_goes_first(a_turn: Build, business: Business) -> None:
    """Where not everything fits, the oldest messages are left out and what was found stays whole."""
    history = tuple(line("contact", f"{number:02} {'a' * 480}") for number in range(40))
    found = business.chunks[:8]
    burst = (BurstMessage("text", "oi " * 1_300),)
    prompt = build_prompt(a_turn(burst=burst, history=history, found=found, summaries=("antes",)))
    said = [message["content"] for message in prompt.messages[2:-1]]
    assert tokens(prompt) <= CAP_TOKENS
    assert 0 < len(said) < HISTORY_MESSAGES
    assert said == [entry.text for entry in history[-len(said) :]]
    assert all(chunk.text in prompt.messages[1]["content"] for chunk in found)
    assert '"antes"' in prompt.messages[1]["content"]


def test_at_most_24_earlier_messages(a_turn: Build) -> None:
    """However short they are, older messages are left out."""
    history = tuple(line("contact", f"{number}") for number in range(60))
    said = [message["content"] for message in build_prompt(a_turn(history=history)).messages[2:-1]]
    assert said == [f"{number}" for number in range(36, 60)]


def test_one_long_message_does_not_push_out_the_others(a_turn: Build) -> None:
    """A long earlier message is shortened, so that what was said around it stays."""
    history = (line("secretary", "Qual unidade prefere?"), line("contact", "a" * 4_000))
    first, second = [message["content"] for message in build_prompt(a_turn(history=history)).messages[2:-1]]
    assert first == "Qual unidade prefere?"
    assert second == "a" * 500 + "…"


def test_knowledge_goes_next_and_the_related_part_stays(a_turn: Build, business: Business) -> None:
    """A long burst takes the place of history, then of knowledge, then of summaries; it is not cut itself."""
    burst = (BurstMessage("text", "quanto custa clareamento? " * 450),)
    prompt = build_prompt(a_turn(burst=burst, history=(line("contact", "a" * 480),) * 24, summaries=("antes",)))
    shared, about, *spoken, last = (message["content"] for message in prompt.messages)
    assert tokens(prompt) <= CAP_TOKENS
    assert json.loads(last.splitlines()[1])["texto"] == burst[0].text
    assert shared.startswith(RULES)
    assert "[servicos-e-precos.md#clareamento]" in about
    assert sum(chunk.source in about for chunk in business.chunks) < len(business.chunks) // 2
    assert len(spoken) < 3
    assert '"antes"' in about


def test_a_large_base_is_selected_and_leaves_room_for_history(a_turn: Build, business: Business) -> None:
    """A base above its share gives what is related to the turn; the first message is still the same for all."""
    many = tuple(Chunk(f"m.md#u-{n}", f"Assunto {n}", "texto qualquer " * 20, "m.md") for n in range(200))
    large = replace(business, chunks=many + business.chunks)
    history = tuple(line("contact", f"{number:02} {'a' * 60}") for number in range(24))
    prompt = build_prompt(a_turn(business=large, history=history))
    other = build_prompt(a_turn(business=large, contact_name=None, burst=(BurstMessage("text", "tem canal?"),)))
    assert prompt.messages[0] == other.messages[0]
    assert "[faq.md#faq-08] Quanto custa uma limpeza?" in prompt.messages[1]["content"]
    assert len(prompt.messages) == 24 + 3
    assert max(tokens(prompt), tokens(other)) <= CAP_TOKENS


@given(
    sizes=st.lists(st.integers(0, 1_200), min_size=1, max_size=6), earlier=st.lists(st.integers(1, 900), max_size=30)
)
def test_cap_is_kept_with_the_burst_whole(a_turn: Build, sizes: list[int], earlier: list[int]) -> None:
    """Whatever the lengths, the prompt keeps to its cap and every message of the burst is complete."""
    burst = tuple(BurstMessage("text", "é" * size) for size in sizes)
    prompt = build_prompt(a_turn(burst=burst, history=tuple(line("secretary", "o" * size) for size in earlier)))
    rows = prompt.messages[-1]["content"].splitlines()[1:-1]
    assert tokens(prompt) <= CAP_TOKENS
    assert [len(json.loads(row)["texto"]) for row in rows] == sizes


@pytest.mark.parametrize("texts", [["a" * 60_000], ["b" * 4_000] * 15, ["c" * 4_000, "qual o preço?"] * 10])
def test_a_burst_above_the_cap_keeps_its_ends(a_turn: Build, texts: list[str]) -> None:
    """R88: the cap holds; of the longest messages the middle is left out, visibly, and short ones stay whole."""
    burst = tuple(BurstMessage("text", text) for text in texts)
    prompt = build_prompt(a_turn(burst=burst, history=(line("contact", "oi"),)))
    rows = [json.loads(row)["texto"] for row in prompt.messages[-1]["content"].splitlines()[1:-1]]
    assert tokens(prompt) <= CAP_TOKENS
    assert len(rows) == len(texts)
    for text, row in zip(texts, rows, strict=True):
        assert row == text or ("caracteres omitidos" in row and row[:50] == text[:50] and row[-50:] == text[-50:])
    assert prompt.messages[0]["content"].startswith(RULES)


def test_version_follows_the_business(a_turn: Build, business: Business) -> None:
    """Another version of the folder is another version of the prompt."""
    version = build_prompt(a_turn()).version
    assert version.startswith("p2-")
    assert build_prompt(a_turn(business=replace(business, version="outra"))).version != version
