"""The fixed sentences the secretary says when no draft may be used."""

from __future__ import annotations

import re

from secretaria.knowledge.chunks import slug

NO_DRAFT = "Desculpe, não consegui preparar sua resposta agora. Deixei sua mensagem separada para uma pessoa da equipe."
"""Said when the model gave nothing usable: true whatever happened, and promises only what was recorded."""

NO_DRAFT_BRIEF = "A assistente não conseguiu responder (falha do modelo); leia a última mensagem do cliente."

NO_BUDGET = "Recebi sua mensagem e deixei separada para uma pessoa da equipe, que responde por aqui."
"""Said when the model's budget is used up: the customer has no part in that, so no excuse is made of it."""

NO_BUDGET_BRIEF = "O orçamento do modelo acabou e a assistente não respondeu; leia a última mensagem do cliente."

STILL_WAITING = "Sua mensagem já está com a equipe. Uma pessoa responde por aqui assim que puder."
"""Said once to a customer who writes again while a person is awaited."""

MACHINE_BRIEF = "Do outro lado parece responder um robô: a secretária parou de conversar com ele."

WORKER_LOST_BRIEF = "A assistente falhou várias vezes nesta conversa; leia as últimas mensagens do cliente."

PERSON_CALLED = "Já chamei uma pessoa da equipe, que continua com você por aqui."
"""Said where a rule of ours calls a person; the call is written in the same transaction."""

PERSON_OFFERED = "Se preferir, chamo uma pessoa da equipe para continuar com você."
"""Said where the customer is upset again or asks the same again."""

NOT_SURE = "Sobre isso não tenho uma informação segura para te dar agora. Quer que eu chame uma pessoa da equipe para confirmar?"
"""Said where what the model would say could not be proved, twice."""

CALLED = re.compile(
    r"(?:chamei|chamando|passei|avisei|acionei|encaminhei|transferi|passando|vou-passar|vou-chamar)(?:-[a-z0-9]+){0,8}"
    r"-(?:equipe|pessoa|atendente|recepcao|time|responsavel|encarregada|gerente)"
)


def says_person_called(bubble: str) -> bool:
    """Say whether a text already tells that a person was called."""
    return bool(CALLED.search(slug(bubble)))
