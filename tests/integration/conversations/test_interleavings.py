"""Whatever order customers, bot, person, clock, deaths and hand-backs come in, the promises hold at every step."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from sqlalchemy import Engine

from secretaria.clock import HeldClock
from secretaria.knowledge.snapshot import Business
from secretaria.queue.jobs import ANSWER_TURN, DELIVER_ITEM, FILE_EVENT
from tests.emptied import empty
from tests.integration.conversations.town import CUSTOMERS, Killed, Town

EXPLORE = int(os.environ.get("SECRETARIA_EXPLORE", "0"))  # that many other stories, drawn anew each time
STORIES = 15
STEPS = 35
BEGUN = datetime(2026, 8, 11, 13, 0, tzinfo=UTC)

customers = st.sampled_from(CUSTOMERS)
sends = st.sampled_from(
    ["accepted", "refused", "unknown, not sent", "unknown, sent", "killed before", "killed after", "a person speaks"]
)
drafts = st.sampled_from(["answer", "fails", "two bubbles", "two bubbles", "hands off"])
meanwhiles = st.sampled_from(["nothing", "nothing", "customer", "person", "killed", "overtaken", "closed"])
moments = st.sampled_from([1.0, 9.0, 13.0, 30.0, 61.0, 700.0, 13 * 3600.0])


class Interleavings(RuleBasedStateMachine):
    """One story of the town."""

    def __init__(self, engine: Engine, owner: Engine, business: Business) -> None:
        super().__init__()
        empty(owner)
        self.town = Town(engine, HeldClock(BEGUN), business)

    @initialize()
    def somebody_writes(self) -> None:
        """A town in which nobody writes has no story."""
        self.town.customer_writes(CUSTOMERS[0])

    @rule(number=customers, filed=st.booleans())
    def customer_writes(self, number: str, *, filed: bool) -> None:
        """A customer writes; who files it may be a worker at once, or somebody later."""
        self.town.customer_writes(number)
        if filed:
            self.town.do_all(FILE_EVENT)

    @rule(what=st.sampled_from(["speaks", "speaks", "closes"]), number=customers)
    def person_acts(self, what: str, number: str) -> None:
        """A person answers from the phone, or closes the ticket."""
        self.town.person_writes(number) if what == "speaks" else self.town.ticket_closes(number)

    @rule(seconds=moments, what=st.sampled_from(["nothing", "nothing", "echo", "restart"]))
    def time_passes(self, seconds: float, what: str) -> None:
        """Time passes; Whaticket may show us our own words, Redis may forget everything: the rows are the timers."""
        if what == "echo":
            self.town.echo()
        elif what == "restart":
            self.town.nudges.published.clear()
        self.town.clock.advance(seconds)
        self.town.sweep()

    @rule(number=customers, kind=drafts)
    def write_and_be_answered(self, number: str, kind: str) -> None:
        """A customer writes and is answered, but nothing has left yet."""
        self.customer_writes(number, filed=True)
        self.answer(kind, "nothing", number)

    @rule(position=st.integers(0, 20), twice=st.booleans())
    def work(self, position: int, *, twice: bool) -> None:
        """A worker takes any nudge, perhaps the same one as another worker."""
        self.town.work(position, twice=twice)

    @rule(kind=drafts, what=meanwhiles, number=customers)
    def answer(self, kind: str, what: str, number: str) -> None:
        """Customers have been silent for long enough and workers answer, as something happens to the first of them."""
        happens: dict[str, Callable[[], None] | None] = {
            "nothing": None,
            "customer": lambda: self.customer_writes(number, filed=True),
            "person": lambda: self.town.person_writes(number),
            "closed": lambda: self.town.ticket_closes(number),
            "killed": self._die,
            "overtaken": self._lose_the_lease,
        }
        self.town.clock.advance(9)
        self.town.do_all(FILE_EVENT)
        self.town.drafts, self.town.meanwhile = kind, happens[what]
        self.town.do_all(ANSWER_TURN)

    @rule(what=sends)
    def deliver(self, what: str) -> None:
        """Workers deliver what waits, and something happens to the first bubble."""
        self.town.clock.advance(4)
        self.town.sends = what
        self.town.do_all(DELIVER_ITEM)
        self.town.check_ledger()

    def teardown(self) -> None:
        """When all is well again, everybody has been looked after, and nothing was said twice."""
        try:
            self.town.heal()
            self.town.check_ledger()
            assert self.town.open_rows() == 0
            self.town.check_everybody_is_looked_after()
        finally:
            self.town.answering.keeper.stop()

    def _lose_the_lease(self) -> None:
        """This worker sleeps past its lease, and another takes the same turn up."""
        self.town.clock.advance(20)
        self.town.sweep()
        self.town.do_all(ANSWER_TURN)

    @staticmethod
    def _die() -> None:
        raise Killed


def test_promises_hold_in_every_interleaving(engine: Engine, owner: Engine, business: Business) -> None:
    """No bubble after a person's word, no two runs, nothing twice or out of order, nobody left without answer or person."""
    run_state_machine_as_test(
        partial(Interleavings, engine, owner, business),  # type: ignore[arg-type]  # any maker will do, says its documentation
        settings=settings(
            max_examples=EXPLORE or STORIES,
            stateful_step_count=STEPS,
            derandomize=not EXPLORE,
            phases=(Phase.generate, Phase.shrink) if EXPLORE else (Phase.generate,),  # shrinking takes minutes
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
