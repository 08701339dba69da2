"""How a reply should sound for this customer now; broken manners cost one new try, never the reply."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from secretaria.context.engine import TurnContext
from secretaria.context.schema import Draft
from secretaria.knowledge.chunks import slug

APOLOGY = re.compile(
    r"(?:^|-)(?:desculpe|desculpa|desculpas|perdao|sinto-muito|lamento|lamentamos|sentimos-muito)(?=-|$)"
)
BOILERPLATE = re.compile(
    r"(?:^|-)(?:transtornos?|calma|acalme|acalma|pedimos-desculpas-pelo-inconveniente|inconvenientes?"
    r"|sua-(?:opiniao|satisfacao)-e-(?:muito-)?importante|agradecemos-a-compreensao)(?:-|$)"
)
GREETING = re.compile(r"^(?:oi+e?|ola|opa|bom-dia|boa-tarde|boa-noite|hola)(?:-|$)")
SHORT_NAME = 2
PICTURES = "So"  # Unicode: symbols that are pictures
TOO_OFTEN = "Você chamou o cliente pelo nome mais de uma vez: use o nome no máximo uma vez."
PICTURED = "O cliente está insatisfeito: escreva sem emoji."
APOLOGISED = "Um pedido de desculpas só, no máximo."
EMPTY_WORDS = 'Sem frase pronta ("transtorno", "calma" e parecidas): cite o problema concreto e um próximo passo.'
GREETED = "A conversa já começou: não cumprimente nem se apresente de novo."


def manners_broken(bubbles: Sequence[str], draft: Draft, context: TurnContext) -> tuple[str, ...]:
    """Return what should sound otherwise, as the model is told; empty when all is well.

    Args:
        bubbles: What would be said.
        draft: The analysis, for the mood.
        context: The turn, for the name and for what was said before.
    """
    said = [slug(bubble) for bubble in bubbles]
    broken = []
    if context.contact_name and _times_named(said, context.contact_name) > 1:
        broken.append(TOO_OFTEN)
    if draft.sentiment < 0 or draft.urgent:
        broken += [PICTURED] if any(map(has_emoji, bubbles)) else []
        broken += [EMPTY_WORDS] if any(map(BOILERPLATE.search, said)) else []
        broken += [APOLOGISED] if sum(len(APOLOGY.findall(text)) for text in said) > 1 else []
    if not context.first_reply and said and _greets_again(said, context):
        broken.append(GREETED)
    return tuple(broken)


def has_emoji(text: str) -> bool:
    """Say whether a text holds a picture."""
    return any(unicodedata.category(character) == PICTURES for character in text)


def _times_named(said: Sequence[str], name: str) -> int:
    first = slug(name).split("-")[0]
    if len(first) < SHORT_NAME:
        return 0
    return sum(text.split("-").count(first) for text in said)


def _greets_again(said: Sequence[str], context: TurnContext) -> bool:
    customer_greets = any(GREETING.match(slug(text)) for text in context.texts)
    presented = slug(context.business.card.persona.introduction)
    introduced = bool(presented) and any(presented in text for text in said)
    return introduced or (not customer_greets and bool(GREETING.match(said[0])))
