"""Hides personal data and secrets in any text; order numbers, prices, times and ids stay."""

from __future__ import annotations

from collections.abc import Iterator

from secretaria.privacy.cards import card_of, find_card_codes
from secretaria.privacy.digits import GROUP, Window, find_numbers
from secretaria.privacy.documents import document_of, find_births, find_named_documents, find_pix_keys
from secretaria.privacy.emails import find_emails
from secretaria.privacy.folding import Folded, fold
from secretaria.privacy.phones import find_linked_phones, phone_of
from secretaria.privacy.secrets import find_secrets
from secretaria.privacy.spans import Span, merge, replace
from secretaria.privacy.spelled import find_spelled
from secretaria.privacy.surroundings import Surroundings

MOST_PASSES = 4  # beside what a first pass has hidden, a second may see what stood too close to it
MOST_FOUND = 40  # of so many in one text none is told more by a second look than the time is worth
UNREADABLE = "[texto omitido]"


def mask_text(text: str) -> str:
    """Return the text with every personal datum and every secret hidden; what was masked once does not change again.

    Args:
        text: Any text: a log line, JSON, a traceback, what a customer wrote.

    Returns:
        The text with a tag such as ``[cpf]`` or ``[telefone *0101]`` in each place; nothing of the text if it cannot be
        read, because a line that is lost does less harm than one that tells.
    """
    try:
        return _masked(text)
    except Exception:  # noqa: BLE001  # whoever writes a log line must not fail because of its content
        return UNREADABLE


def _masked(text: str) -> str:
    for _ in range(MOST_PASSES):
        folded = fold(text)
        found = merge(list(_find(folded)))
        masked = replace(text, [Span(*folded.origin(span.start, span.end), span.shown) for span in found])
        if masked == text or len(found) > MOST_FOUND:
            return masked
        text = masked
    return text


def _find(folded: Folded) -> Iterator[Span]:
    """Yield findings, the surest finder first."""
    yield from find_secrets(folded)
    yield from find_pix_keys(folded)
    yield from find_emails(folded)
    yield from find_spelled(folded)
    if GROUP.search(folded.low) is None:
        return
    around = Surroundings(folded.low)
    yield from find_linked_phones(folded)
    yield from find_births(folded)
    yield from find_named_documents(folded, around)
    yield from find_card_codes(folded)
    yield from find_numbers(around.low, lambda window: _read_number(window, around))


def _read_number(window: Window, around: Surroundings) -> list[Span]:
    """Name one number; a document that could also be a telephone is hidden once, as what it proves to be."""
    if document := document_of(window, around.low):
        return [document]
    if phone := phone_of(window, around):
        return [phone]
    return list(card_of(window, around.low))
