"""Use case: answer one due turn, or hand it off, or stay silent; read, close, ask the model, open, re-check, write."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from loguru import logger
from sqlalchemy import Engine
from sqlmodel import Session

from secretaria import metrics
from secretaria.clock import Clock
from secretaria.context.injection import flag_injection
from secretaria.context.prompt import is_base_whole
from secretaria.conversations import store as conversations
from secretaria.conversations.handoff import ask_for_person, give_back
from secretaria.conversations.leases import LEASE_SECONDS, LeaseKeeper, release_lease, take_lease
from secretaria.conversations.models import Author, Conversation, Mode, Turn, TurnState
from secretaria.conversations.pauses import SECRETARY_PAUSED
from secretaria.conversations.taken import Entities, TakenConversation, TakenMessage, entities_of, messages_taken
from secretaria.crashpoints import crashpoint
from secretaria.database.transaction import after_commit, transaction
from secretaria.errors import Unavailable
from secretaria.knowledge.chunks import Chunk
from secretaria.knowledge.library import Library
from secretaria.knowledge.search import search
from secretaria.llm.budget import Budget
from secretaria.llm.chat import Chat
from secretaria.logs import telling_of
from secretaria.queue.publisher import Publisher
from secretaria.replies import wording
from secretaria.replies.at_hand import Taken, look
from secretaria.replies.consent import leave_to_a_person, note_wish, sentence_of
from secretaria.replies.drafting import Desk, Seek
from secretaria.replies.economy import draft_within_budget
from secretaria.replies.gathering import LONGEST_TEXT, gather_context
from secretaria.replies.handing import hand_over_silently
from secretaria.replies.loops import LOOKED_BACK, MESSAGES, ROUNDS, Said, talks_with_machine
from secretaria.replies.policy import judge
from secretaria.replies.settling import (
    MAX_RESTARTS,
    Claimed,
    count_failure,
    fail_turn,
    notice_turn,
    say_and_close,
    settle_turn,
)
from secretaria.replies.telling import tell_closed
from secretaria.replies.toolbox import Errand, NoTools, Toolbox
from secretaria.replies.volatile import VolatileContext
from secretaria.whaticket.numbers import person_mark

WORKER_LOST = "worker_lost"
TALKS_WITH_MACHINE = "talks_with_machine"


@dataclass(frozen=True, slots=True)
class AnsweringRoom:
    """What answering needs to know.

    Attributes:
        library: Knows which business is published at this moment.
        keeper: Renews the lease for as long as a draft takes.
        resume_after_hours: Hours without a person until the secretary is back.
        transfers: Whether a hand-off also moves the ticket at Whaticket (a panel login and a department are set).
        toolbox: What may be done for a customer.
        budget: What the model may cost; None where nobody counts.
        notice: What a person is told once, before the first answer; empty tells nothing.
        volatile: The running episodes, as Redis holds them.
        episode_silence_hours: Hours without a word that end an episode.
    """

    engine: Engine
    publisher: Publisher
    clock: Clock
    chat: Chat
    library: Library
    keeper: LeaseKeeper
    resume_after_hours: float
    transfers: bool = False
    toolbox: Toolbox = field(default_factory=NoTools)
    budget: Budget | None = None
    notice: str = ""
    volatile: VolatileContext = field(default_factory=VolatileContext)
    episode_silence_hours: float = 6.0


def answer_turn(room: AnsweringRoom, turn_id: int) -> None:
    """Answer one turn if it is due and nobody else is at it; a second run of the same nudge does nothing.

    Raises:
        DatabaseUnavailable: PostgreSQL went away; the lease runs out and the sweep brings the turn back.
    """
    crashpoint("K7")
    claimed = _claim(room, turn_id)
    if claimed is None:
        return
    crashpoint("K8")
    told = {"conversation_id": claimed.conversation_id, "contact": person_mark(claimed.number)}
    with telling_of(correlation_id=str(claimed.correlation_id), **told):
        try:
            with room.keeper.hold(claimed.conversation_id, claimed.token):
                desk = Desk(room.chat, room.toolbox, _seek(room, claimed))
                drafted = draft_within_budget(
                    room.budget, desk, claimed.context, claimed.errand, claimed.number, claimed.step
                )
            crashpoint("K10")
            settle_turn(room.engine, room.publisher, room.clock.now(), claimed, drafted, room.toolbox)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001  # a poisonous turn is counted and at last handed to a person
            logger.opt(exception=error).error("answering_failed")
            fail_turn(room.engine, room.clock.now(), claimed, type(error).__name__)


def _seek(room: AnsweringRoom, claimed: Claimed) -> Seek | None:
    """Return the way to search once more by what the model understood; none where the whole base was told."""
    version_id = claimed.context.business.version_id
    if version_id is None or is_base_whole(claimed.context.business):
        return None

    def seek(texts: Sequence[str]) -> Sequence[Chunk]:
        with transaction(room.engine) as session:
            return search(session, version_id, texts)

    return seek


def _claim(room: AnsweringRoom, turn_id: int) -> Claimed | None:
    """Take the lease, ask the policy and read everything the draft needs, in one short transaction."""
    now = room.clock.now()
    with transaction(room.engine) as session:
        conversation_id = conversations.conversation_of_due(session, turn_id, now)
        if conversation_id is None:
            return None
        token = take_lease(session, conversation_id, now=now, seconds=LEASE_SECONDS)
        if token is None:
            return None
        taken = look(session, turn_id, now)  # the turn again, now that nobody else can change it
        burst = messages_taken(session, turn_id)
        if taken is not None and taken.turn.due_at <= now:
            taken = _answerable(room, session, taken, burst, now)
        else:
            taken = None
        if taken is None:
            release_lease(session, conversation_id, token=token)
            return None
        turn = taken.turn
        conversations.start_turn(session, turn.id)
        begun = time.perf_counter()
        claimed = _read(room, session, taken, burst, token)
        waited, late = (now - turn.opened_at).total_seconds(), (now - turn.due_at).total_seconds()
        stages = {"waited": waited, "picked_up": late, "context": time.perf_counter() - begun}
        for stage, seconds in stages.items():
            after_commit(session, partial(metrics.observe_stage, stage, seconds, turn.correlation_id))
        return claimed


def _answerable(
    room: AnsweringRoom, session: Session, taken: Taken, burst: Sequence[TakenMessage], now: datetime
) -> Taken | None:
    """Return the turn as it is to be answered; None where it is not, and closed if need be."""
    plain = taken.conversation.mode == Mode.AUTOMATIC and taken.turn.state == TurnState.WAITING and not taken.paused
    contact = taken.contact
    willing = contact.opted_out_at is None and sentence_of(contact, _words(burst)) is None
    if plain and willing and not _talks_with_machine(session, taken.conversation, now):
        return taken
    entities = entities_of(session, taken.turn.id)
    if not _may_answer(room, session, entities, burst, now, paused=taken.paused):
        return None
    session.flush()
    return look(session, taken.turn.id, now)


def _words(burst: Sequence[TakenMessage]) -> Iterator[str]:
    return (message.words for message in conversations.by_arrival(burst))


def _may_answer(
    room: AnsweringRoom, session: Session, held: Entities, burst: Sequence[TakenMessage], now: datetime, *, paused: bool
) -> bool:
    """Close the turn where the policy says silence, or where it has cost too many workers."""
    turn, conversation = held.turn, held.conversation
    log = logger.bind(correlation_id=str(turn.correlation_id), conversation_id=conversation.id, turn_id=turn.id)
    if _wants_no_answer(room, session, held, burst, now):
        return False
    if not _may_speak(room, session, held, burst, now, paused=paused):
        return False
    if turn.state == TurnState.ANSWERING:  # whoever had it died, or lost the database
        log.bind(failures=turn.failures + 1).warning("turn_abandoned")
        if count_failure(session, turn, now, WORKER_LOST, transfers=room.transfers):
            return False
    if _talks_with_machine(session, conversation, now):
        hand_over_silently(
            session, turn, now, reason=TALKS_WITH_MACHINE, brief=wording.MACHINE_BRIEF, transfers=room.transfers
        )
        log.error("talks_with_machine")
        return False
    return True


def _may_speak(
    room: AnsweringRoom, session: Session, held: Entities, burst: Sequence[TakenMessage], now: datetime, *, paused: bool
) -> bool:
    """Ask the policy who has the word, and keep still while the secretary is paused everywhere."""
    turn, conversation = held.turn, held.conversation
    judgement = judge(conversation, now=now, resume_after_hours=room.resume_after_hours)
    if judgement.verdict == "notice" and not paused:
        notice_turn(session, room.publisher, now, turn, conversation, held.contact.number)
        return False
    if judgement.verdict in {"silence", "notice"}:
        return _keep_silent(session, turn, judgement.reason, now)
    if judgement.verdict == "resume":
        began = min((message.received_at for message in burst), default=now)
        give_back(session, conversation, now, "returned", begins=began)
    if paused:  # somebody must see that nobody answers; once she speaks again, recovery takes it up
        ask_for_person(session, conversation, now)
        return _keep_silent(session, turn, SECRETARY_PAUSED, now)
    return True


def _keep_silent(session: Session, turn: Turn, reason: str, now: datetime) -> bool:
    turn.state, turn.reason, turn.closed_at = TurnState.SILENCED, reason, now
    session.add(turn)
    session.flush()
    tell_closed(session, turn)
    return False


def _wants_no_answer(
    room: AnsweringRoom, session: Session, held: Entities, burst: Sequence[TakenMessage], now: datetime
) -> bool:
    """Honour who wants no automatic messages, or wants them again; the wish itself is confirmed once."""
    turn, conversation, contact = held.turn, held.conversation, held.contact
    sentence = sentence_of(contact, _words(burst))
    if sentence is not None:
        note_wish(session, contact, conversation, sentence, now)
        if conversation.mode == Mode.AUTOMATIC:
            say_and_close(session, room.publisher, now, turn, conversation, contact.number, sentence)
            return True
    if contact.opted_out_at is None:
        return False
    leave_to_a_person(session, turn, conversation, now, transfers=room.transfers)
    return True


def _talks_with_machine(session: Session, conversation: Conversation | TakenConversation, now: datetime) -> bool:
    """Look at the last answers, once there are enough; what a person said ends the counting."""
    if conversation.last_seq < 2 * ROUNDS:
        return False
    since = max(conversation.episode_at, conversation.person_spoke_at or now - LOOKED_BACK, now - LOOKED_BACK)
    lately = conversations.said_since(session, conversation.id or 0, since, MESSAGES)
    return talks_with_machine(
        Said(one.author == Author.SECRETARY, one.text[:LONGEST_TEXT], one.received_at) for one in lately
    )


def _read(room: AnsweringRoom, session: Session, taken: Taken, burst: Sequence[TakenMessage], token: int) -> Claimed:
    now, turn, conversation = room.clock.now(), taken.turn, taken.conversation
    gathered = gather_context(
        session,
        conversation,
        turn,
        burst,
        at_hand=taken.at_hand,
        business=room.library.current(session),
        toolbox=room.toolbox,
        volatile=room.volatile,
        silence=timedelta(hours=room.episode_silence_hours),
        now=now,
    )
    context = flag_injection(gathered)
    return Claimed(
        turn_id=turn.id,
        conversation_id=conversation.id,
        correlation_id=turn.correlation_id,
        number=taken.contact.number,
        token=token,
        inbound_seq=conversation.last_inbound_seq,
        may_restart=turn.restarts < MAX_RESTARTS and now < turn.deadline_at,
        transfers=room.transfers,
        context=context,
        errand=Errand(
            contact_id=conversation.contact_id,
            conversation_id=conversation.id,
            turn_id=turn.id,
            texts=context.texts,
            now=now,
            may_write=not context.injection_suspected,
        ),
        notice="" if taken.contact.told_privacy_at else room.notice,
        step=room.budget.step(conversation.id, session) if room.budget is not None else None,
        said=tuple((message.id, message.words) for message in burst),
    )
