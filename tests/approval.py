"""Texts that a person reviewed: compared word by word, and written anew only where ``make approve`` asks for it."""

from __future__ import annotations

import os
from pathlib import Path

APPROVE = "APPROVE"


def assert_approved(file: Path, text: str) -> None:
    """Compare a text with the approved one; with ``APPROVE=1`` in the environment it becomes the approved one."""
    if os.environ.get(APPROVE) == "1":
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    approved = file.read_text(encoding="utf-8") if file.exists() else ""
    assert text == approved, f"{file} is another one; look at the difference, and if it is right: make approve"
