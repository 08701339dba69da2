"""Use case: a send in doubt is looked for at Whaticket until it is found, or shown for two minutes not to be there.

What a look may find is what stands after the newest message that both sides knew before the first attempt: its id is
found in the listing and its time there is the watermark, so Whaticket's clock is compared only with itself. Where the
listing holds none of those ids (editions that give us no ids, tickets of another contact row), the watermark is the start
of the attempt by our clock, a minute earlier.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from loguru import logger
from sqlalchemy import Engine
from sqlmodel import Session

from secretaria import metrics
from secretaria.clock import Clock
from secretaria.conversations import store as conversations
from secretaria.crashpoints import crashpoint
from secretaria.database.transaction import after_commit, transaction
from secretaria.logs import telling_of
from secretaria.outbox import doubts
from secretaria.outbox.delivery import nudge_next
from secretaria.outbox.models import ItemState, Kind, OutboxItem, Purpose
from secretaria.outbox.transfer import was_handed_over
from secretaria.queue.publisher import Publisher
from secretaria.settings import Flavour, UnconfirmedPolicy
from secretaria.whaticket.flavours import FLAVOURS, fingerprint, safe_text
from secretaria.whaticket.numbers import person_mark
from secretaria.whaticket.panel import Panel, PanelMessage, PanelUnavailable

LOOKS_SECONDS = (3.0, 10.0, 30.0, 60.0, 120.0)
PROOF_LOOKS = 3
PROOF_AFTER = timedelta(seconds=LOOKS_SECONDS[-1])
LOOK_AGAIN = timedelta(seconds=10)
LOOK_LEASE_SECONDS = 30.0  # of a worker that may die while it looks; a look that takes longer is done again
TOO_OLD = timedelta(minutes=10)
DOUBT_SECONDS = 600.0  # after which a doubt that nobody could clear is closed
MOST_PAGES = 5
OWN_CLOCK_MARGIN = timedelta(minutes=1)
WHATICKET_MARGIN = timedelta(seconds=2)
ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class ReconcileRoom:
    """What looking needs to know; without a panel, or where nothing can be read back, nobody looks."""

    engine: Engine
    publisher: Publisher
    clock: Clock
    flavour: Flavour
    panel: Panel | None
    department_id: int = 0
    policy: UnconfirmedPolicy = "hold"


@dataclass(frozen=True, slots=True)
class Doubt:
    """One send in doubt, and what is known around it.

    Attributes:
        since: When the first attempt that may have arrived began, by our clock.
        known: When we heard of each message known before that, by its WhatsApp id.
        bound: The ids that belong to other bubbles or to people.
        rivals: When other bubbles with the same words were sent, by our clock, whose copy is not known.
    """

    item: OutboxItem
    since: datetime
    known: Mapping[str, datetime]
    bound: frozenset[str]
    rivals: Sequence[datetime]


def reconcile_item(room: ReconcileRoom, item_id: int) -> None:
    """Look once for an item in doubt, if it is time; no transaction is open meanwhile.

    Raises:
        DatabaseUnavailable: PostgreSQL went away; the sweep brings the look back.
    """
    doubt = _take(room, item_id)
    if doubt is None or room.panel is None:
        return
    item = doubt.item
    told = {"conversation_id": item.conversation_id, "contact": person_mark(item.number)}
    with telling_of(correlation_id=str(item.correlation_id), **told):
        try:
            found = _look(room.panel, room, doubt)
        except PanelUnavailable as error:  # this look does not count
            logger.bind(error=error.error, status=error.status).warning("look_failed")
            _settle(room, item, _later(item, room.clock.now()))
            return
        crashpoint("K20")
        _settle(room, item, _found(found, room.clock.now()) if found is not None else _not_found(room, item))


def _take(room: ReconcileRoom, item_id: int) -> Doubt | None:
    now = room.clock.now()
    with transaction(room.engine) as session:
        item = doubts.take_look(session, item_id, now=now, seconds=LOOK_LEASE_SECONDS)
        if item is None:
            return None
        if room.panel is None or not FLAVOURS[room.flavour].readback:
            doubts.settle_look(session, item, look_at=None)
            return None
        return _doubt(session, room.flavour, item)


def _doubt(session: Session, flavour: Flavour, item: OutboxItem) -> Doubt:
    since = doubts.doubtful_since(session, item.id or 0) or item.created_at
    heard = doubts.messages_with_ids(session, item)
    wanted = _print(flavour, item)
    others = doubts.others_sent(session, item)
    return Doubt(
        item=item,
        since=since,
        known={identifier: at for identifier, at in heard.items() if at <= since},
        bound=frozenset(heard),
        rivals=[one.sent_at for one in others if one.sent_at is not None and _print(flavour, one) == wanted],
    )


def _look(panel: Panel, room: ReconcileRoom, doubt: Doubt) -> str | None:
    """Return the id of the copy, "" for a ticket that is with people, None where nothing is found.

    Raises:
        PanelUnavailable: Whaticket did not say.
    """
    if doubt.item.kind == Kind.TRANSFER:
        return "" if was_handed_over(panel, room.department_id, doubt.item) else None
    wanted = _print(room.flavour, doubt.item)
    copies: list[PanelMessage] = []
    rivals = 0
    for ticket in panel.find_tickets(doubt.item.number):
        if ticket.status == "closed" and ticket.updated_at < doubt.since - TOO_OLD:
            continue  # reading it would show "seen" to the customer for nothing
        own, ours = _own_since_watermark(panel, ticket.id, doubt)
        copies += [one for one in own if one.id not in doubt.bound and fingerprint(one.body) == wanted]
        rivals = max(rivals, sum(sent_at >= ours for sent_at in doubt.rivals))
    copies.sort(key=lambda one: one.at)
    return copies[rivals].id if len(copies) > rivals else None  # the oldest copies are those of the rivals


def _own_since_watermark(panel: Panel, ticket_id: int, doubt: Doubt) -> tuple[list[PanelMessage], datetime]:
    """Read a ticket newest first until what is older than the watermark, five pages at most.

    Returns:
        The own messages, and the watermark by our clock.
    """
    own: list[PanelMessage] = []
    ours = doubt.since - OWN_CLOCK_MARGIN
    for number in range(1, MOST_PAGES + 1):
        page = panel.messages(ticket_id, number)
        anchors = {one.id: one.at for one in page.messages if one.id in doubt.known}
        watermark = max(anchors.values(), default=doubt.since - OWN_CLOCK_MARGIN)
        ours = max((doubt.known[identifier] for identifier in anchors), default=ours)
        newer = [one for one in page.messages if one.at >= watermark - WHATICKET_MARGIN]
        own += [
            one for one in newer if one.from_me and one.at >= watermark
        ]  # the margin is for reading on, not for taking
        if anchors or len(newer) < len(page.messages) or not page.has_more:
            break
    return own, ours


def _found(identifier: str, now: datetime) -> dict[str, object]:
    return {
        "state": ItemState.SENT,
        "confirmed_by": doubts.READBACK,
        "provider_message_id": identifier or None,
        "sent_at": now,
        "reason": None,
        "look_at": None,
        "lease_until": None,
    }


def _not_found(room: ReconcileRoom, item: OutboxItem) -> dict[str, object]:
    """One counted look more; after enough of them it is absent, as far as Whaticket shows."""
    now = room.clock.now()
    counted: dict[str, object] = {"looks": item.looks + 1}
    in_doubt = now - (item.lease_until or item.created_at)
    if item.kind == Kind.TRANSFER:  # handing over twice does no harm
        return counted | _again_or_held(item, may_repeat=item.attempts < doubts.MOST_ATTEMPTS, now=now)
    if item.looks + 1 < PROOF_LOOKS or in_doubt < PROOF_AFTER:
        return counted | _later(item, now)
    if not FLAVOURS[room.flavour].sync_send:  # it may still stand in Whaticket's own queue: nothing is proved
        return counted | {"look_at": None}
    willing = room.policy != "hold_all"  # the owner of a Whaticket that shows its sends late may want no repetition
    willing = willing and item.purpose != Purpose.REMINDER  # a second reminder is worse than none
    may_repeat = willing and item.attempts < doubts.MOST_ATTEMPTS and now - item.created_at < TOO_OLD
    return counted | _again_or_held(item, may_repeat=may_repeat, now=now)


def _again_or_held(item: OutboxItem, *, may_repeat: bool, now: datetime) -> dict[str, object]:
    state = ItemState.PENDING if may_repeat else ItemState.HELD
    return {
        "state": state,
        "reason": ABSENT,
        "look_at": None,
        "lease_until": None,
        "not_before": max(item.not_before, now),
    }


def _later(item: OutboxItem, now: datetime) -> dict[str, object]:
    began = item.lease_until or item.created_at
    times = (began + timedelta(seconds=seconds) for seconds in LOOKS_SECONDS)
    return {"look_at": next((time for time in times if time > now), now + LOOK_AGAIN)}


def _settle(room: ReconcileRoom, item: OutboxItem, changes: dict[str, object]) -> None:
    now = room.clock.now()
    with transaction(room.engine) as session:
        confirm_echoes(session, now)  # what was echoed while we looked is not absent
        if not doubts.settle_look(session, item, **changes):
            logger.warning("look_fenced")
            return
        if "state" not in changes:
            return
        state = ItemState(str(changes["state"]))
        if item.message_id is not None:
            conversations.mark_delivery(session, item.message_id, state)
        nudge_next(room.publisher, session, item.conversation_id, now)
    report_settled(state, doubts.READBACK)
    level = "ERROR" if state == ItemState.HELD else "INFO" if state == ItemState.SENT else "WARNING"
    logger.bind(state=str(state), looks=changes.get("looks", item.looks)).log(level, "doubt_settled")


def confirm_echoes(session: Session, now: datetime) -> int:
    """Count as sent what was in doubt, or held, and has been seen as an own message of the connection since.

    Args:
        session: The caller's transaction.
        now: The present moment.

    Returns:
        How many doubts ended.
    """
    arrived = doubts.confirm_echoed(session, now=now)
    for message_id in arrived:
        conversations.mark_delivery(session, message_id, ItemState.SENT)
        after_commit(session, partial(report_settled, ItemState.SENT, doubts.ECHO))
    return len(arrived)


def close_doubts(session: Session, now: datetime, policy: UnconfirmedPolicy) -> int:
    """Close the doubts that nobody cleared in ten minutes, as the owner wants it.

    Args:
        session: The caller's transaction.
        now: The present moment.
        policy: ``hold`` or ``hold_all`` for a person, or ``resend_once`` where a double is better than a silence.

    Returns:
        How many are held for a person now.
    """
    settled = doubts.settle_doubtful(session, now=now, after_seconds=DOUBT_SECONDS, resend_once=policy == "resend_once")
    for message_id, state in settled:
        if message_id is not None:
            conversations.mark_delivery(session, message_id, state)
        after_commit(session, partial(report_settled, state, ""))
    return sum(state == ItemState.HELD for _, state in settled)


def report_settled(state: str, confirmed_by: str) -> None:
    """Count how a doubt ended."""
    if state == ItemState.SENT:
        metrics.SENDS_CONFIRMED.labels(by=confirmed_by).inc()
    elif state == ItemState.PENDING:
        metrics.SENDS_REPEATED.inc()
    else:
        metrics.SENDS_HELD.inc()


def _print(flavour: Flavour, item: OutboxItem) -> str:
    return fingerprint(safe_text(item.body, flavour))
