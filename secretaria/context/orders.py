"""The ways in which people try to give the secretary orders, one rule each, in Portuguese, English and Spanish; pure.

Each rule is written for what an attack of its kind needs to say, not for the words of one. It is looked for only where a
text holds a word that begins like one of its stems, so that an ordinary message costs next to nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

WORD = re.compile(r"[a-z0-9]+")
STEMS = (4, 5)
GIVEN = (  # what was said to her, not by the customer: "o que te mandaram", "what you were told", "lo que te indicaron"
    r"(?:(?:que|te|lhe|voce|vc|you|lo|what|they|eles|ellos) ){1,3}(?:foi |were |have been |been |was )?"
    r"(?:configur|program|ensin(?!o)|mandaram|instru|orient(?!e)|trein|indicar|indicado|given|told|taught|trained|ordenar|ensen)"
)
SELF = r"(?:assistente|asistente|assistant|atendente|chatbot|robo|bot|ia|ai|llm|modelo|model|secretaria)"
FREE = (
    r"(?:sem|sin|no|without(?: any)?|with no|livre de|libre de) (?:nenhuma? |qualquer |ningun\w* )?"
    r"(?:regra|regla|rule|restri|filtro|filter|limite|limit|polit|polic|censura|censor|etica|ethic)\w*\b(?! d[eoa]s? )"
)
OTHER = r"(?:moca|moco|cara|mulher|homem|menina|rapaz|senhora|pessoa|cliente|paciente|aluna?o?|persona|person|customer|patient|client|tutora?)"
WHOSE = r"(?:telefone|numero|celular|contato|whatsapp|endereco|nome|cpf|e-?mail|placa|dados|cadastro|phone|number|name|address|direccion|nombre|nota|laudo|exame)"


@dataclass(frozen=True, slots=True)
class Family:
    """One way of giving orders.

    Attributes:
        stems: The first four or five letters of the words without which there is no such order.
        pattern: What it says, in a text without accents and capitals.
        quoted: Whether it counts only in what is not the customer's own message: a name, a file, a quotation.
    """

    stems: frozenset[str]
    pattern: re.Pattern[str]
    quoted: bool = False


def _family(stems: str, *patterns: str, quoted: bool = False) -> Family:
    return Family(frozenset(stems.split()), re.compile("|".join(patterns)), quoted)


FAMILIES = (
    _family(  # what you were told no longer counts
        "burl viol quebr conto segu pare para deix esqu igno larg aban drop stop deja haz haga nada none tudo forg desc disr olvi desat desli disa bypa turn syst sist admi secu safe poli root over aten fale answ resp repl habl so soment apen only solo",
        rf"(?:par[ae] de|deix[ae] de|deix[ae] (?:de lado|pra la)|esquec\w+|ignor\w+|larg[ae]|abandon\w+|drop|stop|dej[ae]|ha(?:z|ga) caso omiso|forget)\b[^.!?\n]{{0,45}}{GIVEN}",
        r"(?:ignor|desconsider|esquec|burl|viol(?!ao)|quebr|contorn)\w* (?:as? |o |tod\w+ )?(?:politicas?|regras?|normas?|procedimentos?|protocolos?) d[aeo] (?:empresa|clinica|loja|negocio|casa|oficina|voces)",
        rf"\b(?:nada|tudo|none|nothing) (?:d?[oa]s? )?(?:que )?{GIVEN}[^.!?\n]{{0,25}}(?:vale|conta|importa|existe|counts|matters|applies)",
        r"(?:deix\w+ de lado|deix\w+ pra la|drop|abandon\w+|ha(?:z|ga) caso omiso (?:de|a)|stop following|par[ae] de (?:seguir|obedecer|cumprir))[^.!?\n]{0,25}(?:regras?|rules?|reglas|instruc\w+|orientac\w+|diretrizes|guidelines?|directrices|ordens|policies|normas)(?! d[ao]s? (?:doutor|medic|dr|dra|dentist|veterinari))",
        rf"(?:atenda|responda|fale|answer|respond|reply|responde|habla)\b[^.!?\n]{{0,25}}(?:{FREE}|freely|livremente (?:sobre|de))",
        r"(?:ignor|desconsider|esquec|descart|forget|disregard|olvid)\w* (?:tudo |all )?(?:o que|what|lo que) (?:foi|was|se|ja) (?:\w+ )?(?:dito|said|dijo|combinado|falado)[^\n]{0,30}(?:aprov|liber|conced|mostr|revel|obede|aja\b|act\b)",
        r"(?:desativ|deslig|disabl|bypass|desactiv|turn off)\w* (?:os |as |seus |suas |all |the |tus |los |your )?(?:filtros?|filters?|protec\w+|safety|safeguards|guardrails|censura|restric\w+)(?! d[oe] (?:ar|agua|oleo))",
        r"\b(?:system|sistema|admin|security|safety|policy|root) (?:override|bypass|reset)\b|\boverride (?:mode|code|system|all)",
        r"\b(?:so|somente|apenas|only|solo) (?:vale|conta|importa|existe|obedeca|counts?) (?:agora )?(?:o que eu|what i|lo que yo) (?:mand(?!ei)|disser|digo|falar|escrever|say|tell|order|diga)",
    ),
    _family(  # somebody else, who may do anything
        "assis asis atend chatb robo bot ia ai llm model faca assu resp fale imag fing finj pret brin jogo joga jogu play game jueg juga supo act acts actu atue atua aja beha compo stay rema keep fiqu conti perma mant brea sair sai salg cena teat peca poem hist conto rote rap musi carta scen stor esce cuen scri dial vo avo vovo avoz abue gran",
        rf"(?:imagin\w+|finj?[gae]\w*|pretend|faz de conta|faca de conta|brincar|brincadeira|jog(?:ar|o)|play|game|jueg\w+|jugar|suponha\w*|act(?:ua|ue|uar)?|atue|aja|behave|comport\w+)\b[^.!?\n]{{0,70}}{SELF}\b[^.!?\n]{{0,30}}(?:{FREE}|que (?:pode|faz|responde|puede) (?:tudo|qualquer|todo)|no policies)",
        rf"\b{SELF}\b[^.!?\n]{{0,30}}{FREE}",
        r"(?:imagin\w+|finj?[gae]\w*|pretend|(?:faz|faca) de conta|suponha\w*|assum\w+)\b[^.\n]{0,40}(?:nao (?:existe|ha\b|tem|tenha)|there (?:are|is) no|no (?:hay|existen?))[^.\n]{0,12}(?:regra|rule|regla|limit|restri|filtro|policies)",
        r"(?:aja|atue|act|behave|actua|comporte-se|finja|responda|fale)\w* (?:como|as|like|que)\b[^.\n]{0,50}(?:segred|secret|senha|password|hack|proibid|ilegal|illegal)",
        r"(?:stay|remain|keep|fique|continue|permanec\w+|mantenha\w*) (?:in|no|en el|dentro do) (?:character|personagem|personaje|papel)|(?:break|sai[ar]?|salgas|sair) (?:character|d[oe]l? (?:personagem|personaje|papel))",
        rf"(?:cena|teatro|peca|poema|historia|conto|roteiro|rap|musica|carta|scene|story|poem|escena|cuento|script|dialogo)\b[^.\n]{{0,70}}{SELF}\b[^.\n]{{0,60}}(?:recit|revel|segred|secret|instruc|regras|configur|prompt|confess|conta tudo)",
        r"\b(?:vo|avo|vovo|avozinha|grandma|grandmother|abuel[ai]t?a?|mae falecida|pai falecido)\b[^\n]{0,60}\b(?:lia|ler|lendo|leia|contava|recitava|cantava|sussurrava|read|reading|sang|leia|contaba)\b[^\n]{0,60}(?:configur|prompt|instruc|senha|chave|regras internas|codigo|password)",
    ),
    _family(  # what was written to you
        "setup param setti sett rule regr mostr lista list repit repet copi impri tradu resum escre cola cole show print repea trans summ muest nao cant can cannot no proib poem acros haic sone canc music rima chara piada histo song haik prim ulti firs last ensi prog conf trei inst orien cria crio defi used usad prep prom inic init orig full compl whol manu inter ocul secr hidd guide",
        r"(?:primeir[ao]|ultim[ao]|first|last|primer[ao]?) (?:coisa|frase|palavra|linha|mensagem|texto|thing|line|sentence|word|frase|palabra|cosa)[^.?\n]{0,30}(?:escrever|dissera|falara|mandara|passara|told|wrote|given|sent|escribier|dijer)\w*[^.?\n]{0,12}(?:pra|para|a|to) (?:vc|voce|ti|tu|you)\b",
        r"(?:texto|manual|documento|roteiro|script|material|guia|text|message|mensagem|mensaje|document|guide|arquivo)\b[^.?\n]{0,25}(?:que|which|that|with which|used to|usad[oa] (?:pra|para)|con el que|com (?:o|a) qua?l) (?:te |lhe |voce |vc |you )?(?:foi |were |was )?(?:ensin|program|configur|trein|instru|orient(?!ou)|cri(?:ou|aram)|defin|train|configure|made|entren)",
        r"\b(?:seu|teu|vosso|your|tu|su) (?:\w+ )?(?:prompt|preprompt|system prompt|system message|mensagem de sistema)\b",
        r"\b(?:initial|inicial|original|full|complete|whole|completa?) (?:system )?(?:initial )?(?:message|prompt|instructions?|mensaje|instruc\w+)\b(?! d[eo])|\b(?:full|complete) (?:initial|system)\b",
        r"(?:tudo|todo|everything|all) (?:o |lo )?(?:que )?(?:voce |vc |you )?(?:sabe|know|sabes)\b[^.\n]{0,20}(?:configur|sistema|system|prompt|program|instruc|your (?:rules|setup))",
        r"(?:config\w*|setup|programacao|regras|instruc\w+|parametros|rules|settings) (?:d[oae]|of the|del|of this) (?:\w+ )?(?:bot|robo|ia|chatbot|assistente|assistant|ai)\b",
        r"(?:mostr|list|repit|repet|copi|imprim|traduz|resum|escrev|cola\b|cole\b|show|print|repeat|translate|summari|muestr)\w*[^.\n]{0,30}(?:escrit[oa]|written|veio|vem|came|placed|escrito|dito|said) (?:logo |right )?(?:antes|acima|before|above|aqui em cima|arriba)",
        r"(?:que|quais|what|which) [^.?\n]{0,30}(?:voce|vc|you|tu)\b[^.?\n]{0,6}(?:nao pode|can'?t|cannot|no puedes|are not allowed|esta proibid)[^.?\n]{0,12}(?:falar|dizer|responder|contar|revelar|say|tell|answer|discuss|decir|hablar)",
        r"(?:poema|acrostico|haicai|soneto|cancao|musica|rima|charada|piada|historia|lista|resumo|acrostic|poem|song|haiku|list|summary)\b[^.\n]{0,20}\b(?:sua|seu|tua|your|tu)s? (?:regra|instruc|diretriz|instruction|rule|prompt|guideline|regla)\w*\b(?! d[eoa])",
        r"\bmanual (?:de|pra|para|do) (?:como )?(?:atend|respond|a ia|o bot|o robo)|(?:passa|manda|cola|mostra|copia)\w* o manual (?:todo|inteiro|completo)",
        r"(?:diretrizes|orientacoes|politicas|normas|regras|instrucoes|guidelines|policies) (?:internas|ocultas|secretas|confidenciais|internal|hidden|secret)(?! d[eoa])|(?:internal|hidden|secret) (?:guidelines|policies|notes|config\w*)",
    ),
    _family(  # words that only a program would say
        "tool role func resu outp huma user usua assi poli allo bloc rule over conf clie noti stat",
        r"\{ ?[\"'](?:tool|role|function|name|result|status|action|system|content|command|comando|acao|ferramenta|arguments)[\"'] ?:",
        r"(?:resultado|resposta|retorno|saida) d[aeo] (?:ferramenta|funcao|api|sistema|tool)\b[^:\n]{0,30}:|(?:tool|function|api) (?:result|output|response|call)\b[^:\n]{0,20}:",
        r"(?:^|[\s.!?>])(?:human|humano|user|usuario|customer) ?:.{0,300}?[\s.!?>](?:assistant|assistente|asistente|bot|ia|ai|secretaria) ?:|(?:^|[\s.!?>])cliente ?:.{0,300}?[\s.!?>](?:assistant|assistente|asistente) ?:",
        r"</?\s{0,2}(?:policy|politica|role|rules?|regras?|config\w*|allowed|blocked|override|interaction[\w-]*|persona|human|ai|command|comando)\s?/?>",
        r"-{2,}\s?(?:fim|final|end|inicio|start) (?:d[aeo]s? |of )?(?:mensage|conversa|message|user|input|context|texto|historic)",
    ),
    _family(  # whoever claims a right to it
        "open anth meta goog safe secu dev engi supo supp admi equi team audi orde cour lei law inve fisc poli devs ti",
        r"(?:openai|anthropic|meta|google|whatsapp|safety|security|dev|engineering|support|suporte|admin|seguranca|desenvolvimento|compliance|qa)\b (?:\w+ ){0,2}(?:team|equipe|time|department|departamento|staff|aqui|here)\b[^\n]{0,60}(?:need|precis|require|mostr|send|envi|mand|show|list|diga|informe|libere|quer|verif)",
        r"(?:auditoria|audit\b|ordem judicial|court order|mandado judicial|(?:lei|law) (?:te |lhe |o |a |you |requires )?(?:obriga|manda|exige|you|obliga)|investigacao|fiscaliza\w+|inspecao)(?![^\n]{0,100}\b(?:meus?|minhas?|my|mis?)\b)[^\n]{0,80}(?:cadastro|dados d|telefone|prompt|mensagem inicial|registro|cliente|paciente|initial message|records|customers?|instruc|configurac)",
    ),
    _family(  # what belongs to other customers
        "agend base banco cadas siste lista usua hosp moca moco cara mulh homem menin rapa senhora pesso clie paci alun perso cust pati tuto todo todos outr ever",
        rf"\b(?:passa|passe|manda|mande|diga|diz|informa|informe|mostra|mostre|qual|quais|da|de|preciso|quero|dame|deme|dime|give|tell|send|show|what|cual)\b[^.?\n]{{0,20}}\b{WHOSE}s?\b[^.?\n]{{0,25}}\b(?:d[aoe]|del|of|de la|of the|dess[ae]|daquel[ae]) (?:\w+ )?{OTHER} (?:que|who|that) (?:(?:se |ja |so )?marc|agend|veio|foi|comprou|est(?:a|ava|eve)\b (?:a[is]|ontem|hoje|antes|com)|ta\b|tav|falou|reclamou|pediu|booked|bought|wrote|came|escribi|reserv|compr|tem (?:hora|consulta))",
        rf"\b(?:o|a|what|lo) (?:que )?(?:o|a|os|as|el|la|the|outr[oa]s?|did the|ultim[oa]) ?(?:outr[oa]s? |ultim[oa]s? |last |previous |other )?{OTHER}s? ?(?:anterior|antes de mim|before me|passad[oa]|previous)? (?:te |lhe |you )?(?:pergunt|escrev|pediu|perguntou|ask|said|said to|wrote|pregunt)",
        rf"\b(?:dame|deme|me da|me de|me passa|passe|manda|diga|dime|give me|tell me|send me|show me|mostre|quero)\b[^.?\n]{{0,30}}{WHOSE}s?\b[^.?\n]{{0,25}}\b(?:ultim[oa]|anterior|last|previous|next|proxim[oa]|otr[oa]|outr[oa])s? {OTHER}",
        rf"(?:quem|who|quien) (?:e|sao|is|are|es|foi|era|was) (?:o |a |os |the |el |la )?(?:proxim|ultim|outr|next|last|previous|otr)\w* {OTHER}",
        r"\b(?:passa|passe|manda|mande|diga|diz|informa|informe|mostra|mostre|qual|preciso|quero|dame|give|tell|send|show)\b[^.?\n]{0,20}(?:dados|cadastro|prontuario|endereco|telefone|historico|numero|data|address|phone) (?:d[aoe]|of|del|de la) (?:o |a |the )?(?:cliente|paciente|hospede|alun[oa]|usuari[oa]|customer|patient|client) (?!que\b|e\b|meu\b|minha\b)[a-z]{3,}",
        r"(?:apag|delet|exclu|limp|cancel|zer)\w* (?:a |o |toda a |todo o )?(?:agenda|base|banco de dados|cadastro|sistema|lista) (?:inteir|tod|complet|de todos)",
        r"(?:cancel|apag|exclu|delet|desmarc|remov)\w*[^.?\n]{0,30}(?:todo mundo|de todos|dos outros|everyone|everybody|todos los)[^.?\n]{0,40}(?:menos|exceto|so o meu|so a minha|deixa so|coloca so|except|only mine|salvo)",
    ),
    _family(  # an order in parts, and words agreed on beforehand
        "conc junt una join some soma combi mont faca exec quan when cuan se if",
        r"(?:\b\w{1,3} ?= ?[^=\n]{1,40}){2,}[^\n]{0,30}(?:concat|junt|some|soma|una|join|combin|mont|faca|execut|obede|cumpr)",
        r"(?:concat|junt|some|soma|una|join|combin|mont)\w*[^\n]{0,30}(?:\b\w{1,3} ?= ?[^=\n]{1,40}){2,}",
        r"(?:quando|when|cuando|se|if) (?:eu|i|yo) (?:disser|falar|escrever|mandar|say|write|type|diga|escriba) \W?\w+\W? ?,? ?(?:entao )?(?:voce|vc|you|tu) (?:ignor|mostr|revel|esquec|obede|deslig|liber|show|reveal|forget|muestr|olvid)",
    ),
    _family(  # notes that only a machine would read
        "asis chatb when read ler lerem lendo obed exec obey nota avis mensa instr atenc note notic mess atte reca lembr ia ai llm llms model bot bots robo assi agent lang aler syst admi",
        rf"(?:nota|aviso|mensagem|instruc\w+|atencao|note|notice|message|attention|recado|lembrete)\b[^.:\n]{{0,20}}\b(?:aos?|a|as|para|pra|pro|to|for) (?:os |as |o |a |any |all |the |qualquer )?(?:modelos? de linguagem|language models?|ias?|ais?|llms?|bots?|robos?|{SELF}s?|agentes?)\b[^.\n]{{0,40}}:",
        r"\b(?:assistente|asistente|assistant|chatbot|robo|bot|ia|ai|llm|modelo|model)s? (?:deve|devem|tem que|precisa|must|should|has to|debe)\b(?! (?:ser|estar|be)\b)",
        rf"[\[(*] ?{SELF} ?:",
        r"(?:^|[\s.;])(?:assistente|asistente|assistant|chatbot|robo|bot|ia|ai|llm) ?[:,]",
        r"(?:ao|se|quando|when|if)(?: (?:you|voce|vc|uma?|an?|ia|ai|bot|estiver))? (?:ler|lerem|lendo|reading|read|are an ai|e uma ia) (?:isto|isso|esta|este|essa|this)\b",
        r"(?:obede|execut|obey)\w*[^.\n]{0,25}(?:escrit|imagem|foto|arquivo|documento|image|file|picture|document)",
        rf"(?:nota|aviso|mensagem|instruc\w+|note|notice|message) (?:aos?|para|pra|to|for) (?:os |as |o |a |any |all )?(?:modelos?|models?|ias?|ais?|llms?|bots?|robos?|{SELF}s?)\b",
        r"(?:aviso|nota|mensagem|alerta) d[eo] (?:sistema|administrador|admin)\b|(?:system|admin) (?:notice|note|alert)",
        quoted=True,
    ),
)


def gives_orders(view: str, *, quoted: bool) -> bool:
    """Say whether a text speaks to the secretary as whoever runs her would, in any of these ways.

    Args:
        view: Without accents, capitals and disguises.
        quoted: Whether it is, or holds, something that the customer did not write to us: a name, a file, a quotation.
    """
    stems = {word[:letters] for word in set(WORD.findall(view)) for letters in STEMS}
    return any(
        not stems.isdisjoint(family.stems) and family.pattern.search(view) is not None
        for family in FAMILIES
        if quoted or not family.quoted
    )
