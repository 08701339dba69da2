"""A keyed hash in place of a person's number: the same person gives the same letters, and nobody can count back."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from pathlib import Path

KEY_FILE = "privacy.key"
KEY_BYTES = 32
SHOWN = 8
MARK = re.compile(r"h:[0-9a-f]{8}")


class _Key:
    """The key of this process; until one is set, a random one, which joins lines of this process only."""

    value = secrets.token_bytes(KEY_BYTES)


def use_key(key: bytes) -> None:
    """Hash with this key from now on."""
    _Key.value = key


def pseudonym(number: str) -> str:
    """Return what stands for a number in a log, for instance ``h:3f9a01bc``."""
    return f"h:{keyed_hash(number)[:SHOWN]}"


def is_pseudonym(text: str) -> bool:
    """Return whether a text is such a stand-in already."""
    return MARK.fullmatch(text) is not None


def keyed_hash(number: str, key: bytes | None = None) -> str:
    """Return the whole keyed hash of a number, in hex."""
    return hmac.new(key or _Key.value, number.encode("utf-8", errors="replace"), hashlib.sha256).hexdigest()


def derived_key(purpose: str) -> bytes:
    """Return a key for one purpose only; whoever learns it learns neither the key of this process nor the others."""
    return hmac.new(_Key.value, f"purpose:{purpose}".encode(), hashlib.sha256).digest()


def keep_key(home: Path, configured: str = "") -> bytes:
    """Return the key of an installation: the configured one, or one that is made once and kept in a private file.

    Args:
        home: The folder of local data.
        configured: ``PRIVACY_KEY``, which machines that share a database must share.
    """
    if configured:
        return hashlib.sha256(configured.encode()).digest()
    path = home / KEY_FILE
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return _make_key(path)


def _make_key(path: Path) -> bytes:
    """Write a new key aside and link it, so that two processes that begin together end with the same one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass  # another process was first; its key is the one
    finally:
        draft.unlink()
    return path.read_bytes()
