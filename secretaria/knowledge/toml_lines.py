"""Finds the line on which a key of a TOML text stands; tomllib reads values and forgets where they were."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence

HEADER = re.compile(r"\s*\[{1,2}([^\[\]]+)\]{1,2}\s*(?:#.*)?")
KEY = re.compile(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""")
QUOTES = ('"""', "'''")
PART = re.compile(r"""[\w-]+|"[^"]*"|'[^']*'""")
REASONS = {
    "Expected '=' after a key": "falta o sinal = depois do nome da chave",
    "Invalid value": "o valor não foi entendido; textos ficam entre aspas",
    "Expected newline or end of document": "sobra algo depois do valor; falta fechar ou abrir aspas?",
    'Expected "\'"': "faltam as aspas que fecham o texto",
    "Unterminated string": "faltam as aspas que fecham o texto",
    "Illegal character": "há um caractere que não pode estar aí; faltam as aspas que fecham o texto?",
    "Unclosed array": "falta o ] que fecha a lista",
    "Unclosed inline table": "falta a } que fecha a tabela",
    "Cannot overwrite a value": "a mesma chave aparece duas vezes",
    "Duplicate inline table key": "a mesma chave aparece duas vezes",
    "Cannot declare": "a mesma tabela aparece duas vezes",
    "Expected ']' at the end of a table declaration": "falta o ] que fecha o nome da tabela",
    "Invalid statement": "a linha não é uma chave nem o nome de uma tabela",
    "Invalid initial character for a key part": "a linha não é uma chave nem o nome de uma tabela",
}
POSITION = re.compile(r"\(at line (\d+), column \d+\)")


def line_of_key(text: str, path: Sequence[str | int]) -> int | None:
    """Return the line, counted from one, of a key or, where it is not written out, of the nearest table around it.

    Args:
        text: A valid TOML text.
        path: The keys that lead there; what stands in an inline table or in a list is found by the key that holds it.
    """
    wanted = [str(part) for part in path]
    found: dict[int, int] = {}
    for number, keys in _keys(text):
        depth = len(keys)
        if keys == wanted[:depth]:
            found.setdefault(depth, number)
    return found[max(found)] if found else None


def line_of_error(error: tomllib.TOMLDecodeError, text: str) -> int:
    """Return the line on which reading stopped."""
    told = POSITION.search(str(error))
    return int(told[1]) if told else text.count("\n") + 1


def toml_reason(error: tomllib.TOMLDecodeError) -> str:
    """Say in Portuguese why a text is not TOML; a reason not in our table keeps its own words."""
    told = POSITION.sub("", str(error)).replace("(at end of document)", "").strip()
    return next((ours for theirs, ours in REASONS.items() if told.startswith(theirs)), told)


def _keys(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each table and key with its line, skipping what only looks like one inside a text of several lines."""
    table: list[str] = []
    open_quote = ""
    for number, line in enumerate(text.split("\n"), start=1):
        if not open_quote:
            if header := HEADER.fullmatch(line):
                table = _parts(header[1])
                yield number, table
            elif key := KEY.match(line):
                yield number, [*table, *_parts(key[1])]
        open_quote = _quote_after(line, open_quote)


def _parts(keys: str) -> list[str]:
    return [part.strip("\"'") for part in PART.findall(keys)]


def _quote_after(line: str, open_quote: str) -> str:
    """Return the mark of the text of several lines that is open after this line, empty when none is."""
    position = 0
    while True:
        marks = [open_quote] if open_quote else QUOTES
        places = [(line.find(mark, position), mark) for mark in marks if mark in line[position:]]
        if not places:
            return open_quote
        place, mark = min(places)
        open_quote = "" if open_quote else mark
        position = place + len(mark)
