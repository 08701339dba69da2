"""The pots the model's calls are paid from: the queries over them; the caller holds the transaction."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, delete, func, update
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlmodel import Session, col, select

from secretaria.database.compiled import CompiledStatement
from secretaria.llm.models import EVERYBODY, SCOPES, LlmReservation, LlmSpending
from secretaria.llm.pricing import MICROS
from secretaria.settings import BudgetSection

KEY = ("scope", "conversation_id", "period")
CONVERSATIONS_KEPT = timedelta(days=40)
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Pot:
    """One limit and whose it is; a limit of 0 is none."""

    scope: str
    conversation_id: int
    period: date
    most_tokens: int
    most_micros: int

    def holds(self, tokens: int, micros: int) -> bool:
        """Tell whether this much is within the limit."""
        pairs = ((tokens, self.most_tokens), (micros, self.most_micros))
        return all(not most or used <= most for used, most in pairs)

    def share(self, tokens: int, micros: int) -> float:
        """Return which part is used of the limit that is nearest, 0 where there is none."""
        pairs = ((tokens, self.most_tokens), (micros, self.most_micros))
        return max((used / most for used, most in pairs if most), default=0.0)


def pots_of(limits: BudgetSection, conversation_id: int | None, day: date) -> list[Pot]:
    """Return the pots a call is paid from, the narrow one first: everybody locks them in this order.

    Args:
        limits: How much each holds.
        conversation_id: Who asks; None where no conversation does.
        day: The day in the business's zone.
    """
    shared = [
        Pot("day", EVERYBODY, day, limits.day_tokens, _micros(limits.day_usd)),
        Pot("month", EVERYBODY, day.replace(day=1), limits.month_tokens, _micros(limits.month_usd)),
    ]
    if conversation_id is None:
        return shared
    most = limits.conversation_tokens_per_day, _micros(limits.conversation_usd_per_day)
    return [Pot("conversation", conversation_id, day, *most), *shared]


# What everybody takes from stays locked until the commit is on disk; a second of spending may be lost with a PostgreSQL
# that is killed, and so nobody waits for the disk here.
TAKE = CompiledStatement("""
    WITH swift AS (SELECT set_config('synchronous_commit', 'off', true)),
    taken AS (
        INSERT INTO llm_spending (scope, conversation_id, period, tokens, micros)
        SELECT scope, conversation_id, period, :tokens, :micros
        FROM swift, unnest(CAST(:scopes AS text[]), CAST(:conversations AS bigint[]), CAST(:periods AS date[]))
             AS pot (scope, conversation_id, period)
        ON CONFLICT (scope, conversation_id, period) DO UPDATE
        SET tokens = llm_spending.tokens + excluded.tokens, micros = llm_spending.micros + excluded.micros
        WHERE (llm_spending.tokens + excluded.tokens <= (CAST(:most_tokens AS jsonb) ->> excluded.scope)::bigint)
          AND (llm_spending.micros + excluded.micros <= (CAST(:most_micros AS jsonb) ->> excluded.scope)::bigint)
        RETURNING scope
    ),
    reserved AS (
        INSERT INTO llm_reservation (conversation_id, day, tokens, micros, expires_at)
        VALUES (:conversation_id, :day, :tokens, :micros, :expires_at)
        RETURNING id
    )
    SELECT reserved.id, ARRAY(SELECT scope FROM taken) AS scopes FROM reserved
""")
SETTLE = CompiledStatement("""
    WITH swift AS (SELECT set_config('synchronous_commit', 'off', true)),
    held AS (DELETE FROM llm_reservation WHERE id = :reservation_id RETURNING tokens, micros),
    spent AS (
        SELECT :tokens - COALESCE((SELECT tokens FROM held), 0) AS tokens,
               :micros - COALESCE((SELECT micros FROM held), 0) AS micros
        FROM swift
    )
    INSERT INTO llm_spending (scope, conversation_id, period, tokens, micros)
    SELECT scope, conversation_id, period, GREATEST(spent.tokens, 0), GREATEST(spent.micros, 0)
    FROM spent, unnest(CAST(:scopes AS text[]), CAST(:conversations AS bigint[]), CAST(:periods AS date[]))
         AS pot (scope, conversation_id, period)
    ON CONFLICT (scope, conversation_id, period) DO UPDATE
    SET tokens = GREATEST(llm_spending.tokens + (SELECT tokens FROM spent), 0),
        micros = GREATEST(llm_spending.micros + (SELECT micros FROM spent), 0)
""")
SPENT = CompiledStatement("""
    SELECT scope, tokens, micros
    FROM unnest(CAST(:scopes AS text[]), CAST(:conversations AS bigint[]), CAST(:periods AS date[])) AS pot (scope, conversation_id, period)
    JOIN llm_spending USING (scope, conversation_id, period)
""")
NO_LIMIT = 2**62


def take(
    connection: Connection,
    pots: Sequence[Pot],
    tokens: int,
    micros: int,
    *,
    conversation_id: int | None,
    day: date,
    expires_at: datetime,
) -> tuple[int, Pot | None]:
    """Take from all pots, in their order and in one statement, and note what is set aside for a call.

    Args:
        connection: The caller's transaction, to be rolled back where a pot is short.
        pots: From which to take.
        tokens: What the call may use at most.
        micros: What it may cost at most, in micro-dollars.
        conversation_id: Who asks; None where no conversation does.
        day: The day whose pots these are.
        expires_at: When what is set aside goes back by itself.

    Returns:
        The number of the reservation, and the first pot that does not hold that much, if there is one.
    """
    short = next((pot for pot in pots if not pot.holds(tokens, micros)), None)
    if short is not None:
        return 0, short
    limits = {
        "most_tokens": json.dumps({pot.scope: pot.most_tokens or NO_LIMIT for pot in pots}),
        "most_micros": json.dumps({pot.scope: pot.most_micros or NO_LIMIT for pot in pots}),
    }
    about = {"conversation_id": conversation_id, "day": day, "expires_at": expires_at}
    row = TAKE.one(connection, {**_keys(pots), **limits, **about, "tokens": tokens, "micros": micros})
    return row.id, next((pot for pot in pots if pot.scope not in row.scopes), None)


def settle(connection: Connection, pots: Sequence[Pot], reservation_id: int, tokens: int, micros: int) -> None:
    """Put what was spent in the place of what a reservation held, or of nothing where it had run out."""
    amounts = {"reservation_id": reservation_id, "tokens": tokens, "micros": micros}
    SETTLE.run(connection, {**_keys(pots), **amounts})


def add(session: Session, pot: Pot, tokens: int, micros: int) -> None:
    """Add what was spent, or take off what was not, whatever the limit says; a pot never holds less than nothing."""
    fresh = _row(pot, max(tokens, 0), max(micros, 0))
    changed = {
        "tokens": func.greatest(col(LlmSpending.tokens) + tokens, 0),
        "micros": func.greatest(col(LlmSpending.micros) + micros, 0),
    }
    session.execute(fresh.on_conflict_do_update(index_elements=KEY, set_=changed))


def shares(connection: Connection, pots: Sequence[Pot]) -> dict[str, float]:
    """Return which part of each pot is used, by scope."""
    found = SPENT.all(connection, _keys(pots))
    used = {row.scope: (row.tokens, row.micros) for row in found}
    return {pot.scope: pot.share(*used.get(pot.scope, (0, 0))) for pot in pots}


def fullest_conversation(session: Session, limits: BudgetSection, day: date) -> float:
    """Return which part the conversation that spent most today has used of its pot."""
    spent = select(func.max(LlmSpending.tokens), func.max(LlmSpending.micros))
    tokens, micros = session.exec(spent.where(LlmSpending.scope == "conversation", LlmSpending.period == day)).one()
    return pots_of(limits, EVERYBODY, day)[0].share(tokens or 0, micros or 0)


def mark_told(session: Session, pot: Pot, now: datetime) -> bool:
    """Note that the operator was told of a used-up pot; whether that is news."""
    session.execute(_row(pot, 0, 0).on_conflict_do_nothing())
    untold = update(LlmSpending).where(_is(pot), col(LlmSpending.told_at).is_(None)).values(told_at=now)
    return session.execute(untold.returning(col(LlmSpending.scope))).first() is not None


def expire_reservations(session: Session, limits: BudgetSection, now: datetime) -> int:
    """Give back what was set aside by workers that died, and forget what old conversations spent.

    Returns:
        How many reservations ran out.
    """
    due = (
        select(LlmReservation)
        .where(col(LlmReservation.expires_at) <= now)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    expired = session.exec(due).all()
    returned: dict[Pot, tuple[int, int]] = {}
    for reservation in expired:
        for pot in pots_of(limits, reservation.conversation_id, reservation.day):
            tokens, micros = returned.get(pot, (0, 0))
            returned[pot] = tokens + reservation.tokens, micros + reservation.micros
        session.delete(reservation)
    session.flush()
    for pot in sorted(returned, key=lambda pot: (SCOPES.index(pot.scope), pot.conversation_id, pot.period)):
        tokens, micros = returned[pot]
        add(session, pot, -tokens, -micros)
    old = (now - CONVERSATIONS_KEPT).date()
    session.execute(delete(LlmSpending).where(col(LlmSpending.scope) == "conversation", col(LlmSpending.period) < old))
    return len(expired)


def _keys(pots: Sequence[Pot]) -> dict[str, list[object]]:
    return {
        "scopes": [pot.scope for pot in pots],
        "conversations": [pot.conversation_id for pot in pots],
        "periods": [pot.period for pot in pots],
    }


def _row(pot: Pot, tokens: int, micros: int) -> Insert:
    return insert(LlmSpending).values(
        scope=pot.scope, conversation_id=pot.conversation_id, period=pot.period, tokens=tokens, micros=micros
    )


def _is(pot: Pot) -> ColumnElement[bool]:
    return and_(
        col(LlmSpending.scope) == pot.scope,
        col(LlmSpending.conversation_id) == pot.conversation_id,
        col(LlmSpending.period) == pot.period,
    )


def _micros(usd: float) -> int:
    return round(usd * MICROS)
