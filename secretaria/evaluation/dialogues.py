"""The customer suite: simulated customers talk to the whole pipeline, graded by what is true and was said in the end."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import product
from typing import Any

from secretaria.evaluation.customers import CustomerUnreadable, Spoken, judge_dialogue, next_words
from secretaria.evaluation.dialogue_grader import grade_dialogue
from secretaria.evaluation.labelled import CAPPED, Bench, import_agenda_of, pass_powers
from secretaria.evaluation.observed import Observed
from secretaria.evaluation.oracle import simulated_chat
from secretaria.evaluation.rehearsal import Rehearsal
from secretaria.evaluation.results import Mismatch, SuiteResult, TurnResult
from secretaria.evaluation.scenarios import Scenario
from secretaria.evaluation.scratch import forget_everything
from secretaria.evaluation.spending import CALLS_A_TURN, COMPLETION_TOKENS, PROMPT_TOKENS, CappedChat
from secretaria.knowledge.folder import load_business_folder
from secretaria.llm.chat import Chat, ChatUnavailable
from secretaria.llm.pricing import MICROS, PriceList
from secretaria.simulation.llm_customer import ScriptedDialogue
from secretaria.simulation.llm_protocol import MODEL
from secretaria.simulation.phone import text_event

SUITE = "customer"
NUMBER = "5520900000700"
PAUSE = timedelta(seconds=3)  # between the messages of one burst
THINKING = timedelta(seconds=20)  # before a customer answers
ASIDE_TOKENS, ASIDE_WRITTEN = 900, 80  # of a call to the customer or to the judge
USUAL_SHARE = 0.7  # of the turns a customer may take


@dataclass
class Dialogue:
    """One scenario as it went.

    Attributes:
        seen: What became of each turn of the customer's.
        stopped: Why the customer stopped.
        broken: Why the dialogue says nothing of the secretary; empty where it does.
    """

    scenario: Scenario
    spoken: list[Spoken] = field(default_factory=list)
    seen: list[Observed] = field(default_factory=list)
    stopped: str = ""
    broken: str = ""

    @property
    def bubbles(self) -> tuple[str, ...]:
        """What the secretary said."""
        return tuple(one.text for one in self.spoken if one.who == "secretaria")

    @property
    def handed_off(self) -> bool:
        """Whether a person was called."""
        return any(one.handed_off for one in self.seen)


def run_customers(bench: Bench, chat: Chat, model: str, scenarios: Sequence[Scenario], trials: int) -> SuiteResult:
    """Let a model play the customers of a business, talk to the secretary and judge; stop at the limit of cost.

    Raises:
        BusinessInvalid: The folder is no business.
    """
    begun = time.monotonic()
    capped = chat if isinstance(chat, CappedChat) else None
    forget_everything(bench.engine)
    results: list[TurnResult] = []
    for trial, scenario in product(range(1, trials + 1), scenarios):
        result = _played(bench, chat, scenario, trial)
        if capped is not None and capped.exhausted:
            break
        results.append(result)
        bench.on_turn(result)
    return _suite(bench, model, results, trials, begun, capped)


def run_scripted(bench: Bench, scenarios: Sequence[Scenario]) -> SuiteResult:
    """Play the scripts of the scenarios: no model, so that what fails is the pipeline or the scenario itself.

    Raises:
        BusinessInvalid: The folder is no business.
    """
    begun = time.monotonic()
    forget_everything(bench.engine)
    results: list[TurnResult] = []
    script = ScriptedDialogue()
    with simulated_chat(bench.folder, script) as chat:
        for scenario in (one for one in scenarios if one.script):
            questions = scenario.wanted.questions
            script.begin(scenario.scripted_lines, {question.asked: question.answer for question in questions})
            result = _played(bench, chat, scenario, 1, script)
            results.append(result)
            bench.on_turn(result)
    return _suite(bench, MODEL, results, 1, begun, None)


def estimate_customers(prices: PriceList, model: str, scenarios: Sequence[Scenario], trials: int, on: date) -> float:
    """Return what the suite will probably cost."""
    turns = sum(one.stop.turns * USUAL_SHARE for one in scenarios) * trials
    asides = turns + sum(len(one.wanted.questions) for one in scenarios) * trials
    turn = prices.cost_of(model, PROMPT_TOKENS, COMPLETION_TOKENS, on=on) * CALLS_A_TURN
    aside = prices.cost_of(model, ASIDE_TOKENS, ASIDE_WRITTEN, on=on)
    return (turns * turn + asides * aside) / MICROS


def _played(
    bench: Bench, chat: Chat, scenario: Scenario, trial: int, script: ScriptedDialogue | None = None
) -> TurnResult:
    forget_everything(bench.engine, but_business=True)
    card = load_business_folder(bench.folder).card
    zone = card.identity.timezone
    begins = scenario.starts_at if scenario.starts_at.tzinfo else scenario.starts_at.replace(tzinfo=zone)
    rehearsal = Rehearsal(bench.engine, bench.folder, chat, begins, longest_pause=PAUSE.total_seconds(), settings=None)
    unread = import_agenda_of(rehearsal, bench.folder)
    dialogue, number = Dialogue(scenario), scenario.number or NUMBER
    _talk(rehearsal, chat, card.identity.name, dialogue, number)
    bookings = rehearsal.bookings(number)
    found = list(grade_dialogue(dialogue.scenario.wanted, dialogue.bubbles, bookings, dialogue.handed_off, zone))
    found += [("customer", "um cliente que fala", dialogue.broken)] if dialogue.broken else []
    found += [("agenda_file", "agenda.json", unread)] if unread else []
    found += [("silence", "uma resposta", text) for text in _unanswered(dialogue)]
    found += list(_judged(chat, card.identity.name, dialogue))
    found += [("script", "o roteiro", complaint) for complaint in (script.told() if script is not None else ())]
    return TurnResult(
        conversation=scenario.name,
        turn=1,
        trial=trial,
        label=scenario.goal,
        said=tuple(one.text for one in dialogue.spoken if one.who == "cliente"),
        bubbles=dialogue.bubbles,
        facts=_facts(dialogue, len(bookings)),
        mismatches=tuple(Mismatch(scenario.name, 1, kind, wanted, got) for kind, wanted, got in found),
    )


def _talk(rehearsal: Rehearsal, chat: Chat, business: str, dialogue: Dialogue, number: str) -> None:
    """Let both speak in turn until the customer stops, gives up, or a person is called."""
    for _ in range(dialogue.scenario.stop.turns):
        try:
            words = next_words(chat, business, dialogue.scenario, dialogue.spoken)
        except CustomerUnreadable:
            dialogue.broken = "fora do formato"
            return
        except ChatUnavailable as error:
            dialogue.broken = error.cause
            return
        if words.messages:
            dialogue.seen.append(_exchange(rehearsal, words.messages, dialogue, number))
        if words.done or dialogue.handed_off:
            dialogue.broken = "" if dialogue.seen else "não escreveu nada"
            dialogue.stopped = words.why or ("uma pessoa foi chamada" if dialogue.handed_off else "terminou")
            return
    dialogue.stopped = "desistiu"


def _exchange(rehearsal: Rehearsal, messages: Sequence[str], dialogue: Dialogue, number: str) -> Observed:
    rehearsal.let_pass_until(rehearsal.clock.now() + THINKING)
    ids: list[str] = []
    for text in messages:
        ids.append(rehearsal.next_id())
        at: datetime = rehearsal.clock.now()
        rehearsal.post(text_event(number, text, ids[-1], at, dialogue.scenario.profile))
        dialogue.spoken.append(Spoken("cliente", text))
        rehearsal.let_pass_until(at + PAUSE)
    rehearsal.settle()
    seen = rehearsal.observe(ids, number)
    dialogue.spoken += [Spoken("secretaria", bubble) for bubble in seen.bubbles]
    return seen


def _unanswered(dialogue: Dialogue) -> Iterator[str]:
    """Yield what was left without an answer; the last word of a customer needs none."""
    for place, seen in enumerate(dialogue.seen, start=1):
        if not seen.bubbles and not seen.handed_off and place < len(dialogue.seen):
            yield f"turno {place}: {', '.join((*seen.states, *seen.reasons))}"


def _judged(chat: Chat, business: str, dialogue: Dialogue) -> Iterator[tuple[str, Any, Any]]:
    for question in dialogue.scenario.wanted.questions:
        try:
            answer, why = judge_dialogue(chat, business, dialogue.spoken, question.asked)
        except CustomerUnreadable:
            answer, why = "sem veredito", "fora do formato"
        except ChatUnavailable as error:
            answer, why = "sem veredito", error.cause
        if answer != question.answer:
            yield "judge", f"{question.asked} {question.answer}", f"{answer}: {why}"


def _facts(dialogue: Dialogue, bookings: int) -> dict[str, Any]:
    return {
        "handoff": next((one.handoff_reason for one in dialogue.seen if one.handoff_reason), None),
        "turns": len(dialogue.seen),
        "bookings": bookings,
        "stopped": dialogue.stopped,
        "dialogue": [f"{one.who}: {one.text}" for one in dialogue.spoken],
    }


def _suite(
    bench: Bench, model: str, results: Sequence[TurnResult], trials: int, begun: float, capped: CappedChat | None
) -> SuiteResult:
    return SuiteResult(
        suite=SUITE,
        business=bench.folder.name,
        model=model,
        results=tuple(results),
        trials=trials,
        seconds=time.monotonic() - begun,
        cost_usd=capped.spent_usd if capped is not None else 0.0,
        stopped=CAPPED if capped is not None and capped.exhausted else "",
        measures=pass_powers(results, trials),
    )
