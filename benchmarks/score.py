"""Score masking, injection flag, output guard and receipts on the samples and on our own larger sets."""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from secretaria.context.injection import looks_like_injection
from secretaria.privacy import mask_text
from secretaria.replies.guardrails import may_be_sent
from secretaria.replies.receipts import missing_receipts
from tests.altered_replies import altered_replies, good_replies

FIXTURES = Path(__file__).parents[1] / "tests/fixtures"
SEED = 20260810
PAGE = 4_000
ROUNDS = 100
Outcome = tuple[str, bool, str]


def main() -> int:
    """Print one line for each kind of case; a line of a public sample that fails is an error."""
    failed = 0
    for title, outcomes, strict in (
        ("mask_text, sample", _masked("sample.jsonl"), True),
        ("mask_text, larger", _masked("invented.jsonl"), False),
        ("looks_like_injection, sample", _detected("sample.jsonl"), True),
        ("looks_like_injection, larger", _detected("invented.jsonl"), False),
        ("looks_like_injection, written later", _detected("unseen.jsonl", "ordinary.jsonl"), False),
        ("may_be_sent, sample", _guarded("output_guard_sample.json"), True),
        ("may_be_sent, larger", _guarded("output_guard.json"), False),
        ("may_be_sent, written later", _guarded("output_guard_later.json", "output_guard_unseen.json"), False),
        ("receipts", _receipts(), False),
    ):
        failed += _print(title, outcomes) if strict else 0 * _print(title, outcomes)
    page = (
        "Boa tarde! Queria saber se vocês atendem aos sábados, porque trabalho a semana toda e só consigo levar minha mãe depois das 10h. Ela prefere o Centro; a limpeza continua R$ 180? "
        * 25
    )
    for name, call in (
        ("mask_text", mask_text),
        ("looks_like_injection", lambda text: looks_like_injection([text], "body")),
        ("may_be_sent", lambda text: may_be_sent(text, {"max_chars": 10 * PAGE, "catalogue_prices": ["R$ 180,00"]})),
    ):
        typical, slowest = _milliseconds(call, page)
        print(f"{name:40} typical {typical:6.2f} ms, slowest but one {slowest:6.2f} ms at 4 kB of CPU time")
    return 1 if failed else 0


def _masked(name: str) -> Iterator[Outcome]:
    for case in _lines(FIXTURES / "privacy" / name):
        masked = mask_text(case["text"])
        left = [text for text in case["must_not_contain"] if text in masked]
        lost = [text for text in case["must_keep"] if text not in masked]
        kind = "negatives kept" if case["kind"] == "negative" else f"recall {case['level']}"
        yield kind, not left and not lost, case["id"]


def _detected(*names: str) -> Iterator[Outcome]:
    for case in (case for name in names for case in _lines(FIXTURES / "injection" / name)):
        flagged = looks_like_injection(case.get("turns") or [case["text"]], case["field"])
        if case["label"] == "benign":
            yield "honest not flagged", not flagged, case["id"]
        else:
            yield "attacks flagged", flagged, case["id"]
            if case["category"].startswith("obf_"):
                yield "obfuscated flagged", flagged, case["id"]


def _guarded(*names: str) -> Iterator[Outcome]:
    sets = [json.loads((FIXTURES / "guards" / name).read_text()) for name in names]
    for case, context in ((case, cases["context"]) for cases in sets for case in cases["cases"]):
        sent = may_be_sent(case["reply"], context)
        expected = case["expect"] == "allow"
        yield "good passed" if expected else "compromised blocked", sent == expected, case["id"]


def _receipts() -> Iterator[Outcome]:
    fine = []
    for one in good_replies():
        stopped = bool(missing_receipts(one.bubbles, one.sources, one.evidence))
        fine += [] if stopped else [one]
        yield "good replies passed", not stopped, one.name
    for altered in altered_replies(fine, SEED, rounds=1):
        reply = altered.reply
        caught = bool(missing_receipts(reply.bubbles, reply.sources, reply.evidence))
        yield f"altered {altered.kind} caught", caught, f"{reply.name}:{altered.was}>{altered.became}"


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def _print(title: str, outcomes: Iterable[Outcome]) -> int:
    """Print the rates by kind, and what failed where it is asked for; return how many failed."""
    drawn: Counter[str] = Counter()
    right: Counter[str] = Counter()
    wrong = []
    for kind, good, name in outcomes:
        drawn[kind] += 1
        right[kind] += good
        wrong += [] if good else [name]
    print(title)
    for kind, count in drawn.items():
        print(f"  {kind:38} {right[kind]:4}/{count:<4} {right[kind] / count:7.2%}")
    if wrong and "--show" in sys.argv:
        print("  failed:", *wrong)
    return len(wrong)


def _milliseconds(call: Callable[[str], object], page: str) -> tuple[float, float]:
    """Return the median and the slowest but one of a hundred runs on texts that differ, of this process's CPU time."""
    taken = []
    for number in range(ROUNDS):
        text = f"{number} {page}"[:PAGE]
        begun = time.process_time()
        call(text)
        taken.append(time.process_time() - begun)
    return statistics.median(taken) * 1000, sorted(taken)[-2] * 1000


if __name__ == "__main__":
    raise SystemExit(main())
