"""Recorded conversations answered again, turn by turn, and what is decided otherwise; a suite like the others."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Any

from secretaria.evaluation.again import BusinessUnknown, Change, answer_again
from secretaria.evaluation.decisions import differences, unexpected
from secretaria.evaluation.labelled import CAPPED
from secretaria.evaluation.recorded import Archive, Listed, RecordedTurn
from secretaria.evaluation.results import Mismatch, SuiteResult, TurnResult
from secretaria.evaluation.spending import CALLS_A_TURN, COMPLETION_TOKENS, PROMPT_TOKENS, CappedChat
from secretaria.llm.pricing import MICROS, PriceList
from secretaria.privacy import mask_text
from secretaria.replies.cases import expected_of

SUITE = "recorded"
UNREADABLE = "gravação de outra versão do programa"
NO_BUSINESS = "a gravação não diz de que versão do negócio veio"


def run_again(
    archive: Archive,
    listed: Sequence[Listed],
    change: Change,
    *,
    on_turn: Callable[[TurnResult], None] = lambda _: None,
    model: str = "",
) -> SuiteResult:
    """Answer recorded turns again and compare; a case is compared with what somebody expects of it.

    Args:
        archive: Where they are; only read.
        listed: Which.
        change: What is other than then.
        on_turn: Hears of every turn as it is compared.
        model: The one that is asked, for the report; empty where none is.

    Raises:
        DatabaseUnavailable: PostgreSQL is away.
    """
    begun = time.monotonic()
    capped = change.chat if isinstance(change.chat, CappedChat) else None
    results: list[TurnResult] = []
    for result in _until_capped(archive, listed, change, capped):
        results.append(result)
        on_turn(result)
    texts = sum(result.before != result.bubbles for result in results)
    return SuiteResult(
        suite=SUITE,
        business=change.name,
        model=model or "respostas gravadas",
        results=tuple(results),
        seconds=time.monotonic() - begun,
        cost_usd=capped.spent_usd if capped is not None else 0.0,
        stopped=CAPPED if capped is not None and capped.exhausted else "",
        measures={"recorded": len(listed), "texts_changed": texts, "kept": sum(bool(one.label) for one in results)},
    )


def estimate_again(prices: PriceList, model: str, listed: Sequence[Listed], on: date) -> float:
    """Return what answering again will probably cost: what it took then, or a usual turn where nobody counted."""
    cost = 0.0
    for one in listed:
        usual = (int(PROMPT_TOKENS * CALLS_A_TURN), int(COMPLETION_TOKENS * CALLS_A_TURN))
        read, written = (one.prompt_tokens, one.completion_tokens) if one.prompt_tokens else usual
        cost += prices.cost_of(model, read, written, on=on)
    return cost / MICROS


def _until_capped(
    archive: Archive, listed: Sequence[Listed], change: Change, capped: CappedChat | None
) -> Iterator[TurnResult]:
    for one in listed:
        turn = archive.read(one.id)
        if turn is None:
            continue
        result = _compared(archive, turn, change)
        if capped is not None and capped.exhausted:
            return
        yield result


def _compared(archive: Archive, turn: RecordedTurn, change: Change) -> TurnResult:
    recording, expected = turn.recording, expected_of(turn.recording)
    before = recording.decision
    try:
        after = answer_again(archive.engine, turn, change)
    except (ValueError, KeyError):
        return _result(turn, {}, [("unreadable", "uma gravação legível", UNREADABLE)])
    except BusinessUnknown:
        return _result(turn, {}, [("unreadable", "uma versão do negócio", NO_BUSINESS)])
    if expected is not None and not expected.says_nothing_but_the_note:
        return _result(turn, after, list(unexpected(expected, after)))
    return _result(turn, after, list(differences(before, after, exactly=change == Change(name=change.name))))


def _result(turn: RecordedTurn, after: dict[str, Any], found: Sequence[tuple[str, Any, Any]]) -> TurnResult:
    """Write down a turn; numbers and documents of real customers are masked in what is shown."""
    recording, expected = turn.recording, expected_of(turn.recording)
    name = f"conversa {recording.conversation_id}"
    burst = recording.told.get("burst", ())
    facts = {key: after.get(key) for key in ("origin", "intention", "sentiment", "answerable", "sources", "checks")}
    return TurnResult(
        conversation=name,
        turn=recording.turn_id,
        label=expected.note if expected is not None else "",
        said=tuple(mask_text(message["text"] or f"({message['kind']})") for message in burst),
        bubbles=_masked(after.get("bubbles", ())),
        before=_masked(recording.decision.get("bubbles", ())),
        facts={**facts, "handoff": after.get("handoff_reason"), "tool": _tool(after)},
        mismatches=tuple(
            Mismatch(name, recording.turn_id, kind, _shown(then), _shown(now)) for kind, then, now in found
        ),
    )


def _tool(after: dict[str, Any]) -> str:
    return str((after.get("tool") or {}).get("call", {}).get("name", ""))


def _masked(bubbles: Sequence[str]) -> tuple[str, ...]:
    return tuple(map(mask_text, bubbles))


def _shown(value: Any) -> Any:  # noqa: ANN401  # anything that JSON can say
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, list):
        return [_shown(one) for one in value]
    if isinstance(value, dict):
        return {name: _shown(one) for name, one in value.items()}
    return value
