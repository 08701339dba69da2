"""What the model may still cost: taken from three pots before a call, settled after it, and a ladder for when they run low.

A call takes from the conversation's pot of the day, from the day's and from the month's, in that order and in one short
transaction: the narrow pot first, so that the one everybody shares is locked for the shortest time. Taking is a
conditional upsert, so workers side by side cannot take more together than there is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum

from loguru import logger
from sqlalchemy import Engine
from sqlmodel import Session

from secretaria import metrics
from secretaria.clock import Clock
from secretaria.database.transaction import DatabaseUnavailable, plain_transaction, transaction
from secretaria.llm.chat import BUDGET_USED_UP, ChatUnavailable
from secretaria.llm.pots import (
    Pot,
    expire_reservations,
    fullest_conversation,
    mark_told,
    pots_of,
    settle,
    shares,
    take,
)
from secretaria.llm.pricing import MICROS, PriceList
from secretaria.settings import BudgetSection

RESERVED_FOR = timedelta(minutes=5)  # longer than any call; what is left after it belonged to a worker that died


class Step(StrEnum):
    """How much of the usual effort the budget still pays for, from all of it to none."""

    FULL = "full"
    SMALL_MODEL = "small_model"
    SHORT_MEMORY = "short_memory"
    TEMPLATE = "template"
    """No call: a fixed sentence, and a person."""
    PERSON = "person"
    """No sentence either, where it was said already: only the person. Whoever writes the reply knows that."""


class BudgetUsedUp(ChatUnavailable):
    """A pot does not hold what this call may cost; the model is not asked.

    Attributes:
        scope: Which pot: ``conversation``, ``day`` or ``month``.
    """

    def __init__(self, scope: str) -> None:
        super().__init__(BUDGET_USED_UP)
        self.message = f"o orçamento do modelo acabou ({scope})"
        self.hint = "veja [budget] no secretaria.toml"
        self.scope = scope


class Budget:
    """The pots of one installation; threads and processes may share them."""

    def __init__(
        self, engine: Engine, clock: Clock, limits: BudgetSection, prices: PriceList, zone: Callable[[], tzinfo]
    ) -> None:
        """Open nothing yet.

        Args:
            engine: Where the pots are.
            clock: The time.
            limits: How much each pot holds, and from which part on the ladder begins.
            prices: What calls cost.
            zone: Where the business's day begins and ends.
        """
        self._engine = engine
        self._clock = clock
        self._limits = limits
        self._prices = prices
        self._zone = zone

    def step(self, conversation_id: int, session: Session | None = None) -> Step:
        """Say how much of the usual effort the fullest pot still pays for.

        Args:
            conversation_id: Who would be answered.
            session: A transaction of the caller's to look in; None for one of its own.

        Raises:
            DatabaseUnavailable: PostgreSQL is away.
        """
        pots = self._pots(conversation_id, self._today())
        if session is not None:
            share = max(shares(session.connection(), pots).values())
        else:
            with plain_transaction(self._engine) as own:
                share = max(shares(own, pots).values())
        if share >= 1:
            return Step.TEMPLATE
        if share >= self._limits.short_memory_at:
            return Step.SHORT_MEMORY
        return Step.SMALL_MODEL if share >= self._limits.small_model_at and self._limits.small_model else Step.FULL

    def model_at(self, step: Step) -> str:
        """Return the model to ask at a step; empty for the usual one."""
        return "" if step is Step.FULL else self._limits.small_model

    def reserve(
        self,
        conversation_id: int | None,
        model: str,
        *,
        purpose: str = "reply",
        prompt_tokens: int = 0,
        completion_tokens: int = 0,
        audio_seconds: float = 0.0,
    ) -> Hold:
        """Set aside what a call may cost at most.

        Args:
            conversation_id: Whose pot pays too; None where no conversation asks.
            model: Which model is asked.
            purpose: What for, from ``metrics.LLM_PURPOSES``.
            prompt_tokens: Tokens it reads, estimated.
            completion_tokens: Tokens it may write.
            audio_seconds: Length of the audio it hears.

        Raises:
            BudgetUsedUp: A pot does not hold that much.
            DatabaseUnavailable: PostgreSQL is away; without it nobody may spend.
        """
        now, day = self._clock.now(), self._today()
        tokens = prompt_tokens + completion_tokens
        micros = self._prices.cost_of(model, prompt_tokens, completion_tokens, on=day)
        micros += self._prices.cost_of_audio(model, audio_seconds, on=day)
        pots = self._pots(conversation_id, day)
        with plain_transaction(self._engine) as connection:
            reservation_id, short = take(
                connection,
                pots,
                tokens,
                micros,
                conversation_id=conversation_id,
                day=day,
                expires_at=now + RESERVED_FOR,
            )
            if short is not None:
                connection.rollback()
        if short is not None:
            self._tell_once(short, now)
            raise BudgetUsedUp(short.scope)
        return Hold(self, reservation_id, conversation_id, day, model, purpose, prompt_tokens, audio_seconds)

    def settle(
        self, hold: Hold, *, prompt_tokens: int, completion_tokens: int, cached_tokens: int, seconds: float
    ) -> int:
        """Put what a call really cost in the place of what was set aside for it; see ``Hold.settle``."""
        micros = self._prices.cost_of(
            hold.model, prompt_tokens, completion_tokens, on=hold.day, cached_tokens=cached_tokens
        )
        micros += self._prices.cost_of_audio(hold.model, seconds, on=hold.day)
        if not self._prices.knows(hold.model, on=hold.day):
            metrics.LLM_UNPRICED.inc()
        counted = {"fresh": prompt_tokens - cached_tokens, "cached": cached_tokens, "written": completion_tokens}
        for kind, tokens in counted.items():
            metrics.LLM_TOKENS.labels(hold.purpose, kind).inc(max(tokens, 0))
        metrics.LLM_COST.labels(hold.purpose).inc(micros / MICROS)
        self.close(hold, prompt_tokens + completion_tokens, micros)
        return micros

    def close(self, hold: Hold, tokens: int, micros: int) -> None:
        """End a reservation: what was set aside goes back, what was spent stays; a call that is over never fails by it."""
        try:
            with plain_transaction(self._engine) as connection:
                settle(connection, self._pots(hold.conversation_id, hold.day), hold.reservation_id, tokens, micros)
        except DatabaseUnavailable:
            logger.bind(tokens=tokens, micros=micros).warning("spending_not_settled")

    def expire(self) -> int:
        """Give back what workers that died had set aside.

        Returns:
            How many reservations ran out.

        Raises:
            DatabaseUnavailable: PostgreSQL is away; the next look finds the same ones.
        """
        with transaction(self._engine) as session:
            expired = expire_reservations(session, self._limits, self._clock.now())
        if expired:
            logger.bind(reservations=expired).warning("reservations_expired")
        return expired

    def shares(self, session: Session) -> dict[str, float]:
        """Return which part of the day's and the month's pot is used, and of the conversation's that used most today."""
        day = self._today()
        used = shares(session.connection(), self._pots(None, day))
        return {**used, "conversation": fullest_conversation(session, self._limits, day)}

    def _pots(self, conversation_id: int | None, day: date) -> list[Pot]:
        return pots_of(self._limits, conversation_id, day)

    def _today(self) -> date:
        return self._clock.now().astimezone(self._zone()).date()

    def _tell_once(self, pot: Pot, now: datetime) -> None:
        """Tell the operator the first time a pot refuses; each refusal is counted."""
        metrics.BUDGET_REFUSALS.labels(pot.scope).inc()
        with transaction(self._engine) as session:
            news = mark_told(session, pot, now)
        if news:
            logger.bind(scope=pot.scope, conversation_id=pot.conversation_id or None, period=str(pot.period)).error(
                "budget_used_up"
            )


@dataclass(frozen=True, slots=True)
class Hold:
    """What is set aside for one call under way; it ends with ``settle`` or ``release``, or by itself in five minutes.

    Attributes:
        prompt_tokens: What the call reads, estimated.
        audio_seconds: What it hears.
    """

    budget: Budget
    reservation_id: int
    conversation_id: int | None
    day: date
    model: str
    purpose: str
    prompt_tokens: int
    audio_seconds: float

    def settle(self, prompt_tokens: int | None = None, completion_tokens: int = 0, *, cached_tokens: int = 0) -> int:
        """Count what the call really cost.

        Args:
            prompt_tokens: Tokens read; what was estimated where the service does not say.
            completion_tokens: Tokens written.
            cached_tokens: Tokens of the prompt that came from the service's cache.

        Returns:
            The cost in micro-dollars.
        """
        return self.budget.settle(
            self,
            prompt_tokens=self.prompt_tokens if prompt_tokens is None else prompt_tokens,
            completion_tokens=completion_tokens,
            cached_tokens=cached_tokens,
            seconds=self.audio_seconds,
        )

    def release(self) -> None:
        """Give all of it back: the call was not made, or the service refused it and charges nothing."""
        self.budget.close(self, 0, 0)
