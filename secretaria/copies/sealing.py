"""Locks a copy in the age format, for a public key or with a passphrase, so that ``age`` alone opens it too."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyrage

from secretaria.errors import ConfigurationError, Rejected

TOO_EASY = 12  # characters; age stretches a passphrase, but nothing saves a short one


class CopyLocked(Rejected):
    """The key or the passphrase does not open a copy, or none was given."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"não consegui abrir a cópia: {what}",
            "indique a chave com --identity-file, ou a frase-senha com --passphrase-file",
        )


@dataclass(frozen=True)
class Keys:
    """What locks copies, and what opens them.

    Attributes:
        recipients: Public keys, ``age1...``; each one's owner can open the copy.
        passphrase_file: A file with the passphrase, where there is no public key.
        identity_file: A file with the secret key, ``AGE-SECRET-KEY-1...``; only for opening.
    """

    recipients: tuple[str, ...] = ()
    passphrase_file: Path | None = None
    identity_file: Path | None = None

    @property
    def locking(self) -> bool:
        """Whether new copies are locked."""
        return bool(self.recipients or self.passphrase_file)


def check_keys(keys: Keys) -> None:
    """Refuse keys that could not lock a copy, before anything is copied.

    Raises:
        ConfigurationError: One is not a key, or a file cannot be read.
    """
    if keys.recipients:
        _recipients(keys)
    elif keys.passphrase_file is not None and len(_read(keys.passphrase_file)) < TOO_EASY:
        raise ConfigurationError(
            f"a frase-senha em {keys.passphrase_file} é curta demais", f"use ao menos {TOO_EASY} caracteres"
        )


def lock_file(plain: Path, locked: Path, keys: Keys) -> None:
    """Write the locked form of a file; with a passphrase the whole file passes through memory, with a public key not.

    Raises:
        OSError: It could not be written.
    """
    try:
        if keys.recipients:
            pyrage.encrypt_file(str(plain), str(locked), _recipients(keys))
        elif keys.passphrase_file is not None:
            locked.write_bytes(pyrage.passphrase.encrypt(plain.read_bytes(), _read(keys.passphrase_file)))
    except pyrage.EncryptError as error:  # keys were checked: what remains is the disk
        raise OSError(str(error)) from error


def open_file(locked: Path, plain: Path, keys: Keys) -> None:
    """Write the plain form of a locked file.

    Raises:
        CopyLocked: Nothing that was given opens it, or it was changed since it was locked.
    """
    try:
        if keys.identity_file is not None:
            pyrage.decrypt_file(str(locked), str(plain), _identities(keys.identity_file))
        elif keys.passphrase_file is not None:
            plain.write_bytes(pyrage.passphrase.decrypt(locked.read_bytes(), _read(keys.passphrase_file)))
        else:
            raise CopyLocked("ela está cifrada")
    except (pyrage.DecryptError, OSError) as error:
        raise CopyLocked("a chave não é esta, ou o arquivo foi alterado") from error


def _recipients(keys: Keys) -> list[pyrage.x25519.Recipient]:
    try:
        return [pyrage.x25519.Recipient.from_str(written) for written in keys.recipients]
    except pyrage.RecipientError as error:
        hint = "ela começa com age1; crie um par com: age-keygen -o chave.txt"
        raise ConfigurationError("a chave pública das cópias não é válida", hint) from error


def _identities(path: Path) -> list[pyrage.x25519.Identity]:
    lines = [line for line in _read(path).splitlines() if line and not line.startswith("#")]
    try:
        return [pyrage.x25519.Identity.from_str(line) for line in lines]
    except pyrage.IdentityError as error:
        hint = "o arquivo tem uma linha que começa com AGE-SECRET-KEY-1"
        raise ConfigurationError(f"{path} não é uma chave secreta do age", hint) from error


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"não consegui ler {path}", "confira o caminho e as permissões") from error
