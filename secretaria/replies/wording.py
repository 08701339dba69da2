"""The fixed sentences the secretary says when no draft may be used."""

from __future__ import annotations

NO_DRAFT = "Desculpe, não consegui preparar sua resposta agora. Deixei sua mensagem separada para uma pessoa da equipe."
"""Said when the model gave nothing usable: true whatever happened, and promises only what was recorded."""

NO_DRAFT_BRIEF = "A assistente não conseguiu responder (falha do modelo); leia a última mensagem do cliente."

STILL_WAITING = "Sua mensagem já está com a equipe. Uma pessoa responde por aqui assim que puder."
"""Said once to a customer who writes again while a person is awaited."""

MACHINE_BRIEF = "Do outro lado parece responder um robô: a secretária parou de conversar com ele."

WORKER_LOST_BRIEF = "A assistente falhou várias vezes nesta conversa; leia as últimas mensagens do cliente."
