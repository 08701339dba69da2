"""Does a reply speak the customer's language? The little words of three languages tell; a short reply tells nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from secretaria.replies.evidence import Evidence, Finding
from secretaria.replies.reply import Reply

WORD = re.compile(r"[^\W\d_]+")
LITTLE = {  # written as sentences are, so that they can be read
    "pt": frozenset(
        [
            "não",
            "é",
            "são",
            "você",
            "vocês",
            "com",
            "uma",
            "para",
            "por",
            "do",
            "da",
            "dos",
            "das",
            "em",
            "na",
            "no",
            "nos",
            "nas",
            "ao",
            "à",
            "às",
            "os",
            "as",
            "e",
            "também",
            "já",
            "até",
            "mais",
            "muito",
            "seu",
            "sua",
            "meu",
            "minha",
            "nós",
            "gente",
            "está",
            "estão",
            "tem",
            "temos",
            "isso",
            "este",
            "esta",
            "aqui",
            "oi",
            "olá",
            "bom",
            "boa",
            "obrigada",
            "obrigado",
            "dia",
            "ele",
            "ela",
            "foi",
            "fica",
        ]
    ),
    "es": frozenset(
        [
            "no",
            "es",
            "son",
            "usted",
            "ustedes",
            "con",
            "una",
            "para",
            "por",
            "del",
            "de",
            "la",
            "el",
            "los",
            "las",
            "y",
            "también",
            "ya",
            "hasta",
            "más",
            "muy",
            "su",
            "sus",
            "mi",
            "nosotros",
            "está",
            "están",
            "tiene",
            "tenemos",
            "eso",
            "este",
            "esta",
            "aquí",
            "hola",
            "bueno",
            "buenas",
            "gracias",
            "pero",
            "cuesta",
            "unos",
            "hay",
            "lo",
            "le",
            "que",
            "quiere",
            "puede",
            "horario",
        ]
    ),
    "en": frozenset(
        [
            "the",
            "is",
            "are",
            "you",
            "your",
            "with",
            "a",
            "an",
            "for",
            "by",
            "of",
            "in",
            "on",
            "at",
            "to",
            "and",
            "also",
            "already",
            "until",
            "more",
            "very",
            "my",
            "we",
            "our",
            "this",
            "that",
            "here",
            "hi",
            "hello",
            "good",
            "thanks",
            "thank",
            "have",
            "has",
            "it",
            "can",
            "do",
            "does",
            "not",
            "i",
            "be",
            "will",
            "would",
            "from",
            "or",
            "us",
            "please",
        ]
    ),
}
FEWEST_WORDS = 6
FEWEST_TOLD = 3


def language(reply: Reply, evidence: Evidence) -> Iterator[Finding]:
    """Yield a finding where a reply is clearly in another language than the customer's."""
    spoken = _language_of(reply.text)
    wanted = evidence.language if evidence.language in LITTLE else "pt"
    if spoken and spoken != wanted:
        names = {"pt": "português do Brasil", "es": "espanhol", "en": "inglês"}
        yield Finding("language", "language", spoken, f"Responda em {names[wanted]}.")


def _language_of(text: str) -> str:
    """Return a language only where its little words clearly outnumber the others'."""
    words = [word.lower() for word in WORD.findall(text)]
    if len(words) < FEWEST_WORDS:
        return ""
    told = {name: sum(word in little for word in words) for name, little in LITTLE.items()}
    first, second = sorted(told, key=lambda name: -told[name])[:2]
    return (
        first
        if told[first] >= FEWEST_TOLD and told[first] >= told[second] + 2 and told[first] >= 1.5 * told[second]
        else ""
    )
