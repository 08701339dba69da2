"""An evaluation on disk: one JSON line a turn as it is played, the summary as the last line, and one page to look at."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from html import escape
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from secretaria.evaluation.results import Mismatch, SuiteResult, TurnResult

LINES_FILE = "resultados.jsonl"
PAGE_FILE = "relatorio.html"
STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1c1e21}
table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid #ddd;padding:.4rem .6rem;text-align:left;vertical-align:top}
.ok{color:#0a7d33}.no{color:#b3261e;font-weight:600}.said{color:#555}del{color:#b3261e}.number{text-align:right}details{margin:.2rem 0}
@media(prefers-color-scheme:dark){body{background:#15171a;color:#e8e8e8}td,th{border-color:#333}.said{color:#aaa}}
"""
SUITES = {
    "oracle": "Orquestração com modelo perfeito",
    "adversary": "Modelo adversário",
    "replay": "Modelo contra os rótulos",
    "customer": "Clientes simulados",
    "recorded": "Conversas gravadas, respondidas de novo",
}


class Report:
    """Writes lines while a suite runs, so that what was played is kept whatever happens next."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lines: IO[str] | None = None

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._lines = (self._folder / LINES_FILE).open("w", encoding="utf-8")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._lines is not None:
            self._lines.close()

    def add(self, result: TurnResult) -> None:
        """Write one turn."""
        self._write({"turn": asdict(result)})

    def close_with(self, result: SuiteResult) -> Path:
        """Write the summary and the page.

        Returns:
            The page.
        """
        self._write({"summary": result.summary()})
        page = self._folder / PAGE_FILE
        page.write_text(page_of(result), encoding="utf-8")
        return page

    def _write(self, line: Mapping[str, Any]) -> None:
        if self._lines is not None:
            self._lines.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")
            self._lines.flush()


def read_lines(path: Path) -> list[TurnResult]:
    """Read the turns of a run back, also of one that was cut short.

    Args:
        path: The folder of the run, or its file of lines.
    """
    file = path / LINES_FILE if path.is_dir() else path
    with file.open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines if line.strip()]
    return [_result(row["turn"]) for row in rows if "turn" in row]


def page_of(result: SuiteResult) -> str:
    """Write one page that needs nothing but itself, not even a script."""
    summary = result.summary()
    kinds = "".join(f"<li>{escape(kind)}: {count}</li>" for kind, count in summary["mismatches_by_kind"].items())
    measures = "".join(
        f"<tr><th>{escape(str(name))}</th><td>{escape(str(value))}</td></tr>" for name, value in result.measures.items()
    )
    rows = "".join(_row(one) for one in result.results)
    title = f"{SUITES.get(result.suite, result.suite)}: {result.business}"
    state = "ok" if result.passed else "no"
    stopped = f"<p class=no>Interrompida: {escape(result.stopped)}</p>" if result.stopped else ""
    return f"""<!doctype html>
<html lang="pt-BR"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{escape(title)}</title><style>{STYLE}</style></head><body>
<h1>{escape(title)}</h1>
<p class={state}>{result.matched} de {result.turns} como esperado</p>{stopped}
<p>Modelo {escape(result.model)}, {result.trials} rodada(s), {result.seconds:.1f} s, US$ {result.cost_usd:.4f}.</p>
<ul>{kinds}</ul><table>{measures}</table>
<h2>Turno a turno</h2>
<table><tr><th>conversa</th><th>turno</th><th>rodada</th><th>rótulo</th><th>cliente e resposta</th><th>diferenças</th></tr>
{rows}</table></body></html>
"""


def _row(result: TurnResult) -> str:
    said = "<br>".join(escape(text) for text in result.said)
    bubbles = "<br>".join(escape(text) for text in result.bubbles) or "<em>silêncio</em>"
    if dialogue := result.facts.get("dialogue"):
        said, bubbles = "", "<br>".join(map(escape, dialogue))
    if result.before and result.before != result.bubbles:
        bubbles = f"<del>{'<br>'.join(map(escape, result.before))}</del><br>{bubbles}"
    wrong = "".join(
        f"<details><summary class=no>{escape(one.kind)}</summary>esperado: {escape(str(one.expected))}"
        f"<br>veio: {escape(str(one.found))}</details>"
        for one in result.mismatches
    )
    return (
        f"<tr><td>{escape(result.conversation)}</td><td class=number>{result.turn}</td>"
        f"<td class=number>{result.trial}</td><td>{escape(result.label)}</td>"
        f"<td><span class=said>{said}</span><br>{bubbles}</td><td>{wrong or '<span class=ok>igual</span>'}</td></tr>"
    )


def _result(row: Mapping[str, Any]) -> TurnResult:
    mismatches = tuple(Mismatch(**one) for one in row["mismatches"])
    texts = {name: tuple(row.get(name, ())) for name in ("said", "bubbles", "before")}
    return TurnResult(**{**row, **texts, "mismatches": mismatches})
