"""What the demo shows: both sides of every conversation as they happen, or one JSON line for each."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from secretaria.cli.console import print_json
from secretaria.simulation.play import Line, Played

COLOURS = ("cyan", "magenta", "yellow", "blue")
KINDS = {"audio": "[áudio]", "image": "[imagem]", "sticker": "[figurinha]"}
NO_MODEL = (
    "Nenhuma IA aqui: as respostas vêm de um simulador que lê a base da Clínica Sorriso.\n"
    "Com LLM_API_KEY configurada, responde o modelo de verdade."
)
WIDTH = 100


class Screen:
    """The terminal, or the standard output of a program that reads us."""

    def __init__(self, begun: float, *, as_json: bool, record: bool) -> None:
        self._begun = begun
        self._json = as_json
        self._console = Console(stderr=as_json, highlight=False, record=record, width=WIDTH if record else None)
        self._colours: dict[str, str] = {}
        self._first_reply: float | None = None

    def open(self, answers_by: str) -> None:
        """Say what is about to be seen and what is real in it."""
        if self._json:
            return
        self._console.print(
            Panel(
                f"[bold]Secretária Virtual[/bold], demonstração com a Clínica Sorriso (inventada).\n"
                f"{f'Respostas: {answers_by}.' if answers_by else NO_MODEL}\n"
                "De verdade: PostgreSQL, Valkey, serviço, worker e todo o caminho da mensagem.\n"
                "Encurtado: a pausa de espera (1 s em vez de 8 s) e o tempo de digitação.",
                border_style="green",
            )
        )

    def show(self, line: Line) -> None:
        """Show one bubble of either side."""
        seconds = time.monotonic() - self._begun
        if line.sender == "secretary" and self._first_reply is None:
            self._first_reply = seconds
        if self._json:
            print_json({"seconds": round(seconds, 2), **asdict(line)})
            return
        colour = self._colours.setdefault(line.conversation, COLOURS[len(self._colours) % len(COLOURS)])
        row = Table.grid(padding=(0, 1))
        row.add_column(width=6, style="dim", justify="right")
        row.add_column(width=31, style=f"bold {colour}")
        row.add_column()
        if line.sender == "customer":
            row.add_row(f"{seconds:.1f}s", f"--> {line.name}", Text(line.text or KINDS.get(line.kind, "")))
        else:
            row.add_row(f"{seconds:.1f}s", f"<-- Sol, para {line.name}", Text(line.text, style="green"))
        self._console.print(row)

    def sum_up(self, played: Sequence[Played]) -> None:
        """Say how it went."""
        messages = sum(turn.typed for turn in played)
        unanswered = [f"{turn.conversation}, rodada {turn.turn}" for turn in played if not turn.answered]
        sentence = (
            f"{messages} mensagens em {len(played)} rodadas, {sum(turn.bubbles for turn in played)} respostas; "
            f"a primeira chegou {self._first_reply or 0:.1f} s depois do início."
        )
        self.say(sentence)
        self.say(f"sem resposta: {'; '.join(unanswered)}" if unanswered else "Toda mensagem foi respondida.")

    def invite(self) -> None:
        """Offer the keyboard."""
        self.say("Agora escreva como cliente (Enter envia, Ctrl-C encerra).")

    def ask(self) -> str:
        """Read one line from the person at the keyboard."""
        return self._console.input("[bold cyan]você: [/bold cyan]")

    def hear(self, text: str) -> None:
        """Show what the secretary answered to the person at the keyboard."""
        self._console.print(Text("\nSol: ", style="bold green").append(text, style="default"))

    def say(self, sentence: str) -> None:
        """Say something about the demo itself."""
        self._console.print(Text(sentence, style="bold"))

    def save(self, path: Path) -> None:
        """Write what was shown as an SVG picture."""
        path.write_text(self._console.export_svg(title="secretaria demo", clear=False), encoding="utf-8")

    def close(self) -> None:
        """Say that all is about to stop."""
        if not self._json:
            self.say("Encerrando serviço, worker e bancos.")
