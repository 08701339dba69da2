"""Changes one chunk of a snapshot's texts and leaves every other letter as its owner wrote it; pure."""

from __future__ import annotations

from secretaria.errors import NotFound, UsageInvalid
from secretaria.knowledge.chunks import EXPLICIT_ID, HEADING, Section, placed_chunks
from secretaria.knowledge.snapshot import Snapshot

TITLE_LIMIT = 200


class ChunkInvalid(UsageInvalid):
    """A title or a text that cannot be one unit of the base."""


class ChunkNotFound(NotFound):
    """The base has no unit of this name."""

    def __init__(self, source: str) -> None:
        super().__init__(f"a base não tem a unidade {source}", "veja as unidades com: secretaria knowledge list")


def add_chunk(snapshot: Snapshot, file: str, title: str, text: str, topic: str = "") -> Snapshot:
    """Return a snapshot with one more unit at the end of a file, which begins with it where it does not exist.

    Args:
        snapshot: What there is.
        file: Where it is written.
        title: Its heading.
        text: What follows the heading.
        topic: What the file is about, where it is new.

    Raises:
        ChunkInvalid: Title or text is empty, or the text holds a heading that would cut it in two.
    """
    written = snapshot.base.get(file, f"# {_heading(topic)}" if topic else "").rstrip()
    return _with_file(snapshot, file, f"{written}\n\n{_section(title, text)}".lstrip())


def change_chunk(snapshot: Snapshot, source: str, title: str, text: str) -> Snapshot:
    """Return a snapshot in which a unit says something else.

    Args:
        snapshot: What there is.
        source: The unit, for instance ``faq.md#faq-07``.
        title: Its heading, with its id where it has one.
        text: What follows the heading.

    Raises:
        ChunkNotFound: There is no such unit.
        ChunkInvalid: Title or text is empty, or the text holds a heading that would cut it in two.
    """
    return _replaced(snapshot, source, _section(title, text))


def remove_chunk(snapshot: Snapshot, source: str) -> Snapshot:
    """Return a snapshot without a unit; a file that has no other goes with it.

    Raises:
        ChunkNotFound: There is no such unit.
    """
    return _replaced(snapshot, source, "")


def heading_of(snapshot: Snapshot, source: str) -> str:
    """Return the heading of a unit as it was written, an id included.

    Raises:
        ChunkNotFound: There is no such unit.
    """
    return _find(snapshot, source).heading


def retitled(heading: str, title: str) -> str:
    """Return a heading that says something else, with the id that it had, by which replies refer to its unit."""
    named = EXPLICIT_ID.fullmatch(heading)
    return f"{named[1]} {title}" if named else title


def text_of(snapshot: Snapshot, source: str) -> str:
    """Return what stands under the heading of a unit.

    Raises:
        ChunkNotFound: There is no such unit.
    """
    section, file = _find(snapshot, source), source.partition("#")[0]
    return "\n".join(snapshot.base[file].splitlines()[section.start : section.end]).strip() + "\n"


def _replaced(snapshot: Snapshot, source: str, section: str) -> Snapshot:
    file = source.partition("#")[0]
    place = _find(snapshot, source)
    lines = snapshot.base[file].splitlines()
    before, after = "\n".join(lines[: place.start - 1]).rstrip(), "\n".join(lines[place.end :]).strip("\n")
    whole = "\n\n".join(part for part in (before, section.rstrip(), after) if part)
    return _with_file(snapshot, file, f"{whole}\n" if placed_chunks(whole, file) else "")


def _find(snapshot: Snapshot, source: str) -> Section:
    file = source.partition("#")[0]
    for section, chunk in placed_chunks(snapshot.base.get(file, ""), file):
        if chunk.source == source:
            return section
    raise ChunkNotFound(source)


def _section(title: str, text: str) -> str:
    heading, body = _heading(title), text.replace("\r\n", "\n").strip()
    if not heading or not body:
        raise ChunkInvalid("uma unidade precisa de título e de texto", "escreva os dois")
    if any(HEADING.fullmatch(line) for line in body.splitlines()):
        raise ChunkInvalid(
            "o texto tem uma linha que começa com # ou ##", "use ### para dividir uma unidade por dentro"
        )
    if "\0" in heading + body:
        raise ChunkInvalid("o texto tem um caractere nulo", "cole só texto")
    return f"## {heading}\n\n{body}\n"


def _heading(title: str) -> str:
    return " ".join(title.split()).lstrip("# ").rstrip("# ")[:TITLE_LIMIT]


def _with_file(snapshot: Snapshot, file: str, text: str) -> Snapshot:
    base = {**snapshot.base, file: text}
    return Snapshot(snapshot.card, {name: written for name, written in base.items() if written})
