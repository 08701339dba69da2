"""What a labelled turn wants of the agenda follows from its slots and its words, in any business."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time

import pytest

from secretaria.simulation import SAMPLE_BUSINESS
from secretaria.simulation.labelled_tools import read_tools, says_done, wanted_of
from secretaria.simulation.rhythm import SampleConversation

KINDS = ("avaliacao", "limpeza", "manutencao_aparelho", "retorno", "urgencia")


@pytest.mark.parametrize(
    ("conversation", "turn", "action", "day", "at", "code"),
    [
        ("cs-001", 2, "look", None, None, None),
        ("cs-001", 3, "book", date(2026, 8, 11), time(19), None),
        ("cs-003", 1, "look", date(2026, 8, 17), None, "A-2041"),
        ("cs-003", 2, "move", date(2026, 8, 17), time(15), "A-2041"),
        ("cs-004", 1, "confirm", date(2026, 8, 11), None, "A-2042"),
        ("cs-009", 1, "cancel", None, None, "A-2043"),
        ("cs-017", 1, "look", date(2026, 8, 13), time(15), None),
        ("cs-017", 2, "look", date(2026, 8, 14), None, None),
    ],
)
def test_offers_are_looks_and_what_was_done_is_a_change(
    conversations: list[SampleConversation],
    conversation: str,
    turn: int,
    action: str,
    day: date | None,
    at: time | None,
    code: str | None,
) -> None:
    """A reply that offers needs a look, one that says it is done needs the change."""
    played = next(one for one in conversations if one.id == conversation)
    wanted = wanted_of(read_tools(SAMPLE_BUSINESS, KINDS), played, played.turns[turn - 1])
    assert wanted is not None
    assert (wanted.action, wanted.day, wanted.at, wanted.code) == (action, day, at, code)


def test_whom_a_booking_is_for_is_read_from_the_customer_s_words(conversations: list[SampleConversation]) -> None:
    """A name that stands alone wins over the profile name, and a place is no name."""
    tools = read_tools(SAMPLE_BUSINESS, KINDS)
    people = {
        conversation.id: wanted.person
        for conversation in conversations
        for turn in conversation.turns
        if (wanted := wanted_of(tools, conversation, turn)) and wanted.action == "book"
    }
    assert people == {
        "cs-001": "Juliana Prates de Souza",
        "cs-013": "Helena Freitas Pinto",
        "cs-017": "André Luiz Salgado",
        "cs-026": "Diego Ramires Alves",
        "cs-029": "Vera Lúcia Monteiro",
    }


def test_what_needs_no_tool_asks_none(conversations: list[SampleConversation]) -> None:
    """A question of the base is answered without the agenda."""
    tools = read_tools(SAMPLE_BUSINESS, KINDS)
    assert all(
        wanted_of(tools, conversation, turn) is None
        for conversation in conversations
        for turn in conversation.turns
        if turn.answer in {"base", "social", "opcional", "recusar", "transferir", "abster", "espera", "silencio"}
    )


@pytest.mark.parametrize(
    ("reply", "done"),
    [
        ("Marcado: quarta às 10h.", True),
        ("Cancelei o horário. Qual outro dia prefere?", True),
        ("Remarcado! Posso ajudar em algo mais?", True),
        ("O seu está marcado para quarta. Na quinta tenho 9h ou 10h. Qual prefere?", False),
        ("Na segunda estamos fechados. Na terça tenho 9h.", False),
        ("Quer deixar marcado?", False),
    ],
)
def test_what_is_done_is_told_apart_from_what_is_offered(
    conversations: list[SampleConversation], reply: str, *, done: bool
) -> None:
    """A reply that ends by offering has changed nothing yet, whatever it says of what stands."""
    assert says_done(replace(conversations[0].turns[0], reference_reply=(reply,))) is done
