"""Why something was said, as a tree for people and as JSON for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo

from rich.text import Text
from rich.tree import Tree

from secretaria.attending.explaining import Explanation
from secretaria.cli.console import paper
from secretaria.cli.conversation_screen import REFUSED, SCHEMA, sent_as
from secretaria.cli.queue_screen import written_moment
from secretaria.cli.untrusted import json_line, shown

PASSED = "passed"


def show_explanation(explanation: Explanation, zone: tzinfo, *, as_json: bool) -> None:
    """Show why something was said, as a tree."""
    if as_json:
        paper().file.write(json_line(explanation_fields(explanation)) + "\n")
        return
    paper().print(explanation_tree(explanation, zone))


def explanation_tree(told: Explanation, zone: tzinfo) -> Tree:
    """Return everything that is kept of a turn, from what was asked to what it cost."""
    tree = Tree(Text(f"rodada t:{told.turn_id}, conversa {told.conversation_id}, {written_moment(told.at, zone)}"))
    _branch(tree, "o cliente escreveu", told.asked)
    _branch(tree, "a secretária decidiu dizer", told.bubbles)
    _branch(tree, "o que foi feito do envio", [sent_as(one.state, one.reason, one.attempts) for one in told.sends])
    read = {
        "origem": told.origin, "intenção": told.intention, "sentimento": told.sentiment, "urgente": told.urgent,
        "satisfação": told.satisfaction, "pergunta": told.question, "respondível por": told.answerable,
        "fim da rodada": f"{told.state} {told.reason or ''}".strip(),
    }  # fmt: skip
    _named(tree, "como foi lido", read)
    _named(
        tree, "pessoa chamada",
        {"motivo": told.handoff_reason, "por": told.handoff_by, "recado": told.handoff_brief},
    )  # fmt: skip
    if told.sources:
        branch = tree.add(Text(f"fontes (versão {told.version_id or '?'} {told.business_version or ''})", style="bold"))
        for source in told.sources:
            leaf = branch.add(Text(shown(f"{source.source}  {source.title or '(versão não guardada)'}")))
            if source.text:
                leaf.add(Text(shown(source.text, 600), style="dim"))
    passed = [name for name, verdict in told.checks.items() if verdict == PASSED]
    others = {name: verdict for name, verdict in told.checks.items() if verdict != PASSED}
    _named(tree, "conferências", {**others, "sem reparo": ", ".join(passed)})
    _named(tree, "ferramenta", told.tool or {})
    _branch(tree, "feito pelo cliente", told.actions)
    _branch(tree, "lembrança proposta", [str(one) for one in told.memory])
    _named(tree, "modelo", _spent(told))
    _named(tree, "segundos por passo", told.steps)
    return tree


def explanation_fields(told: Explanation) -> dict[str, object]:
    """Return an explanation as JSON tells it."""
    fields = {name: getattr(told, name) for name in type(told).__slots__}
    sources = [{"source": one.source, "title": one.title, "text": one.text} for one in told.sources]
    sends = [
        {"text": one.text, "state": one.state, "reason": one.reason, "attempts": one.attempts} for one in told.sends
    ]
    return {
        "v": SCHEMA,
        **fields,
        "sources": sources,
        "sends": sends,
        "at": told.at.isoformat(),
        "cost_usd": told.cost_usd,
    }


def _spent(told: Explanation) -> dict[str, object]:
    tokens = None if told.prompt_tokens is None else f"{told.prompt_tokens} + {told.completion_tokens or 0}"
    return {
        "nome": told.model, "prompt": told.prompt_version, "chamadas": told.calls or None,
        "refeitas": told.regenerations or None, "recomeços": told.restarts or None, "tokens": tokens,
        "custo": None if told.cost_micros is None else f"US$ {told.cost_usd:.6f}",
        "segundos": None if told.llm_seconds is None else round(told.llm_seconds, 2),
    }  # fmt: skip


def _branch(tree: Tree, title: str, lines: Sequence[str]) -> None:
    if lines:
        branch = tree.add(Text(title, style="bold"))
        for line in lines:
            branch.add(Text(shown(str(line))))


def _named(tree: Tree, title: str, fields: Mapping[str, object]) -> None:
    known = {name: value for name, value in fields.items() if value not in (None, "", [], {})}
    if known:
        branch = tree.add(Text(title, style="bold"))
        for name, value in known.items():
            branch.add(Text(shown(f"{name}: {value}"), style="red" if value == REFUSED else ""))
