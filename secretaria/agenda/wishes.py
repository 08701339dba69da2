"""Whether a customer's own words cancel or confirm a booking outright, so that no offer is needed first; pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from secretaria.agenda.offers import THUMBS
from secretaria.agenda.spoken import plain

CANCEL = re.compile(
    r"\b(?:(?:pode |quero |preciso |vou |tenho que |tenho q )?(?:desmarca|cancela)\w*"
    r"|(?:nao|n|num) (?:vou|irei|posso|consigo|da|vai dar|vamos|poderei|conseguirei)\b"
    r"(?:(?: mais| pra| para| de)?(?: poder| conseguir)?(?: ir| comparecer| chegar| estar)?)\b"
    r"|surgiu um imprevisto|tive um imprevisto)"
)
CONFIRM = re.compile(
    r"\b(?:confirm(?:o|ado|ada|adissimo|amos|ar|a|e)|estarei|estaremos|vou sim|irei|pode contar|presenca|"
    r"sim|ok|okay|certo|combinado|blz|beleza|positivo|isso|fechado|claro)\b"
)
CLAUSE_END = re.compile(r"[,;.!?\n]+")
ASKING = re.compile(
    r"\b(?:se|caso|tem como|como|quanto|quando|saber|da pra|da para)\b|^(?!(?:nao|n|num) )(?:\w+ )?(?:posso|podemos|pode|podem|consigo)\b"
)
NOT = re.compile(r"\b(?:nao|n|num|nunca|nem)\b")


def cancels(texts: Sequence[str]) -> bool:
    """Say whether one of these messages states, and does not ask, that the customer will not come."""
    return any(CANCEL.search(plain(text)) and not _keeps(plain(text)) for text in _stated(texts))


def confirms(texts: Sequence[str]) -> bool:
    """Say whether one of these messages states that the customer will come, and none says no."""
    stated = [plain(text) for text in _stated(texts)]
    if any(NOT.search(text) for text in stated):
        return False
    return any(CONFIRM.search(text) for text in stated) or any(sign in text for text in texts for sign in THUMBS)


def _stated(texts: Sequence[str]) -> list[str]:
    """Return what is stated: all of a message, or, before a question in the same message, the clauses that ask nothing."""
    stated = []
    for text in texts:
        asks = text.rstrip().endswith("?")
        clauses = CLAUSE_END.split(text.rstrip().rstrip("?"))[:-1] if asks else [text]
        stated += [clause for clause in clauses if clause.strip() and not (asks and ASKING.search(plain(clause)))]
    return stated


def _keeps(said: str) -> bool:
    """``nao cancela``, ``nao quero cancelar``: the wish is turned round."""
    return re.search(r"\b(?:nao|n|num|nunca) (?:\w+ ){0,2}(?:desmarc|cancel)", said) is not None
