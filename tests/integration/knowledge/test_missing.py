"""What nobody could answer is counted without saying who asked, and answered once."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from secretaria.clock import HeldClock
from secretaria.database.transaction import transaction
from secretaria.errors import SecretariaError
from secretaria.knowledge import missing
from secretaria.knowledge.changing import NothingPublished
from secretaria.knowledge.editing import ChunkInvalid
from secretaria.knowledge.library import publish_folder
from secretaria.knowledge.missing import QuestionClosed, QuestionNotFound, answer_once, dismiss, record_missing
from secretaria.knowledge.models import MissingState
from secretaria.knowledge.search import search
from secretaria.knowledge.store import load_business, published_id
from secretaria.simulation import SAMPLE_BUSINESS
from tests.builders import OWNER, PARTNER, rows

ASKERS = 4


def ask(engine: Engine, clock: HeldClock, *questions: str) -> list[int | None]:
    """Let turns end without an answer, a minute after each other."""
    recorded = []
    for question in questions:
        clock.advance(60)
        with transaction(engine) as session:
            recorded.append(record_missing(session, question, clock.now()))
    return recorded


@pytest.fixture
def published(engine: Engine, clock: HeldClock) -> int:
    """Publish the sample clinic."""
    return publish_folder(engine, SAMPLE_BUSINESS, clock.now())


def test_the_same_question_is_counted_once(engine: Engine, clock: HeldClock) -> None:
    """Case, accents, courtesies, typos and small words make no other question; another subject does."""
    begun = clock.now()
    recorded = ask(
        engine,
        clock,
        "Vocês aplicam botox na testa?",
        "oi, queria saber se vcs aplicam BOTOX na testa",
        "aplica botox na testa?",
        "tem wifi na sala de espera?",
    )
    assert recorded == [1, 1, 1, 2]
    first, second = rows(engine, "missing_question")
    assert (first["asked"], first["times"], second["times"]) == ("Vocês aplicam botox na testa?", 3, 1)
    assert (first["first_at"], first["last_at"]) == (begun + timedelta(minutes=1), begun + timedelta(minutes=3))
    with transaction(engine) as session:
        assert [question.id for question in missing.list_missing(session)] == [1, 2]


def test_nobody_is_named(engine: Engine, clock: HeldClock) -> None:
    """Numbers, documents and addresses in a question are masked before it is kept; it is one line of 200 letters."""
    ask(engine, clock, f"tem vaga?\nmeu cpf é 529.982.247-25, fone (20) 90000-0101 {'x' * 300}")
    (question,) = rows(engine, "missing_question")
    kept = question["asked"] + question["folded"]
    assert not {"529", "982", "247", "90000"} & set(re.findall(r"\d+", kept))
    assert "\n" not in question["asked"]
    assert len(question["asked"]) <= 200


@pytest.mark.parametrize("nothing", ["", " \n ", "?!", "🙂"])
def test_nothing_asked_is_nothing_missing(engine: Engine, clock: HeldClock, nothing: str) -> None:
    """A turn whose request is not known leaves no empty question."""
    assert ask(engine, clock, nothing) == [None]


def test_turns_that_end_at_once_are_all_counted(engine: Engine, clock: HeldClock) -> None:
    """Several workers that record the same question at the same moment add up."""

    def one(_: int) -> None:
        with transaction(engine) as session:
            record_missing(session, "fazem acupuntura?", clock.now())

    with ThreadPoolExecutor(ASKERS) as pool:
        list(pool.map(one, range(ASKERS)))
    assert [row["times"] for row in rows(engine, "missing_question")] == [ASKERS]


def test_an_answer_makes_the_base_grow(engine: Engine, clock: HeldClock, published: int) -> None:
    """One answer closes the question and is found by the next search; the version says where it came from."""
    ask(engine, clock, "fazem acupuntura?")
    answered = answer_once(engine, 1, "Não fazemos acupuntura.", by=OWNER, now=clock.now())
    assert answered.change.version_id == published + 1
    (question,) = rows(engine, "missing_question")
    assert (question["state"], question["closed_by"], question["version_id"]) == ("answered", "dona", published + 1)
    with transaction(engine) as session:
        now = published_id(session) or 0
        (found,) = search(session, now, ["vcs fazem acupuntura"], limit=1)
        assert (found.title, found.text) == ("fazem acupuntura?", "Não fazemos acupuntura.")
        assert len(load_business(session, now).chunks) == 85
    with pytest.raises(QuestionClosed, match="já foi respondida por dona"):
        answer_once(engine, 1, "Outra coisa.", by=PARTNER, now=clock.now())
    assert ask(engine, clock, "fazem acupuntura?") == [2]


@pytest.mark.parametrize(
    ("question", "answer", "refused"),
    [(9, "x", QuestionNotFound), (1, " ", ChunkInvalid), (1, "a\n## b", ChunkInvalid)],
)
def test_a_bad_answer_changes_nothing(
    engine: Engine, clock: HeldClock, published: int, question: int, answer: str, refused: type[SecretariaError]
) -> None:
    """An answer that cannot be one unit, or to no question, leaves question and base as they were."""
    ask(engine, clock, "fazem acupuntura?")
    with pytest.raises(refused):
        answer_once(engine, question, answer, by=OWNER, now=clock.now())
    assert rows(engine, "missing_question")[0]["state"] == MissingState.OPEN
    with transaction(engine) as session:
        assert published_id(session) == published


def test_without_a_base_there_is_nothing_to_add_to(engine: Engine, clock: HeldClock) -> None:
    """An answer before the first publication is refused with a sentence."""
    ask(engine, clock, "fazem acupuntura?")
    with pytest.raises(NothingPublished):
        answer_once(engine, 1, "Não.", by=OWNER, now=clock.now())


def test_a_dismissed_question_stays_away(engine: Engine, clock: HeldClock) -> None:
    """Asked again it is counted and not shown; it cannot be dismissed twice."""
    ask(engine, clock, "qual o time do dentista?")
    dismiss(engine, 1, by=OWNER, now=clock.now())
    assert ask(engine, clock, "qual o time do dentista") == [1]
    with transaction(engine) as session:
        assert missing.list_missing(session) == []
        assert [question.times for question in missing.list_missing(session, states=(MissingState.DISMISSED,))] == [2]
    with pytest.raises(QuestionClosed, match="dispensada"):
        dismiss(engine, 1, by=OWNER, now=clock.now())
