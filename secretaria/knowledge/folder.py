"""The folder of a business, negocio.toml and base/*.md, is read once and named by a hash of its bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from secretaria.knowledge.business import CARD_FILE, BusinessCard, BusinessInvalid, parse_card
from secretaria.knowledge.chunks import Chunk, split_chunks

BASE_FOLDER = "base"
VERSION_LENGTH = 12
FOLDER_HINT = "aponte business.folder, no secretaria.toml, para uma pasta com negocio.toml e base/*.md"
BASE_HINT = "escreva pelo menos um arquivo .md em base/, com um título ## para cada assunto"


@dataclass(frozen=True, slots=True)
class Business:
    """What the owner published.

    Attributes:
        card: negocio.toml, checked.
        chunks: The knowledge base, in the order of file names and then of the text.
        version: Changes with any byte of these files.
    """

    card: BusinessCard
    chunks: tuple[Chunk, ...]
    version: str


def load_business_folder(path: Path) -> Business:
    """Read the folder of a business.

    Args:
        path: The folder with ``negocio.toml`` and ``base/*.md``.

    Raises:
        BusinessInvalid: The folder or a file of it is missing, unreadable or wrong.
    """
    try:
        contents = _read_files(path)
    except OSError as error:
        hint = f"confira as permissões de {error.filename}"
        raise BusinessInvalid(f"não consegui ler {error.filename}: {error.strerror}", hint) from error
    texts = {file: _decoded(file, content) for file, content in contents.items()}
    card_file, *base_files = texts
    card = parse_card(texts[card_file], str(card_file))
    chunks = tuple(chunk for file in base_files for chunk in split_chunks(texts[file], file.name))
    if not chunks:
        raise BusinessInvalid(f"a base de conhecimento em {path / BASE_FOLDER} está vazia", BASE_HINT)
    return Business(card, chunks, _version((file.name, content) for file, content in contents.items()))


def _read_files(path: Path) -> dict[Path, bytes]:
    """Read negocio.toml and then the base, without the hidden files that editors and file managers drop beside it."""
    if not path.is_dir():
        raise BusinessInvalid(f"a pasta do negócio {path} não existe", FOLDER_HINT)
    card_file, base = path / CARD_FILE, path / BASE_FOLDER
    if not card_file.is_file():
        raise BusinessInvalid(f"falta o arquivo {card_file}", FOLDER_HINT)
    base_files = sorted(file for file in base.glob("*.md") if not file.name.startswith("."))
    if not base_files:
        raise BusinessInvalid(f"não há base de conhecimento em {base}", BASE_HINT)
    return {file: file.read_bytes() for file in [card_file, *base_files]}


def _decoded(file: Path, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")  # a Windows editor leaves a mark at the start
    except UnicodeDecodeError as error:
        raise BusinessInvalid(f"{file} não está em UTF-8", "salve o arquivo com a codificação UTF-8") from error


def _version(files: Iterable[tuple[str, bytes]]) -> str:
    digest = hashlib.sha256()
    for name, content in files:
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:VERSION_LENGTH]
