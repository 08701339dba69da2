"""One file for a copy: packed aside, checked, and put under its good name only when all of it is on the disk."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from secretaria.copies.finished import LOCKED, PREFIX, STAMP
from secretaria.copies.manifest import NAME, CopyDamaged, Manifest, Part, read_manifest
from secretaria.copies.sealing import Keys, lock_file, open_file
from secretaria.errors import LockHeld, PreflightRefused

DRAFT = ".rascunho-"  # what a killed process leaves begins so, and the next one removes it
SUM = ".sha256"
PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600


@contextmanager
def own_folder(folder: Path) -> Iterator[None]:
    """Keep a folder of copies to ourselves, and clear what a killed process left in it.

    Raises:
        LockHeld: Another process copies, checks or restores here.
        PreflightRefused: It cannot be written.
    """
    try:
        folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        lock = (folder / ".lock").open("w", encoding="ascii")
    except OSError as error:
        raise PreflightRefused(
            f"não consigo gravar em {folder}: {error.strerror}", "escolha outra: --to PASTA"
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LockHeld(f"outra cópia está em andamento em {folder}", "espere que ela termine") from error
        for abandoned in folder.glob(f"{DRAFT}*"):
            shutil.rmtree(abandoned, ignore_errors=True)
        yield


@contextmanager
def draft_in(folder: Path) -> Iterator[Path]:
    """Make a private folder that is gone afterwards, on the same disk so that what is finished can be renamed."""
    draft = Path(tempfile.mkdtemp(prefix=DRAFT, dir=folder))  # made with mode 0700
    try:
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def parts_of(contents: Path) -> dict[str, Part]:
    """Return every file of a copy but the manifest, with its size and checksum."""
    files = sorted(path for path in contents.rglob("*") if path.is_file() and path != contents / NAME)
    return {
        path.relative_to(contents).as_posix(): Part(bytes=path.stat().st_size, sha256=checksum(path)) for path in files
    }


def seal_copy(contents: Path, manifest: Manifest, folder: Path, keys: Keys) -> Path:
    """Pack what was gathered into one file under its good name, with its checksum beside it.

    Args:
        contents: The folder of the parts, inside a draft of ``folder``.
        manifest: Says what they are.
        folder: Where the copy goes.
        keys: Lock it, where they are given.

    Raises:
        OSError: The disk is full or broken; there is nothing under the good name.
    """
    (contents / NAME).write_text(manifest.model_dump_json(indent=1), encoding="utf-8")
    name = f"{PREFIX}{manifest.taken_at.strftime(STAMP)}.tar"
    packed = contents.parent / name
    with tarfile.open(packed, "w", format=tarfile.PAX_FORMAT) as tar:
        for path in (NAME, *manifest.parts):
            tar.add(contents / path, path, recursive=False)
    shutil.rmtree(contents)  # twice is enough on the disk
    if keys.locking:
        locked = packed.with_name(name + LOCKED)
        lock_file(packed, locked, keys)
        packed.unlink()
        packed = locked
    packed.chmod(PRIVATE_FILE)
    good = folder / packed.name
    sums = packed.with_name(packed.name + SUM)
    sums.write_text(f"{checksum(packed)}  {packed.name}\n", encoding="ascii")
    for written in (sums, packed):  # the checksum first: a copy under its good name always has one
        written.chmod(PRIVATE_FILE)
        _sync(written)
        written.rename(folder / written.name)
    _sync(folder)
    return good


def open_copy(file: Path, into: Path, keys: Keys) -> Manifest:
    """Check a copy as a file and unpack it; what is found is what was put in, or it is refused.

    Args:
        file: The copy.
        into: An empty private folder.
        keys: Open it, where it is locked.

    Returns:
        What it says about itself.

    Raises:
        CopyDamaged: It was cut short or changed, or is none of ours.
        CopyLocked: The keys do not open it.
    """
    if not file.is_file():
        raise CopyDamaged(f"{file} não existe")
    sums = file.with_name(file.name + SUM)
    if sums.is_file() and sums.read_text(encoding="ascii", errors="replace").split(" ")[0] != checksum(file):
        raise CopyDamaged("o arquivo não é mais o que foi gravado (sha256)")
    packed = file
    if file.name.endswith(LOCKED):
        packed = into.with_name("aberta.tar")
        open_file(file, packed, keys)
    try:
        with tarfile.open(packed, "r:") as tar:
            _unpack(tar, into)
    except (tarfile.TarError, EOFError) as error:
        raise CopyDamaged("o arquivo está cortado ou não é uma cópia") from error
    finally:
        if packed != file:
            packed.unlink(missing_ok=True)
    manifest = read_manifest(into / NAME)
    if parts_of(into) != manifest.parts:
        raise CopyDamaged("uma das partes não é mais o que foi gravado (sha256)")
    return manifest


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _unpack(tar: tarfile.TarFile, into: Path) -> None:
    """Write the plain files of an archive; a name that leads out of the folder, or a link, is not one of ours."""
    for member in tar:
        place = PurePosixPath(member.name)
        content = tar.extractfile(member) if member.isfile() else None
        if content is None or place.is_absolute() or ".." in place.parts:
            raise CopyDamaged(f"{member.name} não é um arquivo comum")
        target = into / place
        target.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        with target.open("wb") as file:
            shutil.copyfileobj(content, file)
        target.chmod(PRIVATE_FILE)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
