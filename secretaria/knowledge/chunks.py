"""One Markdown file of the knowledge base becomes chunks: every `##` heading is one unit with a name of its own."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePath

HEADING = re.compile(r" {0,3}(#{1,2})[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*")
FENCE = re.compile(r" {0,3}(```+|~~~+)")
EXPLICIT_ID = re.compile(r"([a-z]+(?:-[a-z]+)*-\d+)[ \t]+(.+)")
NAMELESS = "secao"


@dataclass(frozen=True, slots=True)
class Chunk:
    """One unit of knowledge.

    Attributes:
        source: How a reply refers to it, for instance ``servicos-e-precos.md#limpeza``.
        title: Its heading, without the id.
        text: Its Markdown, without the heading; empty where the heading says it all.
        file: Name of the file it was written in.
    """

    source: str
    title: str
    text: str
    file: str


def split_chunks(markdown: str, file: str) -> tuple[Chunk, ...]:
    """Cut a Markdown text at its second level headings.

    What stands before the first of them belongs to the title of the file, and is left out when there is nothing.

    Args:
        markdown: The whole file.
        file: Its name, for instance ``faq.md``.
    """
    title, opening, sections = _sections(markdown, PurePath(file).stem)
    units = [(title, opening)] if opening else []
    taken: set[str] = set()
    chunks = []
    for heading, text in [*units, *sections]:
        named = EXPLICIT_ID.fullmatch(heading)
        anchor = _free(named[1] if named else slug(heading) or NAMELESS, taken)
        chunks.append(Chunk(f"{file}#{anchor}", named[2] if named else heading, text, file))
    return tuple(chunks)


def slug(text: str) -> str:
    """Return the text in lower case, without accents, everything but letters and digits turned into hyphens."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def _sections(markdown: str, title: str) -> tuple[str, str, list[tuple[str, str]]]:
    """Return the title of the file, the text before its first section, and the sections as heading and text."""
    opening: list[str] = []
    sections: list[tuple[str, list[str]]] = []
    fence = ""
    titled = False
    for line in markdown.splitlines():
        fence = _fence_after(line, fence)
        match = None if fence else HEADING.fullmatch(line)
        if match and match[1] == "##":
            sections.append((match[2], []))
        elif match and not titled and not sections:
            title, titled = match[2], True
        else:
            (sections[-1][1] if sections else opening).append(line)
    return title, _joined(opening), [(heading, _joined(lines)) for heading, lines in sections]


def _fence_after(line: str, fence: str) -> str:
    """Return the mark of the code block that is open after this line, empty when none is."""
    match = FENCE.match(line)
    if not match:
        return fence
    if not fence:
        return match[1]
    return "" if match[1].startswith(fence) else fence


def _joined(lines: Iterable[str]) -> str:
    return "\n".join(lines).strip()


def _free(wanted: str, taken: set[str]) -> str:
    anchor, number = wanted, 1
    while anchor in taken:
        number += 1
        anchor = f"{wanted}-{number}"
    taken.add(anchor)
    return anchor
