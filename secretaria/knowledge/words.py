"""The words of a customer as a search wants them: folded, abbreviations written out, courtesies left out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

WORD = re.compile(r"[a-z0-9]+")
DRAWN_OUT = re.compile(r"([a-z])\1{2,}")
MOST_WORDS = 60

ABBREVIATIONS = {
    "qnt": "quanto", "qnto": "quanto", "qto": "quanto", "qt": "quanto", "qnts": "quantos", "qtos": "quantos",
    "qdo": "quando", "qnd": "quando", "qndo": "quando", "hj": "hoje", "amn": "amanha", "dps": "depois",
    "agr": "agora", "msm": "mesmo", "pgto": "pagamento", "pgt": "pagamento", "vlr": "valor", "tel": "telefone",
    "cel": "celular", "end": "endereco", "hr": "horario", "hrs": "horas", "hs": "horas", "min": "minutos",
    "conv": "convenio", "doc": "documento", "docs": "documentos", "msg": "mensagem", "zap": "whatsapp",
    "wpp": "whatsapp", "whats": "whatsapp", "seg": "segunda", "sab": "sabado", "dom": "domingo",
}  # fmt: skip
"""How Brazilians shorten on WhatsApp what a knowledge base writes out."""

_COURTESIES = """
oi oie oii ola opa eae hola bom boa dia tarde noite tudo td bem blz beleza ok gente favor pfv obrigado obrigada obg
brigado brigada vlw valeu desculpa licenca amor deus kk kkk rs uai ue poxa nossa
"""
_FRAMES = """
queria quero gostaria preciso saber duvida uma um uns so ja ta to tou sou aqui aki ai la mim pra pro p q n nao sim me
meu minha seu sua vc vcs voce voces ceis oces nome faz fazer fazem ter tem tenho vou vai pode posso poder podem da dar
mas e ir muito mto mt tambem tb tbm porque pq isso esse essa algum alguma
"""
FILLERS = frozenset(f"{_COURTESIES} {_FRAMES}".split())
"""Courtesies, and the words that carry a question but ask nothing, beyond the stop words of PostgreSQL."""

RELATED = (
    "quanto custa custo valor preco tabela cobra cobram fica sai barato caro orcamento",
    "onde fica endereco localizacao rua avenida bairro chegar aonde",
    "horario abre abrem fecha fecham aberto funciona funcionamento atende expediente sabado domingo feriado cedo",
    "pagamento pagar pago parcela parcelar parcelado parcelas cartao credito debito pix dinheiro boleto juros vezes vista",
    "desconto promocao negociar abatimento melhor",
    "cancelar desmarcar remarcar reagendar adiar mudar trocar passar cancelamento falta faltar multa taxa antecedencia",
    "marcar agendar agendamento consulta reservar vaga encaixe",
    "entrega entregar entregam entregas frete retirar retirada",
    "troca trocar devolver devolucao garantia defeito reembolso",
    "estacionamento estacionar vaga vagas carro parar garagem",
    "onibus metro ponto linha transporte",
    "atraso atrasar atrasado tolerancia",
    "nota fiscal recibo cpf",
    "dor doi doendo doer machucou",
    "remedio medicamento tomar dose comprimido",
    "crianca criancas filho filha infantil bebe menino menina anos idade",
    "demora dura duracao tempo prazo minutos meses",
    "dados privacidade lgpd apagar excluir",
    "conserto consertar arrumar arruma quebrou quebrado",
    "acessibilidade cadeirante rampa elevador",
    "telefone contato email whatsapp ligar",
)
"""Words that customers and owners of any trade use for one another: a question for the price finds the table."""

_GROUPS = [line.split() for line in RELATED]
_KIN = {word: [kin for group in _GROUPS if word in group for kin in group] for group in _GROUPS for word in group}


def fold(text: str) -> str:
    """Return a text in lower case and without accents, letter for letter, as most customers type."""
    return "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))


def subject_words(texts: Iterable[str]) -> list[str]:
    """Return the words that say what texts are about, each once, in their order, at most 60; numbers are no subject."""
    plain = (DRAWN_OUT.sub(r"\1", word) for word in WORD.findall(fold(" ".join(texts))))
    words = (ABBREVIATIONS.get(word, word) for word in plain)
    return [word for word in dict.fromkeys(words) if word not in FILLERS and not word.isdigit()][:MOST_WORDS]


def related_words(words: Iterable[str]) -> list[str]:
    """Return what the base may say in place of these words, without them."""
    asked = list(words)
    return [kin for kin in dict.fromkeys(kin for word in asked for kin in _KIN.get(word, ())) if kin not in asked]
