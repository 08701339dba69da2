"""Words by which the rhythm of a conversation is read, until the owner writes others."""

from __future__ import annotations

GREETINGS = (
    "oi", "oie", "oii", "ola", "opa", "eae", "e ai", "bom dia", "boa tarde", "boa noite", "oi bom dia", "oi boa tarde",
    "oi boa noite", "ola bom dia", "ola boa tarde", "ola boa noite", "tudo bem", "td bem", "oi tudo bem", "oi td bem", "alo",
)  # fmt: skip
CONNECTIVES = (
    "e", "mas", "que", "q", "pra", "para", "p", "de", "do", "da", "dos", "das", "com", "c", "se", "ou", "porque", "pq", "por",
    "em", "no", "na", "o", "a", "os", "as", "um", "uma", "so", "tipo", "entao", "sobre", "quando", "onde", "como", "meu", "minha",
)  # fmt: skip
CLEAR_ANSWERS = (
    "sim", "nao", "confirmo", "confirmado", "pode ser", "pode", "isso", "isso mesmo", "ok", "blz", "beleza", "quero", "quero sim",
    "nao quero", "claro", "com certeza", "s", "n", "ss", "nn", "centro", "manha", "tarde", "noite",
)  # fmt: skip
URGENT_WORDS = (
    "urgent",
    "urgenc",
    "emergenc",
    "socorro",
    "sangr",
    "inchad",
    "inchac",
    "acident",
    "dor",
    "doendo",
    "doi",
)
