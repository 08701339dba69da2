"""How a notice to the owner is known when Whaticket shows it to us again: it is nobody's word in a conversation."""

from __future__ import annotations

NOTICE_HEAD = "*Aviso da Secretária Virtual*"


def is_notice(text: str) -> bool:
    """Say whether a text is one of our notices."""
    return text.startswith(NOTICE_HEAD)
