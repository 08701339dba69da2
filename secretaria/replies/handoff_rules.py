"""When a person must take over whatever the model thinks: rules of code that may add a hand-off and never remove one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from secretaria.context.engine import Standing
from secretaria.context.schema import LINE_LIMIT, Draft
from secretaria.knowledge.chunks import slug

EXPLICIT, URGENT, COMPLAINT, THREAT = "pedido_explicito", "urgencia", "reclamacao", "ameaca"
NEGOTIATION, PERSONAL_DATA, UNKNOWN, LOOP = "negociacao", "dados", "nao_sei", "repeticao"
NOT_KNOWN_LIMIT = 2
REPEATED_LIMIT = 3
MACHINE_LIMIT = 7  # what repeats itself faster than anybody types is a machine: loops.py ends that after five rounds

# Looked for in the text as slugs write it: lower case, no accents, a hyphen between two words.
ANYBODY = (
    "pessoa|pessoas|atendente|atendentes|humano|humana|ser-humano|alguem|moca|moco|menina|rapaz|gerente|recepcionista|secretaria-de-verdade"
    "|gente-de-verdade|responsavel|dono|dona-da|equipe|suporte-humano"
)
ARTICLE = "(?:com|para|pra|pro|por|a|o|as|os|um|uma|uns|algum|alguma|outra|outro|esse|essa|voces|ai|da|do|de|seu|sua)"
ASKING = (
    "(?:falar|fala|conversar|falo|converso|chama|chame|chamar|chamem|passa|passe|passar|transfere|transfira|transferir"
    "|encaminha|encaminhe|encaminhar|me-atender|ser-atendid[oa]|atendimento)"
)
WISH = "(?:quero|queria|preciso|prefiro|gostaria|desejo|necessito)"
REQUEST = re.compile(
    rf"(?:^|-){ASKING}(?:-{ARTICLE})*-(?:{ANYBODY})(?:-|$)"
    rf"|(?:^|-){WISH}(?:-de)?(?:-{ARTICLE})*-(?:atendente|humano|humana|atendimento-humano|pessoa-de-verdade)(?:-|$)"
    r"|(?:^|-)atendimento-humano(?:-|$)"
    r"|^(?:por-favor-)?(?:um-|uma-)?(?:atendente|humano|atendente-humano)(?:-por-favor|-pfv|-pf)?$"
)
REFUSED = re.compile(r"(?:^|-)(?:nao|sem|nunca|nem)(?:-[a-z0-9]+){0,3}-?$")
PATTERNS = (
    (
        THREAT,
        re.compile(
            r"(?:^|-)(?:procon|reclame-?aqui|juizado|pequenas-causas|processo-voces|(?:vou|irei|quero|vamos)-(?:te-|os-|lhe-)?processar"
            r"|meu-advogado|minha-advogada|entrar-na-justica|(?:vou|irei)-(?:na|a|pra|para|acionar-a)-(?:justica|delegacia))(?:-|$)"
        ),
    ),
    (
        PERSONAL_DATA,
        re.compile(
            r"(?:^|-)(?:apagu?[a-z]*|exclu[a-z]*|delet[a-z]*|remov[a-z]*)-(?:todos-)?(?:os-)?meus-(?:dados|registros)(?:-|$)"
            r"|(?:^|-)(?:copia|acesso)-(?:de-|a-|aos-|dos-)?(?:todos-os-)?meus-dados(?:-|$)"
            r"|(?:^|-)meu-prontuario(?:-|$)|(?:^|-)copia-do-prontuario(?:-|$)"
        ),
    ),
    (
        NEGOTIATION,
        re.compile(
            r"(?:^|-)(?:faz|fazem|fazer|consegue|conseguem|tem-como)-(?:um-|o-)?(?:preco|valor|precinho)-(?:melhor|menor|especial|camarada)(?:-|$)"
            r"|(?:^|-)(?:quero|exijo|preciso-do)-(?:o-)?meu-(?:dinheiro-de-volta|reembolso|estorno)(?:-|$)"
            r"|(?:^|-)(?:quero|exijo|preciso-de)-(?:um-|o-)?(?:reembolso|estorno)(?:-|$)"
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Handoff:
    """Why a person is called.

    Attributes:
        by: ``model``, or the rule of ours that asked for it.
        brief: What the person should know, up to 200 characters.
    """

    reason: str
    by: str
    brief: str


def asks_for_person(texts: Sequence[str]) -> bool:
    """Say whether a customer asks for a human being, in so many words; known without any model."""
    return any(_asked(slug(text)) for text in texts)


def decide_handoff(draft: Draft, texts: Sequence[str], standing: Standing) -> Handoff | None:
    """Decide whether a person takes over: the model's wish, or the first rule of ours that applies.

    Args:
        draft: The model's analysis.
        texts: The customer's messages of this turn.
        standing: What happened before in this episode.
    """
    rule = _rule(draft, texts, standing)
    brief = (draft.handoff_brief or draft.asked or " / ".join(texts))[:LINE_LIMIT]
    if draft.handoff_needed:
        return Handoff(draft.handoff_reason or rule or "outro", "model", brief)
    return Handoff(rule, f"rule:{rule}", brief) if rule else None


def known_without_model(texts: Sequence[str]) -> str | None:
    """Return the reason a person is needed for that can be known while the model is down; None for none."""
    if asks_for_person(texts):
        return EXPLICIT
    slugs = [slug(text) for text in texts]
    return next((reason for reason, pattern in PATTERNS if any(map(pattern.search, slugs))), None)


def _rule(draft: Draft, texts: Sequence[str], standing: Standing) -> str | None:
    wanted = {draft.intention, *draft.extra_intentions}
    if draft.urgent or "urgencia" in wanted:
        return URGENT
    found = known_without_model(texts)
    if found or "humano" in wanted:
        return found or EXPLICIT
    if draft.intention == "reclamacao":
        return COMPLAINT
    if draft.answerable == "not_known" and standing.not_known + 1 >= NOT_KNOWN_LIMIT:
        return UNKNOWN
    limit = MACHINE_LIMIT if standing.hurried else REPEATED_LIMIT
    return LOOP if standing.asked_before + 1 >= limit else None


def _asked(text: str) -> bool:
    return any(not REFUSED.search(text[: match.start()]) for match in REQUEST.finditer(text))
