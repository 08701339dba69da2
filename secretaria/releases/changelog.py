"""The changelog at a release: what stood under "Unreleased" becomes the version's section."""

from __future__ import annotations

import re
from datetime import date

from packaging.version import Version

UNRELEASED = "## [Unreleased]"
SECTION = re.compile(r"^## \[", re.MULTILINE)
NOTHING = "Nothing was noted."


def close_section(text: str, version: Version, day: date) -> str:
    """Return the changelog with the version's section under an empty "Unreleased"; done twice is done once.

    Args:
        text: The changelog as it stands.
        version: What is released.
        day: Its date.
    """
    heading = f"## [{version}] - {day.isoformat()}"
    if f"## [{version}]" in text:
        return text
    before, found, after = text.partition(UNRELEASED)
    if not found:
        return f"{text.rstrip()}\n\n{heading}\n\n{NOTHING}\n"
    following = SECTION.search(after)
    own, rest = (after[: following.start()], after[following.start() :]) if following else (after, "")
    notes = own.strip() or NOTHING
    tail = f"\n{rest}" if rest else ""
    return f"{before}{UNRELEASED}\n\n{heading}\n\n{notes}\n{tail}"


def notes_of(text: str, version: Version) -> str:
    """Return what the changelog says of a version, without its heading; empty where it says nothing."""
    _, found, after = text.partition(f"## [{version}]")
    if not found:
        return ""
    after = after.partition("\n")[2]
    following = SECTION.search(after)
    return (after[: following.start()] if following else after).strip()
