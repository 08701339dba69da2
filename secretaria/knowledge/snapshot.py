"""The texts of a business as its owner wrote them, named by a hash of their content, and what they say once read."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from loguru import logger

from secretaria.knowledge.business import CARD_FILE, BusinessCard, BusinessInvalid, parse_card, parse_stored_card
from secretaria.knowledge.chunks import Chunk, split_chunks

BASE_FOLDER = "base"
FINGERPRINT_LENGTH = 12
_TOLD: set[int] = set()
BASE_HINT = "escreva pelo menos um arquivo .md em base/, com um título ## para cada assunto"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything an owner wrote at one moment, whole.

    Attributes:
        card: The text of negocio.toml.
        base: The text of each file of the knowledge base by its name, in the order of the names.
    """

    card: str
    base: Mapping[str, str]

    @property
    def fingerprint(self) -> str:
        """Twelve characters that change with any character of any file, and with its name."""
        digest = hashlib.sha256()
        for name, text in [(CARD_FILE, self.card), *sorted(self.base.items())]:
            content = text.encode()
            digest.update(f"{name}\0{len(content)}\0".encode())
            digest.update(content)
        return digest.hexdigest()[:FINGERPRINT_LENGTH]


@dataclass(frozen=True, slots=True)
class Business:
    """What the owner published, read.

    Attributes:
        card: negocio.toml, checked.
        chunks: The knowledge base, in the order of file names and then of the text.
        version: The fingerprint of the texts it was read from.
        version_id: The version it is in PostgreSQL; None where it was read from a folder.
    """

    card: BusinessCard
    chunks: tuple[Chunk, ...]
    version: str
    version_id: int | None = None


def read_snapshot(snapshot: Snapshot, where: str = CARD_FILE, version_id: int | None = None) -> Business:
    """Read what the owner wrote.

    Args:
        snapshot: The texts.
        where: How to call negocio.toml in an error.
        version_id: The version that holds them.

    Raises:
        BusinessInvalid: The card is wrong, or the base says nothing.
    """
    return _business(parse_card(snapshot.card, where), snapshot, where, version_id)


def read_stored(snapshot: Snapshot, where: str, version_id: int) -> Business:
    """Read a version as it is stored; keys of the card that only a newer program knows are left out, and told once.

    So an older program that is back after a release goes on answering from what the newer one published.

    Raises:
        BusinessInvalid: Something else is wrong with it.
    """
    card, ignored = parse_stored_card(snapshot.card, where)
    if ignored and version_id not in _TOLD:
        _TOLD.add(version_id)
        logger.bind(version=version_id, keys=list(ignored)).warning("business_keys_unknown")
    return _business(card, snapshot, where, version_id)


def _business(card: BusinessCard, snapshot: Snapshot, where: str, version_id: int | None) -> Business:
    chunks = tuple(chunk for name, text in sorted(snapshot.base.items()) for chunk in split_chunks(text, name))
    if not chunks:
        raise BusinessInvalid(f"a base de conhecimento de {where} está vazia", BASE_HINT)
    return Business(card, chunks, snapshot.fingerprint, version_id)
