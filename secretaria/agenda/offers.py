"""Offers: concrete changes told to a customer, kept with the reply, and which of them the next words choose."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from secretaria.agenda.models import Action, Offer
from secretaria.agenda.spoken import names_day, plain, same_time, times_in, written_name

YES = frozenset({
    "sim", "s", "ss", "pode", "quero", "queria", "ok", "okay", "okey", "blz", "beleza", "isso", "esse", "essa", "este",
    "esta", "perfeito", "otimo", "otima", "fechado", "marca", "marque", "marcar", "agenda", "agende", "agendar",
    "confirmo", "confirmado", "confirmada", "confirma", "confirmar", "certo", "combinado", "claro", "bora", "show", "top",
    "aceito", "serve", "bom", "boa", "positivo", "uhum", "aham", "yes", "si", "vale", "vamos", "melhor", "prefiro",
    "primeiro", "primeira", "segundo", "terceiro", "terceira", "ultimo", "ultima", "tanto", "qualquer",
    "cancela", "cancele", "cancelar", "desmarca", "desmarque", "desmarcar",
})  # fmt: skip
NO = frozenset({"nao", "n", "nenhum", "nenhuma", "nem", "deixa", "esquece", "desisto", "no"})
THUMBS = ("👍", "👌", "✅", "🙏", "🤝")
SLOT_ACTIONS = (Action.BOOK, Action.MOVE)


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that can be done to the agenda, complete: it is executed as it stands.

    Attributes:
        booking: Code of the booking that is moved, cancelled or confirmed; None for a new one.
        starts_at: The time it gets; of a cancelled or confirmed booking the time it has.
    """

    action: str
    kind: str
    unit: str
    starts_at: datetime
    ends_at: datetime
    booking: str | None = None
    slot_id: int | None = None
    person: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """What the model understood the customer to choose; None where it said nothing of it."""

    day: date | None = None
    at: time | None = None
    unit: str | None = None
    booking: str | None = None


def keep_offers(
    session: Session,
    changes: Sequence[Change],
    *,
    conversation_id: int,
    contact_id: int,
    turn_id: int,
    bubbles: Sequence[str],
    zone: ZoneInfo,
    hours: float,
    now: datetime,
) -> None:
    """Keep what a reply offered, in the transaction that writes the reply.

    Args:
        session: The caller's transaction.
        changes: What the tool told the model.
        conversation_id: Where it is offered.
        contact_id: To whom.
        turn_id: The turn whose reply offers it.
        bubbles: What is really said: where it names times, only slots at those times were offered.
        zone: Of the business.
        hours: How long it may be accepted.
        now: The present moment.
    """
    offered = _said(changes, bubbles, zone)
    if not offered:
        return
    session.add(
        Offer(
            conversation_id=conversation_id,
            contact_id=contact_id,
            turn_id=turn_id,
            changes=[_encoded(change) for change in offered],
            made_at=now,
            expires_at=now + timedelta(hours=hours),
        )
    )
    session.flush()


def standing_offers(session: Session, conversation_id: int, contact_id: int, now: datetime) -> tuple[Change, ...]:
    """Return the newest set of a conversation if it has not expired; an older set never counts again."""
    statement = (
        select(Offer)
        .where(Offer.conversation_id == conversation_id, Offer.contact_id == contact_id)
        .order_by(col(Offer.id).desc())
        .limit(1)
    )
    newest = session.exec(statement).first()
    if newest is None or newest.expires_at <= now:
        return ()
    changes = (_decoded(change) for change in newest.changes)
    return tuple(change for change in changes if change.starts_at > now)


def matching(changes: Sequence[Change], choice: Choice, zone: ZoneInfo) -> list[Change]:
    """Return the offers that fit what was understood; the exact time wins over the one twelve hours later."""
    fitting = [
        change
        for change in changes
        if choice.unit in {None, change.unit}
        and choice.booking in {None, change.booking}
        and choice.day in {None, change.starts_at.astimezone(zone).date()}
    ]
    if choice.at is None:
        return fitting
    exact = [change for change in fitting if _local_time(change, zone) == choice.at]
    return exact or [change for change in fitting if same_time(choice.at, _local_time(change, zone))]


def agrees(texts: Sequence[str], change: Change, zone: ZoneInfo, now: datetime) -> bool:
    """Say whether the customer's own words choose an offer: the model's word alone writes nothing.

    A time that is named must be the time of the offer. Without one, the day, the unit or a yes will do, and a no
    that names none of them is a no. To ask about a day is not to choose it.
    """
    said = "\n".join(texts)
    stated = "\n".join(text for text in texts if not text.rstrip().endswith("?"))
    times = {at for text in texts for at in times_in(text)}
    if times:
        return any(same_time(at, _local_time(change, zone)) for at in times)
    local = change.starts_at.astimezone(zone)
    today = now.astimezone(zone).date()
    if names_day(stated, local.date(), today) or plain(written_name(change.unit)) in plain(stated):
        return True
    words = set(re.findall(r"\w+", plain(said)))
    if words & NO:
        return False
    return bool(words & YES) or any(sign in said for sign in THUMBS)


def with_person(change: Change, person: str | None) -> Change:
    """Return a change with the name of who comes, where one was said."""
    return replace(change, person=person) if person else change


def _said(changes: Sequence[Change], bubbles: Sequence[str], zone: ZoneInfo) -> list[Change]:
    times = {at for bubble in bubbles for at in times_in(bubble)}
    named = [
        change
        for change in changes
        if change.action not in SLOT_ACTIONS or any(same_time(at, _local_time(change, zone)) for at in times)
    ]
    return named or list(changes)


def _local_time(change: Change, zone: ZoneInfo) -> time:
    return change.starts_at.astimezone(zone).time()


def _encoded(change: Change) -> dict[str, Any]:
    return {**asdict(change), "starts_at": change.starts_at.isoformat(), "ends_at": change.ends_at.isoformat()}


def _decoded(kept: dict[str, Any]) -> Change:
    moments = {name: datetime.fromisoformat(kept[name]) for name in ("starts_at", "ends_at")}
    return Change(**{**kept, **moments})
