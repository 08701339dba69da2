"""A restored database wakes up in the present: nothing old is said or answered, and what people decided since then holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, Select, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import ProgrammingError
from sqlmodel import Session, col
from sqlmodel import select as choose

from secretaria.agenda.reminders import pass_over_due
from secretaria.attendants.models import Attendant, RecoveryCode
from secretaria.audit.trail import Actor, note
from secretaria.conversations import store as conversations
from secretaria.conversations.models import Contact, Conversation, Mode, Turn, TurnState
from secretaria.conversations.pauses import SECRETARY_PAUSED
from secretaria.database.transaction import transaction
from secretaria.inbox.models import EventState, InboxEvent
from secretaria.knowledge.business import BusinessCard
from secretaria.outbox.models import ItemState, OutboxItem, Purpose
from secretaria.replies.handing import hand_over_silently
from secretaria.replies.recovery import MODEL_FAILED, PAUSE_RECOVERABLE_FOR
from secretaria.rights.erasure import reapply_erasures, remember_erasure
from secretaria.rights.holdings import tables

RESTORED = "restored"
OPEN_ITEMS = (ItemState.PENDING, ItemState.SENDING, ItemState.UNCONFIRMED)
OPEN_TURNS = (TurnState.WAITING, TurnState.ANSWERING)
NO_TABLE, NO_COLUMN = "42P01", "42703"
ACCOUNT = ("login", "role", "password_hash", "version", "password_expired", "disabled_at", "second_step", "last_step")

Rows = Sequence[tuple[Any, ...]]


@dataclass(frozen=True)
class Present:
    """What was decided by people until now, as the database says that is about to be replaced.

    Attributes:
        erased: Who was erased, and when.
        opted_out: Who wants no automatic messages: identity, number, since when.
        accounts: Who may enter the panel, as ``ACCOUNT`` names it.
        codes: The recovery codes that are not used up, with the login they belong to.
        queues: Which queues an operator stopped.
        pauses: Whether the secretary was paused everywhere.
        modes: Conversations that are not the secretary's.
        unread: What an older schema does not tell.
    """

    erased: Rows = ()
    opted_out: Rows = ()
    accounts: Rows = ()
    codes: Rows = ()
    queues: Rows = ()
    pauses: Rows = ()
    modes: Rows = ()
    unread: tuple[str, ...] = ()


def read_present(before: Engine) -> Present:
    """Read what must outlive a restore; a database that has no such table, an empty one above all, says nothing of it.

    Raises:
        OperationalError: It cannot be reached.
    """
    contact, conversation, erased, account, code, queue, pause = (
        tables()[name].c
        for name in (
            "contact",
            "conversation",
            "erased_contact",
            "attendant",
            "recovery_code",
            "queue_pause",
            "secretary_pause",
        )
    )
    mode = (conversation.channel, conversation.mode, conversation.mode_changed_at, conversation.person_spoke_at)
    held = (contact.identity_key, *mode, conversation.holder, conversation.held_at)
    person = (contact.identity_key, contact.number, contact.opted_out_at)
    attended = select(*held).where(contact.id == conversation.contact_id, conversation.mode != Mode.AUTOMATIC)
    asked: dict[str, Select[Any]] = {
        "erased": select(erased.subject, erased.erased_at),
        "opted_out": select(*person).where(contact.opted_out_at.is_not(None)),
        "accounts": select(*(account[name] for name in ACCOUNT)),
        "codes": select(account.login, code.code_hash).where(account.id == code.attendant_id),
        "queues": select(queue.queue, queue.paused_at, queue.paused_by),
        "pauses": select(pause.scope, pause.paused_at, pause.paused_by),
        "modes": attended,
    }
    told = {name: _rows(before, query) for name, query in asked.items()}
    unread = tuple(name for name, rows in told.items() if rows is None)
    return Present(**{name: rows for name, rows in told.items() if rows is not None}, unread=unread)


def settle_restored(
    engine: Engine, present: Present, *, home: Path, actor: Actor, now: datetime, card: BusinessCard | None, copy: str
) -> dict[str, int]:
    """Bring a migrated copy, which nobody works on yet, into the present.

    Args:
        engine: The restored database.
        present: What was decided since, where that is known.
        home: The folder of local data with the list of the erased, which no restore touches.
        actor: Who restores.
        now: The present moment.
        card: The business, for its reminders; None where it cannot be read, and then those that are due go.
        copy: The file it came from.

    Returns:
        How much was brought over and held back, by kind.

    Raises:
        DatabaseUnavailable: PostgreSQL went away.
    """
    with transaction(engine) as session:
        for subject, erased_at in present.erased:
            remember_erasure(session, subject, erased_at, {})
        done = {
            "opted_out": _keep_silent_about(session, present, now),
            "accounts": _keep_accounts(session, present),
            "pauses": _keep_pauses(session, present),
            "attended": _keep_modes(session, present),
            "events": _park_events(session),
            "turns": _close_turns(session, now),
            "sends": _hold_sends(session),
            "unread": len(present.unread),
            "reminders": 0 if card is None else pass_over_due(session, card, now),
        }
    done["erased"] = reapply_erasures(engine, home=home, now=now)
    with transaction(engine) as session:
        note(session, actor, "database.restored", copy, at=now, after=done)
    return done


def _rows(engine: Engine, query: Select[Any]) -> Rows | None:
    """Ask the old database; a table that it lacks says nothing, and a column that it lacks is told as not read."""
    try:
        with engine.connect() as connection:
            return [tuple(row) for row in connection.execute(query)]
    except ProgrammingError as error:
        code = getattr(error.orig, "pgcode", None)
        if code not in {NO_TABLE, NO_COLUMN}:
            raise
        return () if code == NO_TABLE else None


def _keep_silent_about(session: Session, present: Present, now: datetime) -> int:
    """Who said no since the copy is not written to; nobody's older no is taken back."""
    kept = 0
    for identity, number, since in present.opted_out:
        row = {"identity_key": identity, "number": number, "opted_out_at": since, "created_at": now}
        statement = insert(Contact).values(row)
        statement = statement.on_conflict_do_update(
            index_elements=["identity_key"],
            set_={"opted_out_at": statement.excluded.opted_out_at},
            where=col(Contact.opted_out_at).is_(None),
        )
        kept += len(session.execute(statement.returning(col(Contact.id))).all())
    return kept


def _keep_accounts(session: Session, present: Present) -> int:
    """Who was closed out, or has a new password, since the copy does not get back in with the old one."""
    kept = 0
    for account in present.accounts:
        values = dict(zip(ACCOUNT, account, strict=True))
        changed = update(Attendant).where(col(Attendant.login) == values["login"])
        changed = changed.where(col(Attendant.version) < values["version"]).values(values)
        kept += len(session.execute(changed.returning(col(Attendant.id))).all())
    if present.accounts:
        unused = {(login, code) for login, code in present.codes}
        logins = {one.id: one.login for one in session.exec(choose(Attendant)).all()}
        for code in session.exec(choose(RecoveryCode)).all():
            if (logins[code.attendant_id], code.code_hash) not in unused:
                session.delete(code)
    return kept


def _keep_pauses(session: Session, present: Present) -> int:
    """What an operator stopped stays stopped; the first thing to do before a restore is to stop things."""
    kept = 0
    for name, key, rows in (("queue_pause", "queue", present.queues), ("secretary_pause", "scope", present.pauses)):
        table = tables()[name]
        for stopped, paused_at, paused_by in rows:
            row = insert(table).values({key: stopped, "paused_at": paused_at, "paused_by": paused_by})
            kept += len(session.execute(row.on_conflict_do_nothing().returning(table.c[key])).all())
    return kept


def _keep_modes(session: Session, present: Present) -> int:
    """A conversation that a person has now is not the secretary's because it was so in the copy."""
    kept = 0
    for identity, channel, mode, changed_at, spoke_at, holder, held_at in present.modes:
        of = select(col(Contact.id)).where(col(Contact.identity_key) == identity).scalar_subquery()
        changed = update(Conversation).where(col(Conversation.contact_id) == of, col(Conversation.channel) == channel)
        values = {"mode": mode, "mode_changed_at": changed_at, "person_spoke_at": spoke_at}
        changed = changed.values({**values, "holder": holder, "held_at": held_at})
        kept += len(session.execute(changed.returning(col(Conversation.id))).all())
    return kept


def _park_events(session: Session) -> int:
    """What had arrived and was not filed has been answered since, or has been waiting for long: a person decides."""
    parked = update(InboxEvent).where(col(InboxEvent.state) == EventState.RECEIVED)
    return len(
        session.execute(parked.values(state=EventState.PARKED, reason=RESTORED).returning(col(InboxEvent.id))).all()
    )


def _close_turns(session: Session, now: datetime) -> int:
    """Nobody is answered now for what was asked then; a person finds the conversation waiting."""
    still_open = choose(Turn).where(col(Turn.state).in_(OPEN_TURNS)).order_by(col(Turn.id)).with_for_update()
    turns = session.exec(still_open).all()
    for turn in turns:
        hand_over_silently(session, turn, now, reason=RESTORED, brief="", transfers=False)
    again = or_(
        (col(Turn.state) == TurnState.SILENCED) & (col(Turn.reason) == SECRETARY_PAUSED),
        (col(Turn.state) == TurnState.HANDED_OFF) & (col(Turn.reason) == MODEL_FAILED),
    )  # what would be taken up again by itself
    lately = update(Turn).where(again, col(Turn.closed_at) > now - PAUSE_RECOVERABLE_FOR)
    session.execute(lately.values(reason=RESTORED))
    return len(turns)


def _hold_sends(session: Session) -> int:
    """An answer that waited then was sent since or has become useless; what was half sent, or a person's, a person judges."""
    found = (
        choose(OutboxItem).where(col(OutboxItem.state).in_(OPEN_ITEMS)).order_by(col(OutboxItem.id)).with_for_update()
    )
    items = session.exec(found).all()
    for item in items:
        ours = item.state == ItemState.PENDING and item.purpose != Purpose.ATTENDANT
        item.state, item.reason = ItemState.SUPERSEDED if ours else ItemState.HELD, RESTORED
        item.lease_until = item.look_at = None
        session.add(item)
        if item.message_id is not None:
            conversations.mark_delivery(session, item.message_id, item.state)
    session.flush()
    return len(items)
