"""Everything the model may see of one turn is read here, in the transaction that claims it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session

from secretaria.context.engine import BurstMessage, HistoryLine, Standing, TurnContext
from secretaria.context.prompt import is_base_whole
from secretaria.conversations import episodes
from secretaria.conversations.models import Conversation, Episode, Message, Turn
from secretaria.conversations.taken import HISTORY_MESSAGES, TakenConversation, TakenMessage, TakenTurn, history_before
from secretaria.database.compiled import CompiledStatement
from secretaria.knowledge.chunks import Chunk, slug
from secretaria.knowledge.search import search
from secretaria.knowledge.snapshot import Business
from secretaria.memory.store import recall
from secretaria.replies.at_hand import AtHand
from secretaria.replies.loops import is_too_quick
from secretaria.replies.toolbox import Toolbox
from secretaria.replies.volatile import VolatileContext

LONGEST_TEXT = 4000  # of one message as the model sees it; it is stored whole
LOOKED_BACK, LONGEST_LOOK = 4, 500  # messages before the turn, and characters of each, that a search reads
SHORTEST_QUESTION = 10  # characters; "ok" and "sim" are no question asked twice
# The newest first.
ANALYSES = CompiledStatement("""
    SELECT answerable, sentiment FROM reply
    WHERE conversation_id = :conversation_id AND origin = 'model' AND created_at >= :since
    ORDER BY created_at DESC, id DESC
""")


def gather_context(
    session: Session,
    conversation: Conversation | TakenConversation,
    turn: Turn | TakenTurn,
    burst: Sequence[Message | TakenMessage],
    *,
    at_hand: AtHand,
    business: Business,
    toolbox: Toolbox,
    volatile: VolatileContext,
    silence: timedelta,
    now: datetime,
) -> TurnContext:
    """Read a turn, beginning a new episode where its silence has passed.

    Args:
        session: The caller's transaction.
        conversation: Locked.
        turn: Its open turn.
        burst: The messages of the turn, by Whaticket's time.
        at_hand: What there can be.
        business: What the owner published.
        toolbox: What may be done for the customer.
        volatile: The running episodes, in Redis.
        silence: How long nobody must have said anything for an episode to be over.
        now: The present moment.
    """
    first_words = conversation.last_seq == len(burst)  # every position is one of the burst's: nothing was said before
    if not first_words:
        began = min((message.received_at for message in burst), default=turn.opened_at)
        episodes.end_if_silent(session, conversation, began, silence)
    history = _history(session, conversation, turn, burst, volatile, now)
    facts = recall(session, conversation.contact_id, now) if at_hand.facts else ()
    summaries = episodes.told_summaries(session, conversation.contact_id) if at_hand.summaries else ()
    lines = toolbox.lines(
        session, business.card, contact_id=conversation.contact_id, conversation_id=conversation.id or 0, now=now
    )
    texts = [message.words[:LONGEST_TEXT] for message in burst]
    return TurnContext(
        business=business,
        now=now,
        contact_name=next((fact.value for fact in facts if fact.key == "nome"), None),
        history=tuple(history),
        burst=tuple(BurstMessage(message.kind, text) for message, text in zip(burst, texts, strict=True)),
        first_reply=first_words or not episodes.has_spoken(session, conversation),
        facts=tuple(f"{fact.key}: {fact.value}" for fact in facts),
        summaries=tuple(map(_summary, summaries)),
        agenda_lines=tuple(lines),
        found=search_base(session, business, texts, history),
        tools=toolbox.describe(business.card),
        tool_names=tuple(toolbox.names(business.card)),
        standing=Standing() if first_words else _standing(session, conversation, history, burst, texts),
    )


def _history(
    session: Session,
    conversation: Conversation | TakenConversation,
    turn: Turn | TakenTurn,
    burst: Sequence[Message | TakenMessage],
    volatile: VolatileContext,
    now: datetime,
) -> list[HistoryLine]:
    """Read only what Redis does not know yet; without Redis, all of it."""
    first = min((message.seq for message in burst), default=conversation.last_seq + 1)
    if first <= 1:  # nobody has said anything before
        return []
    conversation_id, since = conversation.id or 0, episodes.shown_since(session, conversation, now)
    known = [entry for entry in volatile.recall(conversation_id, since) if entry.seq < first]
    fresh = history_before(
        session,
        conversation_id,
        turn.id or 0,
        since=since,
        after_seq=known[-1].seq if known else 0,
    )
    entries = [*known, *map(volatile.entry, fresh)][-HISTORY_MESSAGES:]
    volatile.keep(conversation_id, since, entries)
    return [entry.line for entry in entries]


def _standing(
    session: Session,
    conversation: Conversation | TakenConversation,
    history: Sequence[HistoryLine],
    burst: Sequence[Message | TakenMessage],
    texts: Sequence[str],
) -> Standing:
    since = {"conversation_id": conversation.id, "since": conversation.episode_at}
    replies = ANALYSES.all(session, since)
    negatives = next((place for place, (_, mood) in enumerate(replies) if mood != -1), len(replies))
    person = max((place for place, line in enumerate(history) if line.author == "attendant"), default=-1)
    before = [slug(line.text) for line in history[person + 1 :] if line.author == "contact"]
    asked = [slug(text) for text in texts if len(text) >= SHORTEST_QUESTION]
    return Standing(
        replies=len(replies),
        not_known=sum(answerable == "not_known" for answerable, _ in replies),
        negatives=negatives,
        asked_before=max((before.count(text) for text in asked), default=0),
        hurried=_is_hurried(history, burst),
    )


def _is_hurried(history: Sequence[HistoryLine], burst: Sequence[Message | TakenMessage]) -> bool:
    """Say whether the first message of a burst cannot have been typed since the secretary last spoke."""
    spoken = [line.at for line in history if line.author == "secretary"]
    if not spoken or not burst:
        return False
    return is_too_quick(len(burst[0].words), spoken[-1], burst[0].received_at)


def search_base(
    session: Session, business: Business, texts: Sequence[str], history: Sequence[HistoryLine]
) -> tuple[Chunk, ...]:
    """Search a base that is too large to be told whole; a business that is not in PostgreSQL is not searched.

    Args:
        session: A transaction of the database that holds this version.
        business: What is answered from.
        texts: The messages of the burst.
        history: What was said before.
    """
    if business.version_id is None or is_base_whole(business):
        return ()
    before = [line.text[:LONGEST_LOOK] for line in history[-LOOKED_BACK:]]
    return search(session, business.version_id, [text[:LONGEST_LOOK] for text in texts], before=before)


def _summary(episode: Episode) -> str:
    ended = f"{episode.ended_at:%d/%m/%Y}: {episode.summary}"
    pending = f" Ficou pendente: {'; '.join(episode.pending)}." if episode.pending else ""
    return f"{ended}{pending}"
