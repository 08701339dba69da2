"""The pots on a real PostgreSQL: nobody takes more than there is, and what was not spent comes back."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from secretaria.clock import HeldClock
from secretaria.database.engine import build_engine
from secretaria.llm.budget import Budget, BudgetUsedUp, Hold, Step
from secretaria.llm.chat import ChatRequest, ChatUnavailable
from secretaria.llm.openai_chat import OpenAIChat
from secretaria.llm.pots import fullest_conversation, pots_of, shares
from secretaria.llm.pricing import PriceList
from secretaria.local.engines import EngineUrls
from secretaria.settings import BudgetSection
from tests.answering import a_chat, captured_lines
from tests.builders import rows
from tests.scripted_model import ScriptedModel, a_completion, answers, says

ANA, BIA = 1, 2
UNLIMITED = BudgetSection(
    conversation_tokens_per_day=0, conversation_usd_per_day=0, day_tokens=0, day_usd=0, month_tokens=0, month_usd=0
)
PRICED = ("modelo-principal 1 1", "modelo-reserva 1 1", "ouvido 0.006")


def a_budget(engine: Engine, clock: HeldClock, **limits: object) -> Budget:
    """Build a budget that has only the limits given."""
    section = UNLIMITED.model_copy(update=limits)
    return Budget(engine, clock, section, PriceList(PRICED), lambda: ZoneInfo("America/Sao_Paulo"))


def spend(budget: Budget, tokens: int, conversation_id: int | None = ANA) -> Hold:
    """Set a number of tokens aside."""
    return budget.reserve(conversation_id, "modelo-principal", prompt_tokens=tokens)


def pots(engine: Engine) -> dict[str, tuple[int, int]]:
    """Return tokens and micro-dollars of each pot, by scope."""
    return {row["scope"]: (row["tokens"], row["micros"]) for row in rows(engine, "llm_spending")}


def test_what_is_set_aside_counts_at_once(engine: Engine, clock: HeldClock) -> None:
    """All three pots hold less from the moment of the reservation."""
    spend(a_budget(engine, clock), 1000)
    assert pots(engine) == dict.fromkeys(("conversation", "day", "month"), (1000, 1000))


def test_what_a_call_really_cost_takes_its_place(engine: Engine, clock: HeldClock) -> None:
    """The difference goes back, and no reservation is left."""
    hold = spend(a_budget(engine, clock), 1000)
    assert hold.settle(300, 100) == 400
    assert pots(engine) == dict.fromkeys(("conversation", "day", "month"), (400, 400))
    assert rows(engine, "llm_reservation") == []


def test_a_call_that_was_not_made_costs_nothing(engine: Engine, clock: HeldClock) -> None:
    """A refusal of the service gives everything back; twice gives it back once."""
    hold = spend(a_budget(engine, clock), 1000)
    hold.release()
    hold.release()
    assert set(pots(engine).values()) == {(0, 0)}


@pytest.mark.parametrize(
    ("limit", "scope"),
    [
        ({"conversation_tokens_per_day": 1500}, "conversation"),
        ({"conversation_usd_per_day": 0.0015}, "conversation"),
        ({"day_tokens": 1500}, "day"),
        ({"day_usd": 0.0015}, "day"),
        ({"month_tokens": 1500}, "month"),
        ({"month_usd": 0.0015}, "month"),
    ],
)
def test_a_pot_that_is_short_refuses_and_no_other_pot_pays(
    engine: Engine, clock: HeldClock, limit: dict[str, object], scope: str
) -> None:
    """The second call does not fit: the first one's spending is all there is."""
    budget = a_budget(engine, clock, **limit)
    spend(budget, 1000)
    with pytest.raises(BudgetUsedUp) as refused:
        spend(budget, 1000)
    assert refused.value.scope == scope
    assert set(pots(engine).values()) == {(1000, 1000)}


def test_the_first_call_of_a_day_may_be_too_large_too(engine: Engine, clock: HeldClock) -> None:
    """There is no row to compare with yet, and still the limit holds."""
    with pytest.raises(BudgetUsedUp):
        spend(a_budget(engine, clock, day_tokens=999), 1000)


def test_workers_side_by_side_do_not_take_more_than_there_is(
    engines: EngineUrls, engine: Engine, clock: HeldClock
) -> None:
    """Sixteen threads want twice what the day holds: exactly what it holds is given out."""
    wide = build_engine(engines.database_url, pool_size=16)
    budget = a_budget(wide, clock, day_tokens=16_000)

    def take_two(conversation_id: int) -> int:
        taken = 0
        for _ in range(2):
            try:
                spend(budget, 1000, conversation_id % 3)
            except BudgetUsedUp:
                continue
            taken += 1
        return taken

    with ThreadPoolExecutor(16) as threads:
        taken = sum(threads.map(take_two, range(16)))
    wide.dispose()
    assert taken == 16
    with Session(engine) as session:
        day = pots_of(UNLIMITED.model_copy(update={"day_tokens": 16_000}), None, clock.now().date())
        assert shares(session.connection(), day)["day"] == 1.0
    assert len(rows(engine, "llm_reservation")) == 16


def test_a_flooding_contact_is_stopped_alone_and_told_of_once(engine: Engine, clock: HeldClock) -> None:
    """Five hundred calls of one customer spend no more than her cap, and the next customer is answered."""
    budget = a_budget(engine, clock, conversation_tokens_per_day=10_000)
    with captured_lines() as lines:
        for _ in range(500):
            try:
                spend(budget, 1000).settle(1000)
            except BudgetUsedUp:
                continue
    spend(budget, 1000, BIA)
    told = [line for line in lines if line["message"] == "budget_used_up"]
    assert [line["extra"]["conversation_id"] for line in told] == [ANA]
    assert pots(engine)["day"] == (11_000, 11_000)


def test_a_reservation_of_a_dead_worker_comes_back(engine: Engine, clock: HeldClock) -> None:
    """After five minutes nobody is coming to settle it; until then it counts."""
    budget = a_budget(engine, clock, day_tokens=1000)
    spend(budget, 1000)
    clock.advance(299)
    assert budget.expire() == 0
    clock.advance(1)
    assert budget.expire() == 1
    assert budget.expire() == 0
    spend(budget, 1000, BIA)


def test_a_call_that_ends_after_its_reservation_ran_out_counts_whole(engine: Engine, clock: HeldClock) -> None:
    """Giving back and settling do not cancel each other: what was paid stays paid."""
    budget = a_budget(engine, clock)
    hold = spend(budget, 1000)
    clock.advance(600)
    budget.expire()
    hold.settle(700, 100)
    assert set(pots(engine).values()) == {(800, 800)}


def test_the_day_is_the_business_s_and_the_month_goes_on(engine: Engine, clock: HeldClock) -> None:
    """At 23:30 in São Paulo it is tomorrow in UTC, but the pot is still today's; half an hour later it is full again."""
    budget = a_budget(engine, clock, day_tokens=1000)
    clock.advance(((23 - 10) * 60 + 30) * 60)  # from 10:00 to 23:30 local time
    assert clock.now().astimezone(UTC).hour == 2
    spend(budget, 1000)
    with pytest.raises(BudgetUsedUp):
        spend(budget, 1000)
    clock.advance(30 * 60)
    spend(budget, 1000)
    assert [str(row["period"]) for row in rows(engine, "llm_spending") if row["scope"] == "month"] == ["2026-08-01"]


def test_the_ladder_goes_down_as_the_fullest_pot_empties(engine: Engine, clock: HeldClock) -> None:
    """Smaller model, shorter memory, and at last no model at all."""
    budget = a_budget(engine, clock, day_tokens=1000, small_model="modelo-pequeno")
    steps = []
    for _ in range(10):
        steps.append(budget.step(ANA))
        spend(budget, 100, BIA)
    assert steps == [Step.FULL] * 7 + [Step.SMALL_MODEL] * 2 + [Step.SHORT_MEMORY]
    assert budget.step(ANA) is Step.TEMPLATE
    assert budget.model_at(Step.FULL) == ""
    assert budget.model_at(Step.SHORT_MEMORY) == "modelo-pequeno"


def test_without_a_smaller_model_that_rung_is_left_out(engine: Engine, clock: HeldClock) -> None:
    """The usual model goes on, with less to read."""
    budget = a_budget(engine, clock, day_tokens=1000)
    spend(budget, 800)
    assert budget.step(ANA) is Step.FULL
    spend(budget, 100)
    assert budget.step(ANA) is Step.SHORT_MEMORY


def test_without_limits_nobody_is_short(engine: Engine, clock: HeldClock) -> None:
    """Zero means no limit, not no money."""
    budget = a_budget(engine, clock)
    spend(budget, 10**12)
    assert budget.step(ANA) is Step.FULL


def test_audio_is_paid_by_its_length(engine: Engine, clock: HeldClock) -> None:
    """A transcription takes money and no tokens, from the same pots."""
    hold = a_budget(engine, clock).reserve(ANA, "ouvido", purpose="transcription", audio_seconds=60)
    assert hold.settle() == 6000
    assert set(pots(engine).values()) == {(0, 6000)}


def test_what_conversations_spent_long_ago_is_forgotten(engine: Engine, clock: HeldClock) -> None:
    """After forty days only the sums of the whole installation are kept."""
    budget = a_budget(engine, clock)
    spend(budget, 1000).settle(1000)
    clock.advance(42 * 86400)
    budget.expire()
    assert set(pots(engine)) == {"day", "month"}


def test_the_fullest_conversation_is_seen(engine: Engine, clock: HeldClock) -> None:
    """One number tells whether anybody is near the cap, and names nobody."""
    budget = a_budget(engine, clock, conversation_tokens_per_day=1000)
    spend(budget, 100)
    spend(budget, 600, BIA)
    limits = UNLIMITED.model_copy(update={"conversation_tokens_per_day": 1000})
    with Session(engine) as session:
        assert fullest_conversation(session, limits, clock.now().date()) == 0.6


REQUEST = ChatRequest(
    messages=({"role": "user", "content": "oi"},), schema_name="resposta", schema={}, conversation_id=ANA
)


@pytest.fixture
def pair(engine: Engine, clock: HeldClock, model: ScriptedModel) -> Iterator[OpenAIChat]:
    """Connect to a model and its reserve, with 2,000 tokens for the day."""
    client = a_chat(
        model.url, fallback_model="modelo-reserva", timeout_seconds=1.0, budget=a_budget(engine, clock, day_tokens=2000)
    )
    yield client
    client.close()


def test_a_call_costs_what_the_service_says(pair: OpenAIChat, model: ScriptedModel, engine: Engine) -> None:
    """900 tokens read and 90 written; the answer carries its price for the reply's receipt."""
    model.endings.append(says("{}"))
    assert pair.complete(REQUEST).cost_micros == 990
    assert set(pots(engine).values()) == {(990, 990)}


def test_a_service_that_does_not_count_is_estimated(pair: OpenAIChat, model: ScriptedModel) -> None:
    """Without a usage in the answer the call is not free."""
    model.endings.append(answers(200, a_completion("x" * 320, usage=None)))
    assert pair.complete(REQUEST).cost_micros == 2 + 100


def test_the_reserve_is_paid_too_and_a_failure_of_the_service_is_not(
    pair: OpenAIChat, model: ScriptedModel, engine: Engine
) -> None:
    """The first model failed and charges nothing; what the reserve cost is all."""
    model.endings.extend([answers(500, b""), says("{}")])
    assert pair.complete(REQUEST).model == "modelo-reserva"
    assert set(pots(engine).values()) == {(990, 990)}


def test_an_answer_that_never_came_is_paid_for_what_was_read(
    pair: OpenAIChat, model: ScriptedModel, engine: Engine
) -> None:
    """The service read the prompt, and may charge for it, whether we waited or not."""
    model.faults.mode = "timeout"
    with pytest.raises(ChatUnavailable):
        pair.complete(REQUEST)
    assert pots(engine)["day"] == (4, 4)  # twice, the reserve waited too
    assert rows(engine, "llm_reservation") == []


def test_without_budget_nobody_is_asked(pair: OpenAIChat, model: ScriptedModel) -> None:
    """Two calls fit into the day; the third is refused before any byte leaves."""
    model.endings.extend([says("{}")] * 3)
    pair.complete(REQUEST)
    pair.complete(REQUEST)
    asked = len(model.asked)
    with pytest.raises(BudgetUsedUp):
        pair.complete(REQUEST)
    assert len(model.asked) == asked


def test_a_request_may_name_a_smaller_model(pair: OpenAIChat, model: ScriptedModel) -> None:
    """The ladder's second rung asks another model than the configured one."""
    model.endings.append(says("{}"))
    pair.complete(replace(REQUEST, model="modelo-pequeno"))
    assert model.asked[-1]["model"] == "modelo-pequeno"
