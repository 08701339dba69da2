"""Differences that were wanted: read from docs/accepted-differences.toml, each with its reason and its end."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self

from packaging.version import Version
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

import secretaria
from secretaria.errors import ConfigurationError
from secretaria.evaluation.results import Mismatch
from secretaria.validation import nearest, reason

FILE = "accepted-differences.toml"
TABLE = "accepted"
HINT = "o formato está no começo do próprio arquivo"


class AcceptedInvalid(ConfigurationError):
    """The list of accepted differences cannot be read, so that nothing would be accepted for the right reason."""


def _is_pattern(written: str) -> str:
    try:
        re.compile(written)
    except re.error as error:
        raise ValueError(f"não é uma expressão regular ({error})") from error
    return written


Pattern = Annotated[str, Field(min_length=1), AfterValidator(_is_pattern)]


class Accepted(BaseModel):
    """One difference that is wanted.

    Attributes:
        field: What is decided otherwise, as a mismatch calls it.
        before: Looked for in what was decided then; None fits everything.
        after: Looked for in what is decided now; None fits everything.
        turn: The only turn that may differ so; None for any.
        reason: Why it is wanted.
        until: The last version that may differ so.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    field: str = Field(min_length=1)
    before: Pattern | None = Field(default=None, alias="from")
    after: Pattern | None = Field(default=None, alias="to")
    turn: int | None = Field(default=None, ge=1)
    reason: str = Field(min_length=10)
    until: str = Field(pattern=r"^\d+\.\d+\.\d+$")

    @model_validator(mode="after")
    def _says_which(self) -> Self:
        if self.before is None and self.after is None and self.turn is None:
            raise ValueError("diga quais: falta from, to ou turn")
        return self

    def covers(self, difference: Mismatch) -> bool:
        """Return whether a difference is this one."""
        return (
            self.field == difference.kind
            and self.turn in {None, difference.turn}
            and (self.before is None or re.search(self.before, as_text(difference.expected)) is not None)
            and (self.after is None or re.search(self.after, as_text(difference.found)) is not None)
        )

    def ended(self, version: str) -> bool:
        """Return whether a version is past the last one that may differ so."""
        return Version(version) > Version(self.until)


@dataclass(frozen=True, slots=True)
class Sorted:
    """Differences beside the list.

    Attributes:
        refused: Those that nobody accepted.
        accepted: The others, each with its entry.
        unused: Entries that covered nothing.
        ended: Entries that no longer count for this version.
    """

    refused: tuple[Mismatch, ...]
    accepted: tuple[tuple[Mismatch, Accepted], ...]
    unused: tuple[Accepted, ...]
    ended: tuple[Accepted, ...]


def sort_out(differences: Sequence[Mismatch], listed: Sequence[Accepted], version: str) -> Sorted:
    """Say which differences are wanted in a version, and which entries are of no use to it."""
    valid = [entry for entry in listed if not entry.ended(version)]
    found = [(one, next((entry for entry in valid if entry.covers(one)), None)) for one in differences]
    accepted = tuple((one, entry) for one, entry in found if entry is not None)
    used = [entry for _, entry in accepted]
    return Sorted(
        refused=tuple(one for one, entry in found if entry is None),
        accepted=accepted,
        unused=tuple(entry for entry in valid if entry not in used),
        ended=tuple(entry for entry in listed if entry.ended(version)),
    )


def accepted_file() -> Path:
    """Return where the list of this version is: inside an installed package, or in a checkout's docs."""
    package = Path(secretaria.__file__).parent
    installed = package / f"_{FILE}"
    return installed if installed.is_file() else package.parent / "docs" / FILE


def read_accepted(file: Path) -> list[Accepted]:
    """Read the list; a file that is not there accepts nothing.

    Raises:
        AcceptedInvalid: It is no such list; one message tells everything that is wrong.
    """
    if not file.is_file():
        return []
    try:
        told: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise AcceptedInvalid(f"{file} não é um TOML válido: {error}", HINT) from error
    entries = told.pop(TABLE, [])
    problems = [f"chave desconhecida {name!r}{nearest(name, [TABLE])}" for name in told]
    if not isinstance(entries, list):
        raise AcceptedInvalid(f"{file}: escreva cada diferença como [[{TABLE}]]", HINT)
    read: list[Accepted] = []
    for number, entry in enumerate(entries, start=1):
        try:
            read.append(Accepted.model_validate(entry))
        except ValidationError as error:
            problems += [f"diferença {number}: {_sentence(item)}" for item in error.errors(include_url=False)]
    if problems:
        raise AcceptedInvalid(f"{file}: {'; '.join(problems)}", HINT)
    return read


def as_text(value: object) -> str:
    """Return a decision as patterns see it: words as they are, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _sentence(item: Any) -> str:  # noqa: ANN401  # an entry of pydantic's list
    name = ".".join(map(str, item["loc"]))
    if item["type"] == "missing":
        return f"falta {name!r}"
    if item["type"] == "extra_forbidden":
        known = [field.alias or own for own, field in Accepted.model_fields.items()]
        return f"chave desconhecida {name!r}{nearest(name, known)}"
    told = str(item["ctx"]["error"]) if item["type"] == "value_error" else reason(item)
    return f"{name}: {told}" if name else told
