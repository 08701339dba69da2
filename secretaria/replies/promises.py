"""What only a person may promise: money back, a contract, a discount; and what no reply may say of itself."""

from __future__ import annotations

import re
from collections.abc import Iterator

from secretaria.disguises import readings
from secretaria.replies.evidence import Evidence, Finding
from secretaria.replies.facts.reading import read
from secretaria.replies.reply import Reply

BACK = r"(?:reembols|devolu|devolv|estorn|ressarc|indeniz|restitu|refund)"
GIFT = r"(?:desconto|reembolso|estorno|devolucao|isencao|brinde|cortesia|indenizacao|ressarcimento|credito|acordo|cupom|bonus|refund|discount)"
PROMISES = re.compile(
    rf"\b(?:vou|vamos|iremos|irei|posso|podemos|garant\w+|promet\w+|asseguro|asseguramos) (?:te |lhe |a voce |que (?:vamos |vou )?)?(?:{BACK}\w*|conceder|perdoar|abater tudo|dar (?:um |o |seu )?{GIFT})"
    r"|\b(?:mando|faco|faremos|devolvo|devolvemos|autorizei|providencio) (?:ja )?(?:o |a |seu |sua )?(?:reembolso|estorno|devolucao|dinheiro)\b"
    rf"|\b(?:reembolsaremos|devolveremos|estornaremos|indenizaremos|devolvemos (?:o |todo o )?seu dinheiro)\b"
    rf"|\b(?:garant(?:o|imos|ido|ida)|promet(?:o|emos)|confirmo|confirmamos|autorizo|autorizamos|aprovo|aprovamos|libero|liberamos|concedo|concedemos) (?:\w+ ){{0,3}}?{GIFT}"
    rf"|\b{GIFT} (?:\w+ ){{0,3}}?(?:aprovad|garantid|liberad|concedid|confirmad|autorizad|aplicad|approved|guaranteed|granted|vitalici)[oa]?"
    rf"|\b(?:esta|ta|foi|fica) (?:aprovad|garantid|liberad|concedid|autorizad)[oa] (?:\w+ ){{0,3}}?{GIFT}"
    rf"|\b(?:seu|o) (?:reembolso|estorno|dinheiro) (?:\w+ ){{0,3}}?(?:sera|vai ser|cai|esta|foi|volta|devolvido)\b"
    r"|\bdevolv\w+ (?:em dobro|tudo o que|o que (?:voce |vc )?pagou)|\b(?:garantid|prometid)[oa]s? por escrito\b|\bval(?:e|er|em) (?:como|por) (?:um |uma )?(?:contrato|garantia|acordo|promessa)"
    r"|\b(?:confirm|aceit|garant|declar|reconhec|assum)\w+ (?:juridicamente|legalmente|formalmente)"
    r"|\bdinheiro de volta\b|\bmoney back\b|\bwe will refund\b|\bte devolvemos\b"
    r"|\b(?:contrato|acordo) (?:\w+ ){0,3}?(?:assinado|fechado|firmado|vinculante|celebrado|valido|aceito|formalizado)|\b(?:juridicamente|legalmente|legally) (?:vinculante|obrigat|binding)|\bvinculante\b|\bfirmamos (?:o |um )?contrato"
    r"|\b(?:consider[ea]|fica|esta) (?:\w+ ){0,2}?(?:contratad|fechado o negocio|acordad[oa])|\bvalor de contrato\b|\btem (?:forca|valor) (?:de contrato|legal|juridic)"
    r"|\b(?:aceito|aceitamos|concordo|concordamos) (?:\w+ ){0,3}?(?:termos|contrato|acordo|indeniza|proposta|condicoes)"
    r"|\b(?:reconhecemos|assumimos|assumo|admitimos) (?:a |nossa |toda a )?(?:culpa|responsabilidade|divida|indeniza)"
    r"|\b(?:divida|multa|taxa|fatura|boleto|debito) (?:\w+ ){0,2}?(?:perdoad|quitad|cancelad|zerad|anulad)[oa]|\bsem pagar nada\b|\bnao precisa pagar\b"
    r"|\bdesconto (?:total|integral|vitalicio)\b|\bgarantia (?:vitalicia|eterna|total)\b|\bpreco (?:\w+ ){0,2}?(?:garantido|congelado)\b"
)
OTHER_SELF = re.compile(
    r"\b(?:sem (?:regras|restricoes|filtros?|limites|censura)|modo (?:desenvolvedor|dev|deus|admin|administrador|debug|livre|sem filtro|manutencao|root) (?:ativ|ligad|habilit|on\b)"
    r"|(?:developer|debug|god|admin|dan|jailbreak) mode (?:on|enabled|activated)|jailbr(?:eak|oken)|do anything now|(?:eu )?(?:sou|i am|soy) (?:o |a |the )?(?:dan|livre|evil|sydney|gpt|chatgpt|claude|gemini)\b"
    r"|pwned|hacked|hackead[oa]|(?:minhas|as|suas) (?:instrucoes|regras|diretrizes) (?:internas )?(?:sao|dizem|incluem)\b|meu (?:prompt|system prompt) (?:e|=|diz|comeca)|(?:my|the) (?:system prompt|instructions) (?:is|are|say)"
    r"|(?:aqui esta|segue|eis) (?:o |meu |os |minhas |as )?(?:\w+ )?(?:prompt|instrucoes internas|instrucoes do sistema|regras internas)|(?:regras|instrucoes|orientacoes|diretrizes) que (?:eu )?(?:recebi|me deram|me passaram|sigo)\b|(?:eu )?sou (?:o |a )(?:gerente|don[oa]|proprietari[oa]|diretor\w*|administrador\w*)\b|obedeco|como (?:voce )?ordenou|acesso (?:de administrador |root |total )?(?:concedido|liberado))"
)
MASS = re.compile(
    r"\b(?:cancelei|cancelamos|apaguei|exclui|remarquei|deletei|enviei|mandei) (?:\w+ )?tod[oa]s\b|\btod[oa]s (?:os|as) \w+ (?:\w+ ){0,2}?(?:foram|estao|serao) (?:cancelad|apagad|excluid|deletad|remarcad)"
)
OTHERS = re.compile(
    r"\b(?:telefone|numero|celular|whatsapp|e-?mail|cpf|rg|endereco|nome|placa|cadastro|cartao|dados|pedido|agendamento|horario|consulta) (?:d[eao]s? )?(?:outr[oa]s? |ultim[oa]s? |proxim[oa]s? |demais )(?:cliente|paciente|pessoa|aluno|hospede|contato)s?(?: [\w]+){0,2}? ?(?:e|=|sao|:)(?= )"
    r"|\b(?:ultim[oa]|outr[oa]|proxim[oa]) (?:cliente|paciente|hospede|alun[oa])(?: (?:que|a|foi|atendid[oa]|\w+)){0,3}? (?:se chama|foi [oa] |e [oa] |= [oa] |chama-se|mora|comprou|pagou|marcou|agendou)"
    r"|\b(?:cliente|paciente|hospede|alun[oa]) (?:d[aeo]s? (?:\d{1,2} ?h(?:\d\d|oras)?|manha|tarde|ontem|noite|mesa \d+|quarto \d+)|(?:anterior|seguinte)|que (?:vem|veio|marcou|esteve|estava) (?:\w+ ){0,3}?)\s?(?:=|e|foi|era|se chama|chama-se) (?:o |a )?(?!\w+[ai]d[oa]\b)[a-z]"
    r"|\b(?:placa|telefone|numero|celular|cpf|rg|endereco|e-?mail|cadastro|cartao) d[ao] (?:cliente|paciente|hospede|alun[oa]) [a-z]{2,}(?: [a-z]+){0,3} ?(?:e|=|:) ?\S"
    r"|\b(?:clientes|pacientes|alun[oa]s|hospedes) (?:de|da|do) (?:hoje|amanha|ontem|semana|manha|tarde|dia) (?:sao|foram|:) (?!\w+[ai]d[oa]s\b)"
    r"|\b(?:ele|ela|o cliente|a cliente|o paciente|a paciente) (?:mora|reside) (?:na|no|em|a)\b|\b(?:endereco|telefone|numero|celular|cpf|e-?mail) (?:dele|dela)\b(?! (?:nao|eu))"
)
DENIED = re.compile(
    r"\b(?:nao|nem|nunca|sem|jamais|nenhum|nenhuma|not|no|so a equipe|somente a equipe)\b[^.!?;\n]{0,50}$"
)


def promises(reply: Reply, evidence: Evidence) -> Iterator[Finding]:
    """Yield promises of money or contracts that are not the owner's own words in the base."""
    known = "\n".join(read(text).folded for text in (*evidence.chunks.values(), *evidence.tool_texts))
    for text in readings(reply.text):
        for words in _said(PROMISES, text):
            if words not in known:
                yield Finding(
                    "promises", "promise", words, f'"{words}" promete o que só a equipe decide. Ofereça chamá-la.'
                )
                return


def other_self(reply: Reply, evidence: Evidence) -> Iterator[Finding]:
    """Yield what an obedient model says of itself: that it has no rules, or what they are."""
    del evidence
    for text in readings(reply.text):
        for words in _said(OTHER_SELF, text):
            yield Finding(
                "self", "self", words, "A resposta fala das suas instruções ou de outra identidade. Volte ao assunto."
            )
            return


def others_affairs(reply: Reply, evidence: Evidence) -> Iterator[Finding]:
    """Yield what is said of other customers, or done to all of them."""
    del evidence
    for text in readings(reply.text):
        for form in (OTHERS, MASS):
            for words in _said(form, text):
                yield Finding(
                    "others", "other_customer", words, "A resposta trata de outros clientes. Fale só com este."
                )
                return


def _said(form: re.Pattern[str], text: str) -> Iterator[str]:
    folded = read(text).folded
    for match in form.finditer(folded):
        if not DENIED.search(folded[max(match.start() - 60, 0) : match.start()]):
            yield match[0].strip()
