"""Labelled conversations of a business played and graded, whatever the model; and the suite that grades a real one."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from sqlalchemy import Engine

from secretaria.agenda.importing import AgendaFileInvalid
from secretaria.evaluation.booking_grader import grade_booking
from secretaria.evaluation.graders import UNGRADED, grade_turn
from secretaria.evaluation.observed import Observed
from secretaria.evaluation.playing import PlayedTurn, longest_pause, play
from secretaria.evaluation.rehearsal import Rehearsal
from secretaria.evaluation.results import Mismatch, SuiteResult, TurnResult
from secretaria.evaluation.scratch import forget_everything
from secretaria.evaluation.spending import CappedChat, pass_hat
from secretaria.llm.chat import Chat
from secretaria.simulation.labelled_tools import AGENDA_FILE, ToolsOfSample, says_done, wanted_of
from secretaria.simulation.llm_oracle import Oracle
from secretaria.simulation.rhythm import SampleConversation, SampleTurn, load_conversations

SUITE = "replay"
POWERS = (1, 2, 4)
DONE_BY_INTENT = {"agendar": "booked", "remarcar": "rebooked", "cancelar": "cancelled", "confirmar": "confirmed"}
CAPPED = "o limite de custo seria ultrapassado; o que foi avaliado até aqui está no resultado"

OnTurn = Callable[[TurnResult], None]


@dataclass(frozen=True, slots=True)
class Bench:
    """What suites play on.

    Attributes:
        engine: A database that is emptied again and again.
        folder: The business.
        on_turn: Hears of every turn as it is graded.
    """

    engine: Engine
    folder: Path
    on_turn: OnTurn = lambda _: None


def run_labelled(bench: Bench, chat: CappedChat, model: str, trials: int) -> SuiteResult:
    """Let a model answer every labelled conversation, several times, and grade its turns; stop at the limit of cost.

    Raises:
        BusinessInvalid: The folder is no business.
        SampleInvalid: Its conversations cannot be read.
    """
    begun = time.monotonic()
    forget_everything(bench.engine)
    tools = Oracle(bench.folder).tools
    results: list[TurnResult] = []
    for result in _until_capped(bench, chat, tools, trials):
        results.append(result)
        bench.on_turn(result)
    return SuiteResult(
        suite=SUITE,
        business=bench.folder.name,
        model=model,
        results=tuple(results),
        trials=trials,
        seconds=time.monotonic() - begun,
        cost_usd=chat.spent_usd,
        stopped=CAPPED if chat.exhausted else "",
        measures=pass_powers(results, trials),
    )


def play_graded(
    bench: Bench,
    chat: Chat,
    tools: ToolsOfSample,
    conversation: SampleConversation,
    *,
    all_sources: bool,
    trial: int = 1,
    announce: Callable[[SampleTurn], None] = lambda _: None,
) -> Iterator[TurnResult]:
    """Play one conversation on an emptied database and grade each turn.

    Args:
        bench: Where.
        chat: The model.
        tools: What the sample tells of its agenda.
        conversation: What is played.
        all_sources: Whether every labelled source must be cited.
        trial: From 1.
        announce: Hears of each turn before it is played.
    """
    forget_everything(bench.engine, but_business=True)
    pause = longest_pause(conversation)
    rehearsal = Rehearsal(bench.engine, bench.folder, chat, conversation.started_at, longest_pause=pause, settings=None)
    wanted = {turn.n: wanted_of(tools, conversation, turn) for turn in conversation.turns}
    broken = ""
    if any(wanted.values()) or tools.has_booked(conversation):
        broken = import_agenda_of(rehearsal, bench.folder)
    zone = rehearsal.installation.library.look().card.identity.timezone
    played = play(rehearsal, conversation)
    for turn in conversation.turns:
        announce(turn)
        asked = wanted[turn.n]
        outside = asked is not None and asked.action == "other"
        rehearsal.outside.tells = _told_outside(turn) if outside else ""
        rehearsal.outside.does = _done_outside(turn) if outside else ()
        one = next(played)
        graded = grade_turn(conversation, turn, one.seen, all_sources=all_sources)
        booked = grade_booking(conversation, turn, wanted[turn.n], one.before, one.seen.bookings, zone)
        unread = (Mismatch(conversation.id, turn.n, "agenda_file", AGENDA_FILE, broken),) if broken else ()
        yield _result(conversation, one, (*graded, *booked, *unread), trial)


def import_agenda_of(rehearsal: Rehearsal, folder: Path) -> str:
    """Take in the agenda of a business that has one; what is wrong with it is a finding like others, and is returned."""
    agenda = folder / AGENDA_FILE
    if not agenda.is_file():
        return ""
    try:
        rehearsal.import_agenda(agenda)
    except AgendaFileInvalid as error:
        return error.message
    return ""


def _told_outside(turn: SampleTurn) -> str:
    """Return what the labels know: the slots, and the facts of the reference reply."""
    slots = [f"{name}: {value}" for name, value in turn.slots.items()]
    return "\n".join([*slots, *turn.reference_reply])


def _done_outside(turn: SampleTurn) -> tuple[str, ...]:
    """Return what a system of theirs did, where the reference reply tells of something done."""
    done = DONE_BY_INTENT.get(turn.intent)
    return (done,) if done is not None and says_done(turn) else ()


def pass_powers(results: Sequence[TurnResult], trials: int) -> dict[str, float]:
    """Return pass^k over everything that was tried as often as it should: how reliably all of k tries pass."""
    tried: dict[tuple[str, int], list[bool]] = defaultdict(list)
    for result in results:
        tried[result.conversation, result.turn].append(result.matched)
    whole = [passed for passed in tried.values() if len(passed) == trials]
    if not whole:
        return {}
    return {
        f"pass^{k}": round(fmean(pass_hat(sum(passed), trials, k) for passed in whole), 4)
        for k in POWERS
        if k <= trials
    }


def asked_of_model(conversations: Sequence[SampleConversation]) -> int:
    """Count the turns a model is asked for: not those in which a person has the word."""
    return sum(turn.answer not in UNGRADED for conversation in conversations for turn in conversation.turns)


def _until_capped(bench: Bench, chat: CappedChat, tools: ToolsOfSample, trials: int) -> Iterator[TurnResult]:
    for trial in range(1, trials + 1):
        for conversation in load_conversations(bench.folder):
            for result in play_graded(bench, chat, tools, conversation, all_sources=False, trial=trial):
                if chat.exhausted:
                    return
                yield result


def _result(
    conversation: SampleConversation, played: PlayedTurn, mismatches: tuple[Mismatch, ...], trial: int
) -> TurnResult:
    return TurnResult(
        conversation=conversation.id,
        turn=played.turn.n,
        trial=trial,
        label=played.turn.answer,
        said=played.said,
        bubbles=played.seen.bubbles,
        facts=_facts(played.seen),
        mismatches=mismatches,
    )


def _facts(seen: Observed) -> dict[str, Any]:
    """Return the decisions of a turn, as comparisons read them."""
    return {
        "origin": seen.origin,
        "intention": seen.intention,
        "sentiment": seen.sentiment,
        "answerable": seen.answerable,
        "sources": list(seen.sources),
        "handoff": seen.handoff_reason,
        "checks": dict(seen.checks),
        "tool": seen.tool,
        "parts": seen.parts,
    }
