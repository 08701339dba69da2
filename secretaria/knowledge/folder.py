"""The folder of a business, negocio.toml and base/*.md, is read as texts that PostgreSQL can keep."""

from __future__ import annotations

from pathlib import Path

from secretaria.errors import PreflightRefused
from secretaria.knowledge.business import CARD_FILE, BusinessInvalid, Problem, refusal
from secretaria.knowledge.snapshot import BASE_FOLDER, BASE_HINT, Business, Snapshot, read_snapshot

FOLDER_HINT = "aponte business.folder, no secretaria.toml, para uma pasta com negocio.toml e base/*.md"
ENCODING_HINT = "salve o arquivo com a codificação UTF-8"


class FolderInUse(PreflightRefused):
    """A folder that is not ours to write into."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"a pasta {path} {why}; nada foi escrito", "escolha uma pasta nova")


def load_business_folder(path: Path) -> Business:
    """Read the folder of a business.

    Args:
        path: The folder with ``negocio.toml`` and ``base/*.md``.

    Raises:
        BusinessInvalid: The folder or a file of it is missing, unreadable or wrong.
    """
    return read_snapshot(read_folder(path), str(path / CARD_FILE))


def read_folder(path: Path) -> Snapshot:
    """Read the texts of a folder, line ends as on Unix, so that the same words are the same snapshot everywhere.

    Raises:
        BusinessInvalid: The folder or a file of it is missing, unreadable or no text.
    """
    try:
        contents = _read_files(path)
    except OSError as error:
        hint = f"confira as permissões de {error.filename}"
        raise BusinessInvalid(f"não consegui ler {error.filename}: {error.strerror}", hint) from error
    card_file, *base_files = contents
    texts = {file: _decoded(file, content) for file, content in contents.items()}
    return Snapshot(texts[card_file], {file.name: texts[file] for file in base_files})


def write_folder(snapshot: Snapshot, path: Path) -> None:
    """Write the texts of a version where their owner can edit them.

    Raises:
        FolderInUse: There is something in the folder, or it cannot be written.
    """
    try:
        if path.is_dir() and any(path.iterdir()):
            raise FolderInUse(path, "já tem arquivos")
        (path / BASE_FOLDER).mkdir(parents=True, exist_ok=True)
        (path / CARD_FILE).write_text(snapshot.card, encoding="utf-8")
        for name, text in snapshot.base.items():
            (path / BASE_FOLDER / Path(name).name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise FolderInUse(path, f"não pôde ser escrita ({error.strerror})") from error


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
        text = content.decode("utf-8-sig")  # a Windows editor leaves a mark at the start
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise refusal(str(file), [Problem(str(file), line, "não está em UTF-8")], ENCODING_HINT) from error
    if "\0" in text:  # PostgreSQL keeps no text with it
        line = text.count("\n", 0, text.index("\0")) + 1
        problem = Problem(str(file), line, "tem um caractere nulo: não é um arquivo de texto")
        raise refusal(str(file), [problem], ENCODING_HINT)
    return text.replace("\r\n", "\n").replace("\r", "\n")
