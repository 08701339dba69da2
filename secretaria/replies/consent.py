"""Whether a person still wants automatic messages: the words by which they say no, and the way back."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from sqlmodel import Session

from secretaria.conversations import store as conversations
from secretaria.conversations.models import Contact, Conversation, Mode, Turn, TurnState
from secretaria.conversations.taken import TakenContact
from secretaria.knowledge.chunks import slug
from secretaria.outbox import store as outbox
from secretaria.outbox.models import ItemState
from secretaria.replies.handing import hand_over_silently
from secretaria.replies.telling import tell_closed

OPTED_OUT, OPTED_BACK = "opted_out", "opted_back"
STOPPED = "Tudo bem, não envio mais mensagens automáticas para você. Se mudar de ideia, é só escrever VOLTAR."
BACK = "Combinado, voltei a responder por aqui. Em que posso ajudar?"
BRIEF = "O cliente pediu para não receber mensagens automáticas e escreveu de novo; responda pessoalmente."
STOP = re.compile(
    r"(?:por-favor-)?(?:parar|pare|stop|unsubscribe|descadastrar|descadastre|me-descadastr[ae]|quero-(?:parar|me-descadastrar|sair-da-lista)"
    r"|(?:quero-)?(?:parar|pare)-de-(?:receber|me-(?:mandar|enviar)|mandar|enviar)(?:-mais)?(?:-(?:as|essas|suas))?(?:-(?:mensagens|mensagem|msg|msgs|isso|lembretes|avisos))?"
    r"|nao-(?:quero|desejo|gostaria-de)-(?:mais-)?receber(?:-mais)?(?:-(?:nada|mensagens|mensagem|msg|msgs|lembretes|avisos|essas-mensagens|mensagens-automaticas))?"
    r"|nao-me-(?:mande|mandem|envie|enviem|manda)-mais(?:-(?:nada|mensagens|mensagem|msg|msgs))?"
    r"|cancelar-(?:mensagens|recebimento|inscricao|lembretes)|remova-meu-numero|(?:me-)?(?:tira|tire|remova|remove)-(?:da|dessa)-lista)"
    r"(?:-(?:por-favor|pfv|pf|obrigad[oa]))?"
)
RETURN = re.compile(
    r"(?:quero-)?(?:voltar|volta|retomar|start|recomecar)(?:-a-receber(?:-mensagens)?)?|quero-receber(?:-mensagens)?(?:-de-novo)?|pode-voltar(?:-a-(?:enviar|mandar|responder))?"
)
LONGEST = 120

Wish = Literal["stop", "return"]


def wish_of(texts: Iterable[str]) -> Wish | None:
    """Return the last wish in a burst: only a message that says nothing else is one."""
    wish: Wish | None = None
    for text in texts:
        said = slug(text[:LONGEST]) if len(text) <= LONGEST else ""
        if STOP.fullmatch(said):
            wish = "stop"
        elif RETURN.fullmatch(said):
            wish = "return"
    return wish


def sentence_of(contact: Contact | TakenContact, texts: Iterable[str]) -> str | None:
    """Return what a wish in this burst is answered with; None where there is none, or none that changes anything."""
    wish = wish_of(texts)
    if wish == "stop" and contact.opted_out_at is None:
        return STOPPED
    return BACK if wish == "return" and contact.opted_out_at is not None else None


def note_wish(session: Session, contact: Contact, conversation: Conversation, sentence: str, now: datetime) -> None:
    """Keep the wish: from now on nothing automatic is said, and what waits to be said is dropped; or the way back."""
    contact.opted_out_at = now if sentence == STOPPED else None
    session.add(contact)
    if sentence == STOPPED:
        for message_id in outbox.supersede_pending(session, conversation.id or 0, OPTED_OUT):
            conversations.mark_delivery(session, message_id, ItemState.SUPERSEDED)


def leave_to_a_person(
    session: Session, turn: Turn, conversation: Conversation, now: datetime, *, transfers: bool
) -> None:
    """Close a turn of somebody who wants no automatic words: a person answers, or nobody does."""
    if conversation.mode == Mode.AUTOMATIC:
        hand_over_silently(session, turn, now, reason=OPTED_OUT, brief=BRIEF, transfers=transfers)
        return
    turn.state, turn.reason, turn.closed_at = TurnState.SILENCED, OPTED_OUT, now
    session.add(turn)
    tell_closed(session, turn)
