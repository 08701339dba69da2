"""The end of a turn: the gate, then reply, bubbles, hand-off and turn state in one commit; or the draft is thrown away."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from loguru import logger
from sqlalchemy import Engine, update
from sqlmodel import Session, col

from secretaria.context.engine import TurnContext
from secretaria.conversations import store as conversations
from secretaria.conversations.ending import ClosedTurn, close_turn
from secretaria.conversations.handoff import ask_for_person
from secretaria.conversations.leases import pass_gate, release_lease
from secretaria.conversations.models import Contact, Conversation, Mode, Turn, TurnState
from secretaria.conversations.pauses import SECRETARY_PAUSED, pause_of_all
from secretaria.conversations.transcripts import turn_waits_until
from secretaria.crashpoints import crashpoint
from secretaria.database.transaction import after_commit, transaction
from secretaria.knowledge.missing import record_missing
from secretaria.llm.budget import Step
from secretaria.memory.proposals import remember_proposals
from secretaria.outbox import store as outbox
from secretaria.outbox.models import OutboxItem
from secretaria.outbox.placing import place_reply
from secretaria.queue.jobs import ANSWER_TURN, DELIVER_ITEM
from secretaria.queue.publisher import Publisher
from secretaria.replies import wording
from secretaria.replies.decided import Decided
from secretaria.replies.drafting import Drafted
from secretaria.replies.handing import hand_over_silently
from secretaria.replies.keeping import decision_of, keep_recording, keep_reply
from secretaria.replies.models import Reply
from secretaria.replies.recording import reply_of
from secretaria.replies.recovery import MODEL_FAILED, NO_BUDGET, apologise_once
from secretaria.replies.telling import tell_closed
from secretaria.replies.toolbox import Errand, Toolbox
from secretaria.tools.calls import SlotTaken

MAX_RESTARTS = 2
MAX_FAILURES = 5
FAILURE_WAIT_SECONDS = 5.0
NOTHING_TO_SAY = "nothing_to_say"
NEVER_MISSING = ("manipulacao", "fora_escopo")  # what no owner would add to the base


@dataclass(frozen=True, slots=True)
class Claimed:
    """A turn that a worker has taken, and what it read of it.

    Attributes:
        token: Fencing token of the conversation's lease.
        inbound_seq: The newest customer message the draft will know of.
        may_restart: Whether a newer message still throws the draft away.
        transfers: Whether a hand-off also moves the ticket at Whaticket.
        errand: For whom tools are used.
        notice: What a person is told once, before the first answer.
        said: The customer's messages, id and text.
        step: What the budget paid for as the turn was claimed; None where nobody has looked.
    """

    turn_id: int
    conversation_id: int
    correlation_id: UUID
    number: str
    token: int
    inbound_seq: int
    may_restart: bool
    transfers: bool
    context: TurnContext
    errand: Errand
    notice: str = ""
    said: tuple[tuple[int, str], ...] = ()
    step: Step | None = None


def settle_turn(
    engine: Engine, publisher: Publisher, now: datetime, claimed: Claimed, drafted: Drafted, toolbox: Toolbox
) -> None:
    """Write what was decided, if the gate lets it through; otherwise leave the turn to whoever has the word.

    Raises:
        DatabaseUnavailable: PostgreSQL went away; nothing of the reply is kept, and nothing a tool planned is done.
    """
    try:
        with transaction(engine) as session:
            seq = claimed.inbound_seq if claimed.may_restart else None
            newest = pass_gate(session, claimed.conversation_id, token=claimed.token, inbound_seq=seq)
            if newest is not None:
                _write(session, publisher, now, claimed, newest, drafted, toolbox)
            else:
                _throw_away(session, publisher, now, claimed, drafted)
    except SlotTaken:
        logger.bind(turn_id=claimed.turn_id).info("slot_taken")
        with transaction(engine) as session:
            _throw_away(session, publisher, now, claimed, drafted)


def _write(
    session: Session,
    publisher: Publisher,
    now: datetime,
    claimed: Claimed,
    newest: int,
    drafted: Drafted,
    toolbox: Toolbox,
) -> None:
    """Keep reply, bubbles, what tools do and the state of the turn together."""
    business = claimed.context.business
    reply = reply_of(drafted, claimed.errand, claimed.context, now)
    decision = decision_of(reply, drafted)
    if drafted.done is not None:
        toolbox.settle(session, business.card, drafted.done, claimed.errand, reply.bubbles)
    _learn(session, claimed, drafted, reply, now)
    if reply.handoff_reason in {MODEL_FAILED, NO_BUDGET}:
        apologise_once(session, reply, now)
        if reply.handoff_reason == NO_BUDGET and not reply.bubbles:
            reply.checks = {**reply.checks, "budget": str(Step.PERSON)}
    after_commit(session, partial(crashpoint, "K11"))
    state, reason = TurnState.HANDED_OFF if reply.handoff_reason else TurnState.ANSWERED, reply.handoff_reason
    if drafted.silent:
        state, reason = TurnState.SILENCED, NOTHING_TO_SAY
    session.flush()
    seconds = drafted.asking.seconds if drafted.draft is not None else None
    turn = close_turn(session, claimed.turn_id, state=state, reason=reason, llm_seconds=seconds, now=now)
    keep_reply(session, reply)
    keep_recording(session, claimed.errand, claimed.context, drafted, decision, now)
    bubbles = [*_first_notice(session, claimed, now), *reply.bubbles] if reply.bubbles else reply.bubbles
    items = place_reply(
        session,
        claimed.conversation_id,
        bubbles,
        number=claimed.number,
        correlation_id=claimed.correlation_id,
        turn_id=claimed.turn_id,
        inbound_seq=claimed.inbound_seq,
        now=now,
    )
    if reply.handoff_reason:
        _hand_off(session, claimed.conversation_id, now)
    if reply.handoff_reason and claimed.transfers:
        items.append(_place_transfer(session, reply, claimed, len(items), now).id or 0)
    if newest > claimed.inbound_seq:
        turn = _move_late_messages(session, publisher, claimed, turn, now)
    if items:
        after_commit(session, partial(publisher.publish, DELIVER_ITEM, str(items[0])))
    tell_closed(session, turn, reply)


def _learn(session: Session, claimed: Claimed, drafted: Drafted, reply: Decided, now: datetime) -> None:
    """Remember what the customer said of themselves, and note for the owner what had no answer."""
    if drafted.draft is not None:
        reply.memory = remember_proposals(
            session,
            drafted.draft.memory,
            said=claimed.said,
            units=claimed.context.business.card.hours.units,
            contact_id=claimed.errand.contact_id,
            turn_id=claimed.turn_id,
            now=now,
        )
    if reply.answerable == "not_known" and reply.intention not in NEVER_MISSING:
        record_missing(session, reply.asked or "", now)


def _first_notice(session: Session, claimed: Claimed, now: datetime) -> list[str]:
    """Return what a person is told once, before the first answer: who answers, and who is responsible for their data."""
    if not claimed.notice:
        return []
    told = (
        update(Contact)
        .where(col(Contact.id) == claimed.errand.contact_id, col(Contact.told_privacy_at).is_(None))
        .values(told_privacy_at=now)
        .returning(col(Contact.id))
    )
    return [claimed.notice] if session.execute(told).first() is not None else []


def notice_turn(
    session: Session, publisher: Publisher, now: datetime, turn: Turn, conversation: Conversation, number: str
) -> None:
    """Tell a customer who writes again while waiting for a person that one will answer; once, then silence."""
    conversation.noticed_at = now
    say_and_close(session, publisher, now, turn, conversation, number, wording.STILL_WAITING)


def say_and_close(
    session: Session,
    publisher: Publisher,
    now: datetime,
    turn: Turn,
    conversation: Conversation,
    number: str,
    sentence: str,
) -> None:
    """End a turn with one fixed sentence instead of an answer."""
    turn.state, turn.reason, turn.closed_at = TurnState.SILENCED, "noticed", now
    reply = Reply(
        turn_id=turn.id or 0,
        conversation_id=turn.conversation_id,
        origin="notice",
        bubbles=[sentence],
        created_at=now,
    )
    session.add_all([conversation, turn, reply])
    session.flush()
    tell_closed(session, turn)
    (item,) = place_reply(
        session,
        turn.conversation_id,
        reply.bubbles,
        number=number,
        correlation_id=turn.correlation_id,
        turn_id=turn.id or 0,
        inbound_seq=conversation.last_inbound_seq,
        now=now,
    )
    after_commit(session, partial(publisher.publish, DELIVER_ITEM, str(item)))


def fail_turn(engine: Engine, now: datetime, claimed: Claimed, error: str) -> None:
    """Count a fault of ours against the turn: it is tried again a little later, and at last handed to a person."""
    with transaction(engine) as session:
        if not release_lease(session, claimed.conversation_id, token=claimed.token):
            return
        turn = session.get_one(Turn, claimed.turn_id, populate_existing=True)
        if not count_failure(session, turn, now, error, transfers=claimed.transfers):
            turn.state = TurnState.WAITING
            turn.due_at = now + timedelta(seconds=FAILURE_WAIT_SECONDS * turn.failures)


def count_failure(session: Session, turn: Turn, now: datetime, reason: str, *, transfers: bool) -> bool:
    """Count a failure against a turn; the fifth hands it to a person.

    Returns:
        Whether it was one too many, so that a person has the turn now.
    """
    turn.failures += 1
    session.add(turn)
    if turn.failures < MAX_FAILURES:
        return False
    hand_over_silently(session, turn, now, reason=reason, brief=wording.WORKER_LOST_BRIEF, transfers=transfers)
    return True


def _throw_away(session: Session, publisher: Publisher, now: datetime, claimed: Claimed, drafted: Drafted) -> None:
    """The draft is stale: the lease was lost, a person spoke, or the customer wrote more."""
    if not release_lease(session, claimed.conversation_id, token=claimed.token):
        logger.warning("turn_fenced")
        return
    conversation = conversations.load_conversation(session, claimed.conversation_id)
    turn = session.get_one(Turn, claimed.turn_id, populate_existing=True)
    automatic = conversation.mode == Mode.AUTOMATIC
    if not automatic or pause_of_all(session) is not None:
        if automatic:
            ask_for_person(session, conversation, now)
        turn.reason = SECRETARY_PAUSED if automatic else f"conversation_{conversation.mode}"
        turn.state, turn.closed_at = TurnState.SILENCED, now
        unsaid = decision_of(reply_of(drafted, claimed.errand, claimed.context, now), drafted)
        keep_recording(session, claimed.errand, claimed.context, drafted, unsaid, now)
        tell_closed(session, turn)
    else:
        turn.state, turn.restarts = TurnState.WAITING, turn.restarts + 1
        wait = max((turn.due_at - now).total_seconds(), 0.0)
        after_commit(session, partial(publisher.publish, ANSWER_TURN, str(turn.id), wait))
    session.add(turn)
    logger.bind(turn_id=turn.id, state=str(turn.state), reason=turn.reason).info("draft_thrown_away")


def _place_transfer(session: Session, reply: Decided, claimed: Claimed, position: int, now: datetime) -> OutboxItem:
    """Hand the ticket to people at Whaticket too, behind the words that say so."""
    return outbox.place_transfer(
        session,
        conversation_id=claimed.conversation_id,
        turn_id=claimed.turn_id,
        correlation_id=claimed.correlation_id,
        position=position,
        number=claimed.number,
        brief=reply.handoff_brief or "",
        inbound_seq=claimed.inbound_seq,
        now=now,
    )


def _hand_off(session: Session, conversation_id: int, now: datetime) -> None:
    """Call a person, unless one already has the word."""
    conversation = conversations.load_conversation(session, conversation_id)
    if conversation.mode == Mode.AUTOMATIC:
        ask_for_person(session, conversation, now)


def _move_late_messages(
    session: Session, publisher: Publisher, claimed: Claimed, answered: ClosedTurn, now: datetime
) -> ClosedTurn:
    """What came after the draft was read, and did not stop it, is answered in a turn of its own, as soon as it is heard."""
    late = conversations.late_messages(session, claimed.turn_id, claimed.inbound_seq)
    if not late:
        return answered
    answered = replace(answered, messages=answered.messages - len(late))
    session.execute(update(Turn).where(col(Turn.id) == claimed.turn_id).values(messages=answered.messages))
    first = late[0]
    turn = Turn(
        conversation_id=claimed.conversation_id,
        correlation_id=first.event_id or claimed.correlation_id,
        opened_at=now,
        due_at=now,
        deadline_at=now,
        messages=len(late),
    )
    session.add(turn)
    session.flush()
    for message in late:
        message.turn_id = turn.id
        session.add(message)
    session.flush()
    turn.due_at = max(now, turn_waits_until(session, turn.id or 0) or now)
    wait = (turn.due_at - now).total_seconds()
    after_commit(session, partial(publisher.publish, ANSWER_TURN, str(turn.id), wait))
    return answered
