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


@dataclass(frozen=True, slots=True)
class Section:
    """What stands under one second level heading, or above the first of them.

    Attributes:
        heading: As it was written, an id included; the title of the file where no section has begun.
        text: What follows it.
        start: Line of the heading, counted from one.
        end: The last line that belongs to it.
    """

    heading: str
    text: str
    start: int
    end: int

    @property
    def anchor(self) -> str:
        """The name it asks for: its id, or its words."""
        named = EXPLICIT_ID.fullmatch(self.heading)
        return named[1] if named else slug(self.heading) or NAMELESS

    @property
    def title(self) -> str:
        """Its heading without the id."""
        named = EXPLICIT_ID.fullmatch(self.heading)
        return named[2] if named else self.heading


def split_chunks(markdown: str, file: str) -> tuple[Chunk, ...]:
    """Cut a Markdown text at its second level headings.

    What stands before the first of them belongs to the title of the file, and is left out when there is nothing.

    Args:
        markdown: The whole file.
        file: Its name, for instance ``faq.md``.
    """
    return tuple(chunk for _, chunk in placed_chunks(markdown, file))


def placed_chunks(markdown: str, file: str) -> list[tuple[Section, Chunk]]:
    """Cut a Markdown text as ``split_chunks`` does, and tell where each chunk was written."""
    opening, sections = cut_sections(markdown, PurePath(file).stem)
    taken: set[str] = set()
    return [
        (section, Chunk(f"{file}#{_free(section.anchor, taken)}", section.title, section.text, file))
        for section in [*([opening] if opening.text else []), *sections]
    ]


def cut_sections(markdown: str, title: str) -> tuple[Section, list[Section]]:
    """Return what stands above the first second level heading, and the sections.

    Args:
        markdown: The whole file.
        title: What to call the file where it has no first level heading.
    """
    begun = 1
    lines: list[str] = []
    heading = title
    fence, titled = "", False
    cut: list[Section] = []
    for number, line in enumerate(markdown.splitlines(), start=1):
        fence = _fence_after(line, fence)
        match = None if fence else HEADING.fullmatch(line)
        if match and match[1] == "##":
            cut.append(Section(heading, _joined(lines), begun, number - 1))
            heading, begun, lines = match[2], number, []
        elif match and not titled and not cut:
            heading, titled = match[2], True
        else:
            lines.append(line)
    opening, *sections = [*cut, Section(heading, _joined(lines), begun, max(len(markdown.splitlines()), begun))]
    return opening, sections


def open_fence(markdown: str) -> int | None:
    """Return the line of a code block that is never closed; None where all are."""
    fence, begun = "", 0
    for number, line in enumerate(markdown.splitlines(), start=1):
        before, fence = fence, _fence_after(line, fence)
        begun = number if fence and not before else begun
    return begun if fence else None


def slug(text: str) -> str:
    """Return the text in lower case, without accents, everything but letters and digits turned into hyphens."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


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
