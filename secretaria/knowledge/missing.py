"""The question that had no answer: counted together with those that resemble it, and answered once by the owner."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import Engine, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from secretaria.audit.trail import Actor, note
from secretaria.database.transaction import transaction
from secretaria.errors import Conflict, NotFound
from secretaria.knowledge.changing import Change, edit_published
from secretaria.knowledge.editing import add_chunk
from secretaria.knowledge.models import MissingQuestion, MissingState
from secretaria.knowledge.words import fold, subject_words
from secretaria.privacy import mask_text

ANSWERS_FILE = "perguntas-respondidas.md"
LINE_LIMIT = 200
ALIKE = 0.5
COUNTED = (MissingState.OPEN, MissingState.DISMISSED)
LIST_HINT = "veja as perguntas com: secretaria knowledge missing"


class QuestionNotFound(NotFound):
    """No question has this number."""

    def __init__(self, question_id: int) -> None:
        super().__init__(f"não existe a pergunta {question_id}", LIST_HINT)


class QuestionClosed(Conflict):
    """Somebody answered or dismissed it before."""

    def __init__(self, question: MissingQuestion) -> None:
        done = "respondida" if question.state == MissingState.ANSWERED else "dispensada"
        super().__init__(f"a pergunta {question.id} já foi {done} por {question.closed_by}", LIST_HINT)


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of an answer: the question, and the version that holds it."""

    question: MissingQuestion
    change: Change


def record_missing(session: Session, asked: str, now: datetime) -> int | None:
    """Count a question that the base does not answer; who asked it is not kept.

    Questions of the same words, or of words that resemble them, count as one. One that was dismissed stays so; one
    that was answered and is asked again is a new one, because the answer did not help.

    Args:
        session: The transaction that ends the turn.
        asked: The request in one line, as the model understood it; personal data in it is masked.
        now: The present moment.

    Returns:
        The question; None where nothing was asked.
    """
    line = mask_text(" ".join(asked.split()))[:LINE_LIMIT].strip()
    folded = " ".join(subject_words([line])) or fold(line)
    if not any(letter.isalnum() for letter in folded):
        return None
    session.execute(text("SELECT set_config('pg_trgm.similarity_threshold', :alike, true)"), {"alike": str(ALIKE)})
    resembling = (
        select(col(MissingQuestion.id))
        .where(col(MissingQuestion.state).in_(COUNTED), col(MissingQuestion.folded).bool_op("%")(folded))
        .order_by(func.similarity(MissingQuestion.folded, folded).desc(), col(MissingQuestion.id))
        .limit(1)
    )
    known = session.execute(resembling).scalar_one_or_none()
    counted = {"times": col(MissingQuestion.times) + 1, "last_at": now}
    if known is not None:
        session.execute(update(MissingQuestion).where(col(MissingQuestion.id) == known).values(counted))
        return int(known)
    placed = session.execute(
        insert(MissingQuestion)
        .values(asked=line, folded=folded, times=1, state=MissingState.OPEN, first_at=now, last_at=now)
        .on_conflict_do_update(  # the same question ends another turn at this very moment
            index_elements=["folded"], index_where=text("state IN ('open', 'dismissed')"), set_=counted
        )
        .returning(col(MissingQuestion.id))
    )
    return int(placed.scalar_one())


def list_missing(
    session: Session, *, states: tuple[MissingState, ...] = (MissingState.OPEN,), limit: int = 50
) -> list[MissingQuestion]:
    """Return what customers asked in vain, the most asked first, then the most recent."""
    query = (
        select(MissingQuestion)
        .where(col(MissingQuestion.state).in_(states))
        .order_by(col(MissingQuestion.times).desc(), col(MissingQuestion.last_at).desc(), col(MissingQuestion.id))
        .limit(limit)
    )
    return list(session.execute(query).scalars())


def answer_once(
    engine: Engine, question_id: int, answer: str, *, by: Actor, now: datetime, title: str = ""
) -> Answered:
    """Publish the answer as one more unit of the base, and close the question, in one transaction.

    Args:
        engine: The database.
        question_id: Which question.
        answer: What customers may be told.
        by: Who answers.
        now: The present moment.
        title: The heading of the unit; the question itself by default.

    Raises:
        QuestionNotFound: There is none of this number.
        QuestionClosed: It is no longer open.
        ChunkInvalid: The answer cannot be a unit of the base.
        BusinessInvalid: The base has such a title already.
        NothingPublished: There is no base to add it to.
        PublishedMeanwhile: Somebody else published at this moment; nothing is changed.
    """
    with transaction(engine) as session:
        question = _open_question(session, question_id)
        edit = partial(add_chunk, file=ANSWERS_FILE, title=title or question.asked, text=answer)
        change = edit_published(
            session, edit, origin="answer", by=by, now=now, note=f"resposta à pergunta {question_id}"
        )
        question.state, question.version_id = MissingState.ANSWERED, change.version_id
        question.closed_at, question.closed_by = now, by.signature
        session.add(question)
        return Answered(question, change)


def dismiss(engine: Engine, question_id: int, *, by: Actor, now: datetime) -> MissingQuestion:
    """Take a question off the list for good, also when it is asked again.

    Raises:
        QuestionNotFound: There is none of this number.
        QuestionClosed: It is no longer open.
    """
    with transaction(engine) as session:
        question = _open_question(session, question_id)
        question.state, question.closed_at, question.closed_by = MissingState.DISMISSED, now, by.signature
        session.add(question)
        note(session, by, "knowledge.dismissed", f"pergunta {question_id}", at=now)
        return question


def show_question(session: Session, question_id: int) -> MissingQuestion:
    """Return one question.

    Raises:
        QuestionNotFound: There is none of this number.
    """
    question = session.get(MissingQuestion, question_id)
    if question is None:
        raise QuestionNotFound(question_id)
    return question


def _open_question(session: Session, question_id: int) -> MissingQuestion:
    question = session.get(MissingQuestion, question_id, with_for_update=True)
    if question is None:
        raise QuestionNotFound(question_id)
    if question.state != MissingState.OPEN:
        raise QuestionClosed(question)
    return question
