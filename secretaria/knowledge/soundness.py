"""What a person hands in is examined as a whole: every problem of the card and of the base, each with file and line."""

from __future__ import annotations

from collections.abc import Iterator

from secretaria.knowledge.business import CARD_FILE, CARD_HINT, BusinessInvalid, Problem, parse_card
from secretaria.knowledge.chunks import Section, open_fence, placed_chunks
from secretaria.knowledge.snapshot import BASE_FOLDER, BASE_HINT, Business, Snapshot, read_snapshot

LONGEST_CHUNK = 6_000  # characters; a longer one would leave the prompt no room for others
FORBIDDEN_IN_NAMES = frozenset("/\\#[]\n\0")
FLAWS_HINT = "corrija as linhas indicadas; nada foi alterado"


def require_sound(snapshot: Snapshot) -> Business:
    """Read what a person hands in, if it has no problem at all.

    Stricter than what a worker reads: an empty section or two that share a name harm nobody who answers customers,
    but whoever wrote them did not mean to.

    Raises:
        BusinessInvalid: There are problems; ``problems`` names them all.
    """
    problems = [*_card_problems(snapshot.card), *_base_problems(snapshot)]
    if problems:
        told = "; ".join(_told(problem) for problem in problems)
        hint = CARD_HINT if all(problem.file == CARD_FILE for problem in problems) else FLAWS_HINT
        raise BusinessInvalid(told, hint, problems)
    return read_snapshot(snapshot)


def _card_problems(card: str) -> list[Problem]:
    try:
        parse_card(card, CARD_FILE)
    except BusinessInvalid as error:
        return list(error.problems)
    return []


def _base_problems(snapshot: Snapshot) -> Iterator[Problem]:
    if not any(text.strip() for text in snapshot.base.values()):
        yield Problem(BASE_FOLDER, None, f"a base de conhecimento está vazia; {BASE_HINT}")
        return
    for name, text in sorted(snapshot.base.items()):
        file = f"{BASE_FOLDER}/{name}"
        if not name.endswith(".md") or FORBIDDEN_IN_NAMES & set(name):
            yield Problem(file, None, "o nome do arquivo precisa terminar em .md, sem / \\\\ # [ ]")
        if "\0" in text:
            yield Problem(file, text.count("\n", 0, text.index("\0")) + 1, "tem um caractere nulo")
        yield from _file_problems(file, name, text)


def _file_problems(file: str, name: str, text: str) -> Iterator[Problem]:
    placed = placed_chunks(text, name)
    if not placed:
        yield Problem(file, None, "o arquivo está vazio")
    fence = open_fence(text)
    if fence is not None:
        yield Problem(file, fence, "o bloco de código aberto aqui nunca fecha")
    first: dict[str, Section] = {}
    for section, chunk in placed:
        same = first.setdefault(section.anchor, section)
        if not section.heading:
            yield Problem(file, section.start, "o título ## está vazio")
        elif same is not section:
            yield Problem(file, section.start, f"o título {section.heading!r} repete o da linha {same.start}")
        elif not chunk.text:
            yield Problem(file, section.start, f"nada está escrito sob o título {section.heading!r}")
        if len(chunk.text) > LONGEST_CHUNK:
            said = f"a unidade {section.heading!r} tem {len(chunk.text)} caracteres; divida em unidades de até {LONGEST_CHUNK}"
            yield Problem(file, section.start, said)


def _told(problem: Problem) -> str:
    where = f"{problem.file}, linha {problem.line}" if problem.line else problem.file
    return f"{where}: {problem.reason}"
