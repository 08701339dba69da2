"""A folder becomes a business, or says in one sentence why it cannot."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import secretaria
from secretaria.knowledge.business import BusinessInvalid
from secretaria.knowledge.folder import load_business_folder

SAMPLE = Path(secretaria.__file__).parent / "simulation/clinica-sorriso"
CARD = (SAMPLE / "negocio.toml").read_text(encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a card and a base of one file."""
    (tmp_path / "base").mkdir()
    (tmp_path / "negocio.toml").write_text(CARD, encoding="utf-8")
    (tmp_path / "base/precos.md").write_text("## Corte\nR$ 40.", encoding="utf-8")
    return tmp_path


def refusal(path: Path) -> BusinessInvalid:
    """Return the error with which a folder is refused."""
    with pytest.raises(BusinessInvalid) as refused:
        load_business_folder(path)
    assert refused.value.hint
    return refused.value


def test_sample_loads_with_all_its_chunks() -> None:
    """The sample has 82 sections and two texts that stand above the first section."""
    business = load_business_folder(SAMPLE)
    assert len(business.chunks) == 84
    assert sum(chunk.file == "faq.md" for chunk in business.chunks) == 42
    assert all(chunk.text for chunk in business.chunks)


def test_every_labelled_source_exists() -> None:
    """What the labelled conversations point to can be found by the same name."""
    lines = (SAMPLE / "conversations.jsonl").read_text(encoding="utf-8").splitlines()
    labelled = {source for line in lines for turn in json.loads(line)["turns"] for source in turn["sources"]}
    assert labelled
    assert labelled <= {chunk.source for chunk in load_business_folder(SAMPLE).chunks}


def test_version_changes_with_any_byte(folder: Path) -> None:
    """The same files have the same version; a changed, added or renamed one has another."""
    versions = [load_business_folder(folder).version]
    assert load_business_folder(folder).version == versions[0]
    (folder / "base/precos.md").write_text("## Corte\nR$ 41.", encoding="utf-8")
    versions.append(load_business_folder(folder).version)
    (folder / "base/novo.md").write_text("## Novo\nSim.", encoding="utf-8")
    versions.append(load_business_folder(folder).version)
    (folder / "base/novo.md").rename(folder / "base/outro.md")
    versions.append(load_business_folder(folder).version)
    assert len(set(versions)) == len(versions)


def test_windows_files_are_read(folder: Path) -> None:
    """A mark at the start and carriage returns change nothing."""
    (folder / "negocio.toml").write_bytes(b"\xef\xbb\xbf" + CARD.replace("\n", "\r\n").encode())
    (folder / "base/precos.md").write_bytes("\ufeff## Corte\r\nR$ 40.\r\n".encode())
    (chunk,) = load_business_folder(folder).chunks
    assert (chunk.source, chunk.text) == ("precos.md#corte", "R$ 40.")


def test_hidden_files_are_left_out(folder: Path) -> None:
    """What a file manager drops beside the base is not knowledge."""
    (folder / "base/._precos.md").write_bytes(b"\x00\xff")
    assert len(load_business_folder(folder).chunks) == 1


def test_missing_folder_is_named(tmp_path: Path) -> None:
    """A folder that is not there is named, with where to set it."""
    error = refusal(tmp_path / "negocio")
    assert error.message == f"a pasta do negócio {tmp_path / 'negocio'} não existe"
    assert "business.folder" in error.hint


def test_missing_card_is_named(folder: Path) -> None:
    """A folder without negocio.toml says so."""
    (folder / "negocio.toml").unlink()
    assert refusal(folder).message == f"falta o arquivo {folder / 'negocio.toml'}"


@pytest.mark.parametrize("content", [None, "", "\n\n"])
def test_missing_or_empty_base_is_refused(folder: Path, content: str | None) -> None:
    """A secretary without a knowledge base knows nothing and does not start."""
    if content is None:
        (folder / "base/precos.md").unlink()
    else:
        (folder / "base/precos.md").write_text(content, encoding="utf-8")
    assert "base" in refusal(folder).message


def test_other_encodings_are_refused(folder: Path) -> None:
    """A Latin-1 file is named, with what to do."""
    (folder / "base/precos.md").write_bytes("## Preço\nR$ 40.".encode("latin-1"))
    error = refusal(folder)
    assert error.message == f"{folder / 'base/precos.md'}: linha 1: não está em UTF-8"
    assert "UTF-8" in error.hint


def test_unreadable_file_is_named(folder: Path) -> None:
    """A file that cannot be read is named, here a folder that is called like one."""
    (folder / "base/pasta.md").mkdir()
    assert refusal(folder).message.startswith(f"não consegui ler {folder / 'base/pasta.md'}: ")


def test_wrong_card_is_reported_with_its_path(folder: Path) -> None:
    """The message of a wrong value begins with the file it stands in."""
    (folder / "negocio.toml").write_text(CARD.replace("America/Sao_Paulo", "Lua"), encoding="utf-8")
    assert refusal(folder).message.startswith(f"{folder / 'negocio.toml'}: ")
