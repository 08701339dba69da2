"""The Portuguese words for codes that the domain keeps in English or without accents."""

from __future__ import annotations

from collections.abc import Mapping

WORDS: Mapping[str, Mapping[str, str]] = {
    "role": {"owner": "dono", "attendant": "atende", "viewer": "só olha"},
    "intention": {
        "saudacao": "saudação",
        "preco": "preço",
        "servico": "serviço",
        "pagamento": "pagamento",
        "horario_local": "horário e local",
        "agendar": "agendar",
        "remarcar": "remarcar",
        "cancelar": "cancelar",
        "confirmar": "confirmar",
        "status": "andamento",
        "reclamacao": "reclamação",
        "urgencia": "urgência",
        "agradecimento": "agradecimento",
        "humano": "quer uma pessoa",
        "dados": "dados pessoais",
        "fora_escopo": "fora do assunto",
        "manipulacao": "tentativa de manipular",
        "outro": "outro",
    },
    "handoff": {
        "pedido_explicito": "pediu uma pessoa",
        "urgencia": "urgência",
        "reclamacao": "reclamação",
        "ameaca": "ameaça",
        "negociacao": "negociação",
        "dados": "dados pessoais",
        "nao_sei": "pergunta sem resposta na base",
        "repeticao": "pergunta repetida",
        "clinico": "assunto clínico",
        "outro": "outro",
    },
    "mode": {
        "automatic": "secretária",
        "waiting": "espera uma pessoa",
        "attended": "com uma pessoa",
        "paused": "pausada",
    },
    "author": {"contact": "cliente", "secretary": "secretária", "attendant": "equipe"},
    "delivery": {
        "pending": "na fila",
        "sending": "enviando",
        "sent": "enviada",
        "unconfirmed": "envio incerto",
        "held": "envio incerto: precisa de decisão",
        "superseded": "não enviada: a conversa andou",
        "dead": "não foi possível enviar",
    },
    "kind": {
        "text": "texto",
        "audio": "áudio",
        "image": "imagem",
        "video": "vídeo",
        "document": "documento",
        "sticker": "figurinha",
        "location": "localização",
        "contact": "contato",
    },
    "fact": {
        "nome": "nome",
        "unidade_preferida": "unidade preferida",
        "periodo_preferido": "período preferido",
        "dia_preferido": "dia preferido",
        "contato_preferido": "como prefere contato",
        "tratamento": "tratamento",
        "idioma": "idioma",
        "pagamento_preferido": "como prefere pagar",
    },
    "sentiment": {"-1": "negativo", "0": "neutro", "1": "positivo"},
    "answer_origin": {"model": "modelo", "fallback": "frase honesta, sem o modelo", "notice": "aviso"},
    "answerable": {
        "base": "na base",
        "tool": "por uma consulta",
        "conversation": "na própria conversa",
        "not_known": "não se sabe",
        "refuse": "não se responde",
    },
    "satisfaction": {"satisfied": "satisfeito", "unsatisfied": "insatisfeito"},
    "business_origin": {
        "folder": "da pasta configurada",
        "import": "importada",
        "edit": "editada",
        "answer": "resposta a uma pergunta",
        "restore": "volta a uma anterior",
    },
    "booking": {"booked": "marcado", "confirmed": "confirmado", "cancelled": "cancelado"},
    "booking_change": {"book": "marcado", "move": "remarcado", "cancel": "cancelado", "confirm": "confirmado"},
    "origin": {"cli": "terminal", "panel": "painel", "system": "sistema"},
}


def word(code: str | None, kind: str) -> str:
    """Return the word for a code; one that has none is shown as it is, which is better than nothing."""
    if not code:
        return "–"
    return WORDS.get(kind, {}).get(code, code.replace("_", " "))
