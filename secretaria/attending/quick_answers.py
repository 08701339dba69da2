"""Answers that the team types every day, each under a short name; everybody's, and every change is noted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from secretaria.attending.models import QuickAnswer
from secretaria.audit.trail import Actor, note
from secretaria.errors import NotFound, UsageInvalid

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}", re.ASCII)
LONGEST = 4096


class QuickAnswerUnknown(NotFound):
    """There is no quick answer of this name."""


class QuickAnswerInvalid(UsageInvalid):
    """The name cannot be typed everywhere, or there is no text."""


def list_quick_answers(session: Session) -> Sequence[QuickAnswer]:
    """Return all of them, by name."""
    return session.exec(select(QuickAnswer).order_by(col(QuickAnswer.name))).all()


def save_quick_answer(session: Session, name: str, text: str, by: Actor, now: datetime) -> QuickAnswer:
    """Write a quick answer, or write over the one of this name.

    Raises:
        QuickAnswerInvalid: The name or the text does not serve.
    """
    wanted, words = name.strip().lstrip("/").lower(), text.replace("\0", "").strip()
    if not NAME.fullmatch(wanted):
        raise QuickAnswerInvalid(f"o nome {name!r} não serve", "use letras sem acento, números e hífen, até 40")
    if not 0 < len(words) <= LONGEST:
        raise QuickAnswerInvalid("o texto está vazio ou longo demais", f"escreva até {LONGEST} caracteres")
    known = session.exec(select(QuickAnswer).where(QuickAnswer.name == wanted).with_for_update()).first()
    before = None if known is None else {"answer": known.text}
    answer = known or QuickAnswer(name=wanted, text=words, changed_by=by.name, changed_at=now)
    answer.text, answer.changed_by, answer.changed_at = words, by.name, now
    session.add(answer)
    session.flush()
    note(session, by, "quick_answer.saved", f"quick_answer:{wanted}", at=now, before=before, after={"answer": words})
    return answer


def remove_quick_answer(session: Session, name: str, by: Actor, now: datetime) -> None:
    """Remove a quick answer.

    Raises:
        QuickAnswerUnknown: There is none of this name.
    """
    known = session.exec(select(QuickAnswer).where(QuickAnswer.name == name).with_for_update()).first()
    if known is None:
        raise QuickAnswerUnknown(f"não existe a resposta rápida {name!r}", "veja as que existem na lista")
    session.delete(known)
    session.flush()
    note(session, by, "quick_answer.removed", f"quick_answer:{name}", at=now, before={"answer": known.text})
