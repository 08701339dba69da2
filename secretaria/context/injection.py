"""Does a text give the secretary orders? A flag switches write tools off for the turn and is noted; it refuses nobody."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from secretaria.context.engine import TurnContext
from secretaria.context.orders import gives_orders
from secretaria.disguises import PIECES, bare, readings, views

LATEST = 6
MOST_MESSAGES = 12
SHORT_TURN = 200
HIDDEN = re.compile("[\U000e0020-\U000e007e]")
FLAG = "\U0001f3f4"
BODY = "body"
OWN_WORDS = ("text", "audio", "interactive")  # what somebody says to us, not what stands under a picture
WORD = re.compile(r"[a-z0-9]+")
QUOTATION = re.compile(r"(?m)^\s{0,4}>")

# One letter stands for every word that plays the same part, so that an order is found by the order of its parts.
CLASSES = {
    "I": "ignore ignora ignorar ignorem ignorando ignorad desconsidere desconsidera desconsiderar desconsiderem esqueca esquece "
    "esquecer esquecam despreze descarte descarta anule abandone sobrescreva olvida olvide olvidate ignores forget disregard "
    "override bypass burle burlar contorne quebre viole desobedeca desative desativa desligue remova remove pule disable deshabilita "
    "descarte omita invalide sobreponha substitua",
    "R": "regra regras instrucao instrucoes diretriz diretrizes restricao restricoes limitacao limitacoes comandos filtro filtros "
    "guardrails guardrail rules rule instructions instruction guidelines guideline restrictions directives reglas regla instrucciones "
    "directrices restricciones programacao programming configuracao configuracoes ordens orientacoes normas diretiva diretivas protocolos",
    "P": "prompt prompts sysprompt systemprompt preprompt contexto context",
    "S": "sistema system interno internos interna internas inicial iniciais oculta ocultas oculto secreta secretas secreto secretos "
    "confidencial confidenciais original originais developer desenvolvedor hidden initial internal secret sistem",
    "V": "mostre mostra mostrar mostrem revele revela revelar exiba exibe exibir imprima imprime imprimir repita repete repetir copie "
    "copia copiar cole cola escreva escreve descreva descreve liste listar conte diga dizer digita digite traduza traduz resuma resume "
    "envie envia mande manda mandar transcreva recite print show reveal display repeat output tell give dump leak muestra muestrame "
    "muestre imprime dime traduce summarize translate parafraseie explique codifique forneca compartilhe exponha vaze passe passa "
    "informe fale cite publique entregue recita escribe repite encode write list share send lista coloque coloca ponha responda",
    "Y": "seu sua seus suas teu tua teus tuas your tu tus vossas vossa",
    "A": "todas todos tudo anteriores anterior acima previas previos previa previous above prior all everything toda todo arriba "
    "earlier preceding",
    "F": "finja finge fingir fingindo simule simula imagine imagina pretend roleplay actua interprete incorpore encarne atue aja haja "
    "assuma emule",
    "G": "ia ai dan jailbreak jailbroken chatgpt gpt llm hacker evil aim",
    "T": "obedeca obedece obedecer obey execute executa executar cumpra follow obedezca ejecuta",
    "D": "decodifique decodifica decodificar decode decifre decifra decifrar desencripte base64 rot13 hexadecimal hex binario morse "
    "descodifica decoded deciphered desembaralhe inverta",
    "C": "clientes pacientes customers contatos usuarios alunos hospedes pessoas clientas users compradores moradores",
    "E": "ultimo ultima outro outra outros outras proximo demais aquele aquela otro otra otros otras last other another next ultimos",
    "c": "cliente paciente customer contato usuario aluno hospede pessoa user comprador",
    "M": "dados telefone telefones numero numeros cpf cpfs endereco enderecos cadastro cadastros nomes nome conversas senhas senha "
    "mensagens agenda pedidos data phone phones email emails names datos historico relatorio cartao cartoes agendamentos reservas prontuarios fichas pagamentos",
    "L": "cancele cancela cancelar apague apaga delete deleta exclua confirme confirma aprove aprova libere libera liberar transfira "
    "estorne marque remarque altere mude atualize approve cancel confirm ative ativa ativar activate enable habilite conceda aplique "
    "chame use acesse execute rode",
    "N": "assistente assistant bot chatbot robo modelo asistente secretaria agente",
    "W": "minha meu minhas meus mim my mi mandei falei disse escrevi enviei pedi mandamos combinamos passei",
    "U": "voce vc you tu ce voces usted",
    "X": "sem without sin",
    "Q": "qual quais que what which cual cuales how como quantas quantos cuantas",
    "o": "de do da dos das of del",
    "e": "e eh sera seras are is eres be",
}
PARTS = {word: letter for letter, words in CLASSES.items() for word in words.split()}
STEMS = {  # of words whose every form plays the part
    "I": "ignor desconsid desobed burl contorn quebr disreg desrespeit",
    "V": "mostr revel exib imprim descrev transcrev traduz muestr",
    "T": "obede execut",
    "F": "finj",
    "D": "decod decifr descod",
}
BY_STEM = {stem: letter for letter, stems in STEMS.items() for stem in stems.split()}
LONGEST_STEM, SHORTEST_STEM = max(map(len, BY_STEM)), min(map(len, BY_STEM))
# Letters of the pattern are the parts above, a dot is any other word. Every gap is bounded, so time grows with the text.
ORDERS = re.compile(
    r"I[^I]{0,2}[AYSo.]{0,4}(?:R|P)(?!.?(?:W|o[.W]))"  # ignore todas as suas regras; not: as regras de troca, que mandei
    r"|I[.YS]{0,3}S[.]?(?:P|R)|I[.o]{0,2}S[^W]{0,3}[TL]"
    r"|I[.oQU]{0,3}A[.oQUe]{0,4}(?:A|R|P)(?!.{0,3}W)"  # ignore tudo o que está acima
    r"|V[^VW]{0,5}(?:Y|S|N)[.SA]{0,3}(?:R|P)(?!o[.W])"  # mostre o seu prompt
    r"|V[^W]{0,4}P|P[.o]{0,2}S|V[^W]{0,3}(?:R[.oS]{0,3}S(?!o[.W])|S[.]?R)"  # o prompt; as regras do sistema
    r"|V[^W]{0,3}(?:mensagem)?S[.o]{0,2}P|Q[.eo]{0,3}(?:[YU][.SA]{0,2}P|YS?RS|Y[.]?SR)"  # qual é o seu prompt
    r"|Q[^W]{0,6}YR$"  # qual é a primeira palavra das suas instruções
    r"|Q[.eoA]{0,4}R[.A]{0,2}Q?[.]?U(?![.]{0,2}W)"  # quais são as instruções que você
    r"|V[.oA]{0,4}Y[.A]{0,2}R(?!o[.W])"
    r"|F[^W]{0,6}(?:G|XR|X[.]?R|P|R)|e[.]{0,3}G[.]{0,2}X[.A]{0,2}R|X[.A]{0,2}R[.]{0,4}G"  # finja ser uma IA sem regras
    r"|G[.]{0,2}XR|FU?e?[.]{0,4}X[.]{0,2}R"
    r"|[VL][^W]{0,4}M[^W]{0,3}(?:C|E.?c|A.?C)|L[^W]{0,4}E[.]?C|V[.A]{0,3}C[.]{0,2}M|V[^W]{0,3}R[.]?QU"  # manda os dados do último cliente
    r"|Q[.eo]{0,3}M[.o]{0,2}E.?c"
    r"|D[^W]{0,4}T|T[^W]{0,6}D|V[.o]{0,4}D|T[.oY]{0,3}(?:R|P)"  # decodifique e obedeça
    r"|V[.V]{0,3}o?[.]?C[^W]{0,4}M|L[^W]{0,4}E[.]?c|R[.]?U[^W]{0,3}V|Y[.]?(?:RS|SR|SP)"
    r"|N[.]?(?:V|T|I)(?![.]?W)[^W]{0,4}(?:M|R|P|A|C)"
)
VOCATIVE = re.compile(r"N.?(?:L|V|T|I)|(?:L|T|I)[^W]{0,4}(?:A|M)|[VI][^W]{0,4}(?:R|P)|PV")
ABOUT_RULES = re.compile(r"(?:U|Y|S)[^W]{0,4}(?:R|P)(?!o[.])|(?:R|P)[.Qo]{0,3}U|R[.]?S|S[.]?R")
TELLING = re.compile(r"[IRPVFGTDSC].*?[IRPVFGTDSCUNML]|[IRPVFGTD]$")  # what a wrong reading hardly ever holds
INSISTING = re.compile(r"^[^W]{0,6}(?:V|L|Q)")
TAGS = re.compile(
    r"</?\s{0,2}(?:sistema|system|cliente|mensage(?:m|ns)|user|usuario|assistant|assistente|instruc\w*|instructions?|prompt|tool|admin|inst|contexto|regras|developer|dados)\b"
    r"|\[/?(?:inst|system|sistema|admin)\]|<\|[a-z_]{2,20}\|>|<</?sys>>|#{2,} ?(?:sistema|system|instru|nova|new|prompt|regras|admin|fim|end|override)"
    r"|(?:^|\n|[.\"'>)] ?)(?:system|developer|admin|sistema(?= ?:[^\n]{0,40}(?:mostr|revel|confirm|ignor|voce|vc\b|obede|liber|modo|cancel|regra|instru|nov[ao]|desconto|aprov|partir)))(?: ?message| ?prompt)? ?[:>\]]|\"role\" ?: ?\"|end of (?:prompt|instructions)|fim d[ao]s? (?:prompt|instruc\w+|regras)"
    r"|-{3,} ?(?:fim|end|inicio|begin|system|sistema)|\{\{[^}]{0,60}\}\}|\{%|\btool_calls?\b|\bfunction_call\b|\bsudo\b|drop table|\bbegin (?:system|admin)"
)
TRICKS = re.compile(
    r"!\[[^\]\n]{0,80}\]\s?\(|javascript:|data:text/|[?&][a-z]{1,12}=(?:dados|data|segredo|secret|\{|\[|<)"
    r"|\b(?:(?:a partir de agora|de agora em diante|daqui (?:pra|para) frente|from now on|desde ahora|a partir de ahora)[^.!?\n]{0,20}(?:(?:voce|vc|you|tu)\b|seja|responda|obedec|ignor|finj|aja|todas? as respostas?|o preco|tudo (?:e|custa))"
    r"|(?:voce|vc) (?:agora|nao) e (?:mais )?(?:o |a |um |uma |meu |minha )?(?:gerente|dono|administrador|ia\b|outro|outra|assistente|bot|livre|hacker|programador|desenvolvedor|atendente)|agora (?:voce|vc) (?:e|sera|vai ser) (?:o |a |um |uma )?(?:gerente|dono|admin\w*|ia\b|outr\w+|assistente|bot|livre|hacker|program\w+|desenvolv\w+)|you are (?:now|no longer)|eres ahora|ahora eres"
    r"|modo (?:desenvolvedor|dev|debug|admin\w*|deus|manutencao|livre|irrestrito|god|root|sem (?:filtro|restric|censura|limite|regra)\w*|de (?:teste|depuracao))|(?:developer|debug|admin|god|dan|maintenance) mode|do anything now|jailbreak|(?:voce|vc) e o? ?dan\b|chave d[ea] api|api[ _-]?key"
    r"|(?:aja|atue|responda|comporte-se|act|behave|finja|actua) (?:como|as|que|ser|if)\b[^.!?\n]{0,40}(?:sem|without|livre|nao tem|regras|restric|filtro|gerente|dono|admin|hacker|ia\b|outro)"
    r"|(?:comece|inicie|termine|finalize|encerre|start|begin|end|termina|empieza) (?:a |sua |tua |toda |cada |your )?(?:resposta|mensagem|response|reply|answer|respuesta)?\s?(?:com|with|con) (?:a frase|as palavras|['\"“!<\[{]|http|o link|o texto|the)"
    r"|(?:repita|repete|repite|repeat|copie|copia|escreva|imprima|mostre|traduza|resuma|transcreva|cole|print)[^.!?\n]{0,40}(?:acima|above|arriba|que (?:esta|veio|tem) antes|desde o (?:inicio|comeco)|palavra por palavra|verbatim|literalmente|na integra)"
    r"|o que (?:te|lhe|voce|vc) (?:foi )?(?:disseram|mandaram|instruiram|orientaram|instruid|orientad|recebeu (?:de|como|antes|no))|(?:como|de que forma) (?:voce|vc) foi (?:instruid|configurad|orientad|programad)|(?:primeira|ultima) (?:frase|linha|instrucao|mensagem) (?:que (?:voce|vc|te)\b(?! (?:me )?(?:mand|envi|escrev|respond))|do (?:seu|sistema)|de sistema|da sua)"
    r"|(?:texto|mensagem|conteudo|contexto|orientac\w+) (?:do|de|inicial do|oculto do)? ?(?:sistema|system)\b[^?\n]{0,10}(?:$|[.!,])|system (?:message|prompt|instructions)|mensajes? del? sistema|mensagem (?:de|do) sistema(?! d[eoa])"
    r"|(?:complete|completa|continue|preencha|termine a frase)[^\n]{0,30}(?:minhas (?:instruc|regras)|meu prompt|voce e|my instructions)"
    r"|(?:diga|repita|responda|escreva|prometa|garanta|confirme|afirme|aprove|libere|aplique|conceda|say|confirm|approve)\b[^?\n]{0,60}(?:de graca|gratis\b|gratuit|desconto de (?:[5-9]\d|100) ?%|(?:[5-9]\d|100) ?% (?:de desconto|off)|\b(?:1|um|zero|0) (?:real|reais|centavo)|r\$ ?[01](?:,\d\d)?\b|aprovado|reembolso (?:total|garantido)|contrato|vinculante|juridicamente)"
    r"|(?:novas?|new|nuevas?) (?:regras?|instruc\w+|rules?|instructions?|instrucciones|ordens|diretrizes)\s?(?::|para (?:voce|vc|a ia|o (?:bot|assistente))|from)|(?:atualizacao|update) (?:d[eo] )?(?:sistema|politica|system)\s?:"
    r"|voce (?:nao tem|esta livre de|nao precisa seguir|deve ignorar|pode ignorar|tem permissao)|you (?:must|can|should) (?:now )?(?:ignore|forget|disregard|obey)|without (?:any )?(?:restrictions|filters|rules)|sem (?:nenhuma? )?(?:restric\w+|filtros?|censura|limites) (?:e|de (?:conteudo|seguranca|assunto)|nem|ou|morais|etic)"
    r"|(?:jogo|game|brincadeira|hipotetic\w+|historia|conto|poema|rap|musica|cancao|teatro|peca|avo|vovo)[^.\n]{0,80}(?:suas (?:regras|instruc)|seu prompt|as regras (?:internas|secretas)|prompt|senha|chave de api|instruc\w+ (?:secretas|internas|ocultas))"
    r"|(?:senha|chave|token|api ?key|credencia\w+|password)\b[^?\n]{0,24}(?:do sistema|da api|do banco de dados|do servidor|do admin\w*|do painel|of the system|de acesso ao sistema|da openai)|(?:openai|api)[_ ]?(?:api[_ ]?)?key"
    r"|nao (?:segue|tem|obedece|precisa seguir)[^.\n]{0,14}(?:regra|restric|filtro|instruc|limite)s?\w*(?! d[eao])|(?:voce|vc) agora se chama"
    r"|(?:esqueca|esquece|forget|olvida) que (?:(?:voce|vc|you|tu) )?(?:e|are|eres) (?:so |apenas )?(?:uma? |an? )?(?:assist|atend|ia\b|bot|robo|secret|model)"
    r"|(?:instruc\w+|regras|ordens|orientac\w+) que (?:(?:te|lhe) (?:deram|passaram|deu)|(?:voce|vc) (?:recebeu|segue))|sistema te (?:mandou|pediu|deu|disse)"
    r"|(?:responda|termine|inclua|adicione|coloque|answer|reply)[^.\n]{0,30}https?://|(?:ignore|forget|disregard) (?:the |everything |all )?(?:above|previous|prior)(?! (?:message|text|one|msg))"
    r"|(?:deve|tem que|vai|must) (?:me )?obe(?:decer|y)|(?:me obedeca|obedeca (?:a mim|so|apenas|somente))"
    r"|(?:finge|finja|pretend|imagine|simule) (?:que )?(?:voce |vc )?(?:e|ser|you are) (?:o |a |um |uma )?(?:gerente|dono|dona|admin\w*|chefe|ia\b|hacker|outr[oa]|humano)"
    r"|(?:texto|mensagem|instruc\w+|comando|message|text) (?:inicial|que te (?:configur|program|defin|cri|orient)\w*)|context window|what (?:were|have) you (?:been )?(?:told|instructed|given)"
    r"|(?:regras|instruc\w+|restric\w+|limites|filtros|rules|reglas) (?:nao (?:existem|valem|se aplicam|importam)|foram (?:revogad|removid|cancelad|suspens|desativ)\w*|no longer|ya no)|sem (?:nenhuma )?regras?\b(?! d)|no (?:rules|restrictions|filters)\b"
    r"|(?:suponha|considere|imagine|finja|digamos|suppose|assume)[^.\n]{0,20}\b(?:voce|vc|you)\b[^.\n]{0,15}(?:nao t|sem |livre|pode tudo|have no|without)|voce (?:e|esta) livre\b(?= (?:agora|de|para resp))"
    r"|(?:diga|repita|escreva|responda|say|repeat|di)\b[^\n]{0,24}['\"“][^'\"\n]{0,40}(?:aprov|autoriz|gratis|desconto|reembols|prometo|garanto|free|discount)|repita (?:depois de|comigo|apos) "
    r"|(?:tudo|o) que (?:voce|vc) sabe (?:sobre|d[eoa]s?) (?:os |as |o |a )?(?:outr|client|pacient|demais)|(?:conversas?|mensagens|historico|dados|pedidos?|telefones?|enderecos?|cpf|nomes?) d[eoa]s? (?:outr[oa]s? |ultim[oa]s? |tod[oa]s [oa]s |demais )?(?:cliente|paciente|usuario|pessoa|contato)s? (?:anterior|passad|de (?:hoje|ontem|voces)|que (?:vei|atend|fal|compr))"
    r"|(?:esqueca|esquece|ignore|desobedeca|desconsidere|contrarie) (?:o que )?(?:o |a |seu |sua |teu |d[oa] )?(?:dono|dona|chefe|patrao|criador\w*|empresa|openai|program\w+|desenvolv\w+)"
    r"|acesso (?:de |como |total |root|ao painel)(?:admin\w*|root|sistema|total)?|\b[a-z]{3,}(?:_[a-z]+)+\s?\("
    r"|(?:respond\w+|escreva|escreve|fale|fala|mostre|mostra|reply|answer|encode|codifi\w+)\b[^.\n]{0,40}\b(?:base64|rot13|hexadecimal|binario|morse|cifrad)|\b(?:dame|dime|give me)[^.\n]{0,20}\b(?:gratis|free)\b|gratis\b[^.\n]{0,20}ignor|(?:ignora|olvida|salta) (?:tus|las) (?:reglas|instrucciones|normas)"
    r"|chame a (?:ferramenta|funcao)|use a ferramenta|call the (?:tool|function)|execute (?:a (?:ferramenta|funcao|query)|o comando|comando)|(?:envie|mande|poste|send)[^.\n]{0,50}(?:historico|conversa|dados|history|conversation)[^.\n]{0,30}(?:para|to|pra) (?:http|o (?:link|numero|email|e-mail)|este|esse|\+?\d))"
)
AUTHORITY = re.compile(
    r"(?:sou|aqui e|aqui fala|quem fala e|falo em nome|fala o|i am|i'm|this is|soy|somos)\b[^.!?\n]{0,24}(?:suporte|don[oa]\b|proprietari|admin|desenvolvedor|programador|dev\b|tecnic|da ti\b|do ti\b|openai|meta\b|anthropic|whatsapp|whaticket|policia|delegad|auditor|juiz|ceo\b|developer|owner|engineer|support|gerente\b|diretor|seguranca|criador|sua criadora|[oa] ti\b)"
)
DEMAND = re.compile(
    r"(?:manda|mande|me passa|passe|envia|envie|mostra|mostre|libera|libere|ativa|ative|desativa|desative|me da|me de|forneca|exporta|exporte|lista|liste|aprova|aprove|cancela|cancele|apaga|apague|preciso (?:ver|que|do|da|dos|das)|quero (?:ver|acesso)|autoriz\w+|give|show|send|unlock|confirma|confirme|zere|zera|muestra)\b"
    r"[^\n]{0,60}(?:cliente|paciente|dados d|banco de dados|conversas|prompt|regras|instruc|configurac|senha|token|chave|acesso|modo|desconto|relatorio|todos|todas|logs?\b|sistema|agenda (?:toda|completa|inteira|dos)|cadastros?|contatos|telefones|pagamento|reembolso|customers?|rules|system)"
)
DIALOGUE = re.compile(r"(?:^|\n)\W{0,3}(?:assistente|assistant|bot|ia|ai|secretaria)\s?:")


def flag_injection(context: TurnContext) -> TurnContext:
    """Mark a turn in which the customer's words, captions or name look like orders; nothing else of it changes.

    Args:
        context: What the model is going to be told.
    """
    before = [line.text for line in context.history if line.author == "contact" and line.text][-LATEST:]
    burst = [
        (message.text, BODY if message.kind in OWN_WORDS else "caption") for message in context.burst if message.text
    ]
    said = [*before, *(text for text, _ in burst)]
    named = context.contact_name is not None and looks_like_injection([context.contact_name], "contact_name")
    ordered = any(
        looks_like_injection(said[max(0, place - LATEST) : place + 1], field)
        for place, (_, field) in list(enumerate(burst, len(before)))[-MOST_MESSAGES:]
    )
    return replace(context, injection_suspected=True) if named or ordered else context


def looks_like_injection(turns: Sequence[str], field: str) -> bool:
    """Say whether a text looks like an attempt to give the secretary orders.

    Args:
        turns: What was said, the text in question last; the ones before may lead up to it.
        field: Where it stands: ``body``, ``quoted``, ``contact_name``, ``filename``, ``caption`` or ``kb``.
    """
    if not turns:
        return False
    latest = turns[-1]
    plain, *others = views(latest)
    quoted = field != BODY or QUOTATION.search(latest) is not None
    if _hides_text(latest) or _gives_orders(plain, quoted=quoted):
        return True
    if any(_gives_orders(view, quoted=quoted) for view in others if TELLING.search(_parts(view))):
        return True
    if any(_is_decoded_speech(reading) for reading in readings(latest)[1:]):
        return True
    pieces = PIECES.findall(plain)
    if len(pieces) > 1 and re.search(r"[VI][^W]{0,3}[RP]", _parts("".join(pieces))):
        return True
    return len(turns) > 1 and (_leads_up(turns[-LATEST:]) or _is_split(turns[-LATEST:], field))


def _gives_orders(view: str, *, quoted: bool) -> bool:
    if TAGS.search(view) or TRICKS.search(view) or len(DIALOGUE.findall(view)) > 1:
        return True
    if AUTHORITY.search(view) and DEMAND.search(view):
        return True
    parts = _parts(view)
    if ORDERS.search(parts) or gives_orders(view, quoted=quoted):
        return True
    return quoted and VOCATIVE.search(parts) is not None


@lru_cache(maxsize=256)
def _parts(view: str) -> str:
    """Return one letter for each word: the part it plays, a dot for any other."""
    return "".join(map(_part, WORD.findall(view)))


@lru_cache(maxsize=8192)
def _part(word: str) -> str:
    stems = (word[:letters] for letters in range(LONGEST_STEM, SHORTEST_STEM - 1, -1))
    return PARTS.get(word) or next((BY_STEM[stem] for stem in stems if stem in BY_STEM), ".")


def _hides_text(text: str) -> bool:
    """Say whether letters are hidden in the tag block, outside the flags of regions."""
    return HIDDEN.search(text) is not None and FLAG not in text


def _is_decoded_speech(reading: str) -> bool:
    """Say whether what was decoded speaks of the secretary's own affairs, however little."""
    parts = _parts(bare(reading))
    return bool(
        re.search(r"^[VIT][^W]{0,2}[ARPS]", parts) or (re.search(r"[PR]", parts) and re.search(r"[VILT]", parts))
    )


def _leads_up(turns: Sequence[str]) -> bool:
    """Say whether earlier words asked about the rules and the last ones ask on, or the same was asked again and again."""
    *earlier, last = (bare(turn) for turn in turns)
    asked = any(
        ABOUT_RULES.search(_parts(turn)) or gives_orders(turn, quoted=False)
        for turn in earlier
        if len(turn) <= SHORT_TURN
    )
    return asked and (INSISTING.search(_parts(last)) is not None or ABOUT_RULES.search(_parts(last)) is not None)


def _is_split(turns: Sequence[str], field: str) -> bool:
    """Say whether an order was cut into messages that are harmless one by one."""
    joined = " ".join(bare(turn) for turn in turns if len(turn) <= SHORT_TURN)
    return ORDERS.search(_parts(joined)) is not None and field == BODY
