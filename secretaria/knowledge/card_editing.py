"""Changes the business card of a snapshot, a table or a key at a time, and keeps every comment its owner wrote; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from secretaria.errors import NotFound, UsageInvalid
from secretaria.knowledge.business import CARD_FILE, Problem, refusal
from secretaria.knowledge.snapshot import Snapshot

PARTS = {"persona": "secretaria", "hours": "horarios", "handoff": "transferencia"}
"""What commands and pages call the tables that are edited apart."""

FEW = 2
TABLE_HINT = f"comece pela linha [tabela]; as tabelas de {CARD_FILE} são negocio, secretaria, horarios, transferencia, agenda e consultas"


class TableNotFound(NotFound):
    """The card has no table of this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{CARD_FILE} não tem a tabela [{name}]", TABLE_HINT)


class TableInvalid(UsageInvalid):
    """What was written is not this one table."""

    def __init__(self, name: str) -> None:
        super().__init__(f"escreva só a tabela [{name}]; nada foi alterado", TABLE_HINT)


def table_text(snapshot: Snapshot, name: str) -> str:
    """Return one table of the card as it is written, its comments included.

    Raises:
        TableNotFound: There is none.
    """
    card = tomlkit.parse(snapshot.card)
    if name not in card:
        raise TableNotFound(name)
    alone = tomlkit.document()
    alone.add(name, card.item(name))
    return tomlkit.dumps(alone).strip() + "\n"


def change_table(snapshot: Snapshot, name: str, text: str) -> Snapshot:
    """Return a snapshot whose card has another text for one table, which may be new.

    Raises:
        BusinessInvalid: The text is no TOML.
        TableInvalid: It holds another table, or none.
    """
    card = tomlkit.parse(snapshot.card)
    between = "" if list(card)[-1] == name else "\n"  # the empty line before the next table goes with the old text
    written = _parsed(f"{text.strip()}\n{between}")
    if list(written) != [name]:
        raise TableInvalid(name)
    if name not in card:
        return change_card(snapshot, f"{snapshot.card.rstrip()}\n\n{text.strip()}\n")
    card[name] = written.item(name)
    return change_card(snapshot, tomlkit.dumps(card))


def change_values(snapshot: Snapshot, values: Mapping[str, Any]) -> Snapshot:
    """Return a snapshot whose card says something else under some keys, as a form knows them.

    Args:
        snapshot: What there is.
        values: By dotted key, for instance ``secretaria.formalidade``; None takes the key out.

    Raises:
        TableNotFound: A key stands in a table that is not there.
    """
    card = tomlkit.parse(snapshot.card)
    for dotted, value in values.items():
        *path, key = dotted.split(".")
        place: Any = card
        for name in path:
            if name not in place:
                raise TableNotFound(".".join(path))
            place = place[name]
        if value is None:
            place.pop(key, None)
        elif place.get(key) != value:
            place[key] = _written(value)
    return change_card(snapshot, tomlkit.dumps(card))


def change_card(snapshot: Snapshot, text: str) -> Snapshot:
    """Return a snapshot with another card."""
    return Snapshot(text.replace("\r\n", "\n"), snapshot.base)


def _written(value: Any) -> Any:  # noqa: ANN401  # whatever TOML can say
    """Write a table within its line and a long list a line each, as the sample does."""
    if isinstance(value, Mapping):
        table = tomlkit.inline_table()
        table.update(value)
        return table
    if isinstance(value, list | tuple):
        listed = tomlkit.array()
        listed.extend(value)
        return listed.multiline(len(value) > FEW)
    return value


def _parsed(text: str) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(text)
    except TOMLKitError as error:
        line = getattr(error, "line", None)
        raise refusal(CARD_FILE, [Problem(CARD_FILE, line, "não é um TOML válido")], TABLE_HINT) from None
