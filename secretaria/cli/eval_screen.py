"""How secretaria eval shows its results: a table for people, one JSON object for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.table import Table

from secretaria.cli.console import paper, print_json, say, talk
from secretaria.evaluation.comparing import Flip
from secretaria.evaluation.report import Report
from secretaria.evaluation.results import SuiteResult, TurnResult

LONGEST_CELL = 160
MOST_ROWS = 60
KINDS = {
    "silence": "silêncio",
    "draft": "rascunho do modelo não usado",
    "handoff": "transferência",
    "intent": "intenção",
    "sentiment": "sentimento",
    "answer": "tipo de resposta",
    "sources": "fontes",
    "must_include": "faltou dizer",
    "must_not_include": "não podia dizer",
    "booking": "agenda",
    "agenda_file": "agenda.json recusado",
    "said": "chegou ao cliente",
    "length": "longo demais",
    "prompt": "mensagem perdida no prompt",
    "price": "preço dito",
    "tool": "ferramenta",
    "text": "texto",
    "unreadable": "gravação ilegível",
    "judge": "juiz",
    "customer": "cliente simulado",
    "script": "roteiro",
}
MEASURES = {
    "conversations": "conversas",
    "recorded": "gravados",
    "texts_changed": "com outro texto",
    "kept": "que viraram teste",
}
NOTHING = {
    "recorded": "nada foi gravado desde então",
    "customer": "nada foi avaliado: a pasta não tem cenarios/*.yaml (com --scripted, só os que têm roteiro)",
}
HEADINGS = {"recorded": ("antes", "agora")}
CHANGES = {"fixed": "melhorou", "broken": "piorou", "differs": "mudou", "gone": "sumiu", "new": "novo"}


class Progress:
    """One line that counts, on a terminal only."""

    def __init__(self, *, quiet: bool) -> None:
        self._console = talk()
        self._status = None if quiet or not self._console.is_terminal else self._console.status("preparando…")
        self._played = self._matched = 0

    def __enter__(self) -> Self:
        if self._status is not None:
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status is not None:
            self._status.stop()

    def step(self, result: TurnResult) -> None:
        """Count one turn."""
        self._played += 1
        self._matched += result.matched
        if self._status is not None:
            self._status.update(f"{self._matched} de {self._played} como esperado ({result.conversation})")


def hearing(stack: ExitStack, out: Path | None, *, quiet: bool) -> tuple[Callable[[TurnResult], None], Report | None]:
    """Open what follows a suite while it runs: a line that counts, and the report where one is wanted."""
    report = stack.enter_context(Report(out)) if out is not None else None
    progress = stack.enter_context(Progress(quiet=quiet))

    def hear(result: TurnResult) -> None:
        progress.step(result)
        if report is not None:
            report.add(result)

    return hear, report


def show_result(result: SuiteResult, page: Path | None, *, as_json: bool) -> None:
    """Show what a suite found."""
    if as_json:
        print_json(result.summary())
        return
    _show_mismatches(result)
    summary = Table("suíte", "negócio", "turnos", "como esperado", "tempo", "custo")
    share = f"{result.matched} ({result.matched / result.turns:.1%})" if result.turns else "0"
    summary.add_row(
        result.suite,
        result.business,
        str(result.turns),
        share,
        f"{result.seconds:.1f} s",
        f"US$ {result.cost_usd:.4f}",
    )
    paper().print(summary)
    for kind, count in Counter(mismatch.kind for mismatch in result.mismatches).most_common():
        say(f"{KINDS.get(kind, kind)}: {count}")
    for name, value in result.measures.items():
        say(f"{MEASURES.get(name, name)}: {value}")
    if result.stopped:
        say(f"interrompida: {result.stopped}")
    if not result.turns and not result.stopped:
        say(NOTHING.get(result.suite, "nada foi avaliado: a pasta não tem conversations.jsonl com turnos"))
    if page is not None:
        say(f"relatório em {page}")


def show_flips(flips: Sequence[Flip], *, as_json: bool) -> None:
    """Show what two runs do not agree on."""
    if as_json:
        for flip in flips:
            print_json(asdict(flip))
        return
    if not flips:
        say("nada mudou")
        return
    table = Table("conversa", "turno", "rodada", "mudança", "antes", "depois")
    for flip in flips:
        table.add_row(
            flip.conversation,
            str(flip.turn),
            str(flip.trial),
            CHANGES[flip.change],
            shortened(flip.before),
            shortened(flip.after),
        )
    paper().print(table)
    counts = Counter(flip.change for flip in flips)
    say(", ".join(f"{CHANGES[change]}: {count}" for change, count in counts.items()))


def _show_mismatches(result: SuiteResult) -> None:
    wrong = result.mismatches
    if not wrong:
        return
    table = Table("conversa", "turno", "o quê", *HEADINGS.get(result.suite, ("esperado", "veio")))
    for one in wrong[:MOST_ROWS]:
        kind = KINDS.get(one.kind, one.kind)
        table.add_row(one.conversation, str(one.turn), kind, shortened(one.expected), shortened(one.found))
    paper().print(table)
    if len(wrong) > MOST_ROWS:
        say(f"só as primeiras {MOST_ROWS} diferenças; todas com --json ou --out")


def shortened(value: object) -> str:
    """Return a value as it fits a cell."""
    written = "" if value is None else str(value)
    return written if len(written) <= LONGEST_CELL else f"{written[:LONGEST_CELL]}…"
