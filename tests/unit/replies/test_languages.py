"""Which language a reply may be in is told by the customer's words; the draft's label decides only where they say nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from secretaria.context.engine import BurstMessage, HistoryLine, TurnContext
from secretaria.context.schema import Draft
from secretaria.replies.guarding import check_draft
from secretaria.replies.languages import fitting_languages

ENGLISH = "The price is the same for all of you and it is good for the whole year."
SPANISH = "Hola, con gusto le ayudo: la limpieza es para los que quieren y también para sus hijos."
PORTUGUESE = "Para você e para a sua família o valor é o mesmo, e já fica até o fim do dia."
REPLIES = {"en": ENGLISH, "es": SPANISH, "pt": PORTUGUESE}


def _stopped(context: TurnContext, spoken: str, label: str) -> bool:
    draft = Draft.model_construct(
        intention="preco",
        sentiment=0,
        answerable="conversation",
        handoff_needed=False,
        sources=(),
        bubbles=(REPLIES[spoken],),
        language=label,
    )
    return check_draft(draft, context).checks["language"] == "refused"


@pytest.mark.parametrize("spoken", ["en", "es"])
@pytest.mark.parametrize("text", ["qual o valor da limpeza?", "qnt ta", "bom dia, quero marcar", "vcs abrem hj?"])
def test_label_does_not_excuse_a_foreign_reply(a_turn: Callable[..., TurnContext], text: str, spoken: str) -> None:
    """A draft that calls its own language the customer's is stopped all the same."""
    assert _stopped(a_turn(burst=(BurstMessage("text", text),)), spoken, spoken)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("How much is a cleaning?", "en"),
        ("hi, are you open tomorrow?", "en"),
        ("hola, cuánto cuesta la limpieza?", "es"),
        ("Buenos días, quisiera una cita para mañana", "es"),
        ("qnt ta a limpeza?", "pt"),
        ("Oi, bom dia! Vocês atendem hoje?", "pt"),
    ],
)
def test_customer_may_be_answered_as_they_write(a_turn: Callable[..., TurnContext], text: str, written: str) -> None:
    """Whatever the draft says of itself, the customer's language passes and the two others do not."""
    context = a_turn(burst=(BurstMessage("text", text),))
    for label in REPLIES:
        assert [spoken for spoken in REPLIES if not _stopped(context, spoken, label)] == [written]


@pytest.mark.parametrize(
    "text", ["ok thanks", "👍", "Juliana", "sim", "thanks!", "ok", "show", "perfect", "10h", "Price?"]
)
def test_few_words_forbid_no_language_of_theirs(a_turn: Callable[..., TurnContext], text: str) -> None:
    """A short answer is no reason to stop a Portuguese reply, whatever it is labelled."""
    context = a_turn(burst=(BurstMessage("text", text),))
    assert not _stopped(context, "pt", "en")
    assert not _stopped(context, "pt", "pt")


def test_short_answer_keeps_the_language_of_the_conversation(a_turn: Callable[..., TurnContext]) -> None:
    """After a question in Portuguese an "ok thanks" allows both, after one in English not ours alone."""
    now = a_turn().now
    for before, spoken in (("qual o valor da limpeza?", "pt"), ("how much is a cleaning?", "en")):
        context = a_turn(
            history=(HistoryLine("contact", before, "text", now),), burst=(BurstMessage("text", "ok thanks"),)
        )
        assert not _stopped(context, spoken, "pt")
        assert _stopped(context, "es", "es")


def test_a_language_we_do_not_know_is_not_judged(a_turn: Callable[..., TurnContext]) -> None:
    """French looks a little like Spanish; who writes it is not denied an answer in it."""
    context = a_turn(burst=(BurstMessage("text", "bonjour, combien ?"),))
    assert not _stopped(context, "es", "fr")


def test_language_that_is_asked_for_may_be_spoken() -> None:
    """Asked in Portuguese for English, both may be said."""
    assert fitting_languages(["pode responder em inglês pra minha amiga?"], [], "en") == ("pt", "en")
    assert fitting_languages(["do you speak English? I need an appointment"], [], "en")[0] == "en"


def test_words_that_tell_nothing_leave_the_label_and_ours() -> None:
    """A name or a picture alone says nothing; then the model's reading counts, and Portuguese is never wrong."""
    assert fitting_languages(["Wolfgang"], [], "en") == ("en", "pt")
    assert fitting_languages([], [], "fr") == ("fr", "pt")
