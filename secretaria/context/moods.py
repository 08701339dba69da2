"""How she should sound: the owner's levels, which all contacts share, and what the episode so far asks for. Pure."""

from __future__ import annotations

from secretaria.context.engine import Standing, TurnContext
from secretaria.knowledge.business import Persona

FORMALITY = {
    "informal": 'Escreva como gente conversa: pode usar "a gente" e contrações comuns, sem gíria pesada.',
    "neutra": "Escreva de modo simples e correto, nem formal nem gíria.",
    "formal": "Escreva com cortesia formal, sem contrações nem gíria.",
}
EMPATHY = {
    "breve": "Acolha em no máximo meia frase e vá ao ponto.",
    "normal": "Quando houver dor, medo ou irritação, acolha em uma frase curta antes de resolver.",
    "calorosa": "Mostre interesse pelo caso do cliente em uma frase, sem exagero, antes de resolver.",
}
HUMOUR = {
    "nunca": "Não faça humor.",
    "leve": "Só responda com leveza se o cliente brincar primeiro, e nunca com insatisfeito ou urgência.",
}
EMOJIS = {
    "nunca": "Nenhum emoji.",
    "raros": "No máximo um emoji por resposta, e na maioria nenhum.",
    "livres": "Emojis à vontade, no máximo um por mensagem.",
}
GREET = "É a sua primeira resposta nesta conversa: cumprimente e apresente-se."
GO_ON = "A conversa já começou: não cumprimente nem se apresente de novo."
STILL_UPSET = "O cliente já estava insatisfeito na última mensagem: se continuar, ofereça chamar uma pessoa da equipe."
ASKS_AGAIN = "O cliente repete a pergunta: responda de outro jeito e ofereça chamar uma pessoa da equipe."
UNANSWERED = "Já houve uma pergunta sem resposta nesta conversa: se houver outra, passe para a equipe."


def level_lines(persona: Persona) -> tuple[str, ...]:
    """Return how the owner wants her to sound; what a preview shows is what the model is told."""
    return (
        FORMALITY[persona.formality],
        EMPATHY[persona.empathy],
        HUMOUR[persona.humour],
        EMOJIS[persona.emojis],
    )


def mood_lines(context: TurnContext) -> tuple[str, ...]:
    """Return what this moment of this episode asks for."""
    return (GREET if context.first_reply else GO_ON, *_standing_lines(context.standing))


def _standing_lines(standing: Standing) -> list[str]:
    lines = [
        (standing.negatives > 0, STILL_UPSET),
        (standing.asked_before > 0, ASKS_AGAIN),
        (standing.not_known > 0, UNANSWERED),
    ]
    return [line for applies, line in lines if applies]
