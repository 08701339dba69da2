"""Which version comes next, and what the changelog says of it."""

from __future__ import annotations

from datetime import date

import pytest
from packaging.version import Version

from secretaria.errors import UsageInvalid
from secretaria.releases.changelog import close_section, notes_of
from secretaria.releases.version import Part, newest, next_version, parse_version, version_in, with_version

TEXT = "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- Doors.\n\n## [1.0.0] - 2026-01-01\n\n- First.\n"
DAY = date(2026, 11, 30)


@pytest.mark.parametrize(("part", "expected"), [("patch", "1.9.10"), ("minor", "1.10.0"), ("major", "2.0.0")])
def test_smaller_parts_begin_anew(part: Part, expected: str) -> None:
    """Numbers, not texts: ten comes after nine."""
    assert str(next_version(Version("1.9.9"), part)) == expected


def test_newest_is_by_number_and_only_ours() -> None:
    """Candidates and words of others are no versions of ours."""
    assert str(newest(["v1.9.0", "v1.10.0", "v2.0.0-rc1", "vitrine", "v3"], "1.2.0")) == "1.10.0"


def test_program_counts_where_nothing_is_tagged() -> None:
    """The first release comes after what the program says of itself."""
    assert str(newest([], version_in('__version__ = "0.1.0"\n'))) == "0.1.0"


@pytest.mark.parametrize("written", ["1.2", "1.2.3.4", "01.2.3", "latest", "1.2.3-rc1", ""])
def test_what_is_no_version_is_refused(written: str) -> None:
    """Before anything is looked up under it."""
    with pytest.raises(UsageInvalid):
        parse_version(written)


def test_program_takes_the_version_once() -> None:
    """The line that an image overrides stays as it is."""
    source = '__version__ = "0.1.0"\n\n__version__ = os.environ.get("SECRETARIA_VERSION") or __version__\n'
    assert with_version(source, Version("0.2.0")) == source.replace("0.1.0", "0.2.0")


def test_unreleased_becomes_the_section_of_the_version() -> None:
    """Under an empty one for what comes next."""
    closed = close_section(TEXT, Version("1.1.0"), DAY)
    expected = "## [Unreleased]\n\n## [1.1.0] - 2026-11-30\n\n### Added\n\n- Doors.\n\n## [1.0.0] - 2026-01-01"
    assert expected in closed
    assert notes_of(closed, Version("1.1.0")) == "### Added\n\n- Doors."


def test_section_is_closed_once() -> None:
    """A second deploy of the same version finds it done."""
    closed = close_section(TEXT, Version("1.1.0"), DAY)
    assert close_section(closed, Version("1.1.0"), DAY) == closed


def test_version_without_notes_has_a_section_too() -> None:
    """Its date is worth knowing."""
    closed = close_section(close_section(TEXT, Version("1.1.0"), DAY), Version("1.1.1"), DAY)
    assert notes_of(closed, Version("1.1.1")) == "Nothing was noted."
