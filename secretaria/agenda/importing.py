"""The agenda a business keeps elsewhere comes in: free slots and bookings, the same ones again only once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import func, text
from sqlmodel import Session, col, select

from secretaria.agenda import store
from secretaria.agenda.models import CODES, Action, AgendaSlot, Booking, BookingChange, BookingState, Source
from secretaria.agenda.reminders import withdraw_reminders
from secretaria.agenda.slots import local_moment
from secretaria.agenda.spoken import same_word
from secretaria.conversations.models import Contact
from secretaria.conversations.store import upsert_contact
from secretaria.errors import ConfigurationError
from secretaria.knowledge.agenda_rules import Agenda
from secretaria.knowledge.business import BusinessCard
from secretaria.whaticket.numbers import first_number, identity_key

IMPORT = "import"
MOST_ROWS = 20_000
FILE_HINT = "compare com agenda.json do negócio de exemplo; nada foi importado"


class AgendaFileInvalid(ConfigurationError):
    """The file cannot be used; the message lists every problem found and nothing was imported."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems), FILE_HINT)


@dataclass(frozen=True, slots=True)
class FreeRow:
    """A free slot as it comes in."""

    uid: str
    unit: str
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class BookedRow:
    """A booking as it comes in; without a number it only takes its time.

    Attributes:
        ends_at: None where the file does not say: then the kind decides.
    """

    uid: str
    unit: str
    kind: str
    starts_at: datetime
    ends_at: datetime | None = None
    code: str | None = None
    number: str | None = None
    person: str | None = None
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class Incoming:
    """Everything one file says.

    Attributes:
        skipped: What could not be used, one sentence each.
        replaces_free: Whether its free slots are all there are on their days, so that others of those days go.
    """

    free: Sequence[FreeRow]
    booked: Sequence[BookedRow]
    replaces_free: bool = True
    skipped: tuple[str, ...] = ()


@dataclass
class Imported:
    """What an import did.

    Attributes:
        kept: Codes of bookings that were changed here since, and stay as they are.
    """

    slots_added: int = 0
    slots_removed: int = 0
    bookings_added: int = 0
    bookings_changed: int = 0
    unchanged: int = 0
    kept: list[str] = field(default_factory=list)


class _Row(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, str_strip_whitespace=True)


class _Booked(_Row):
    code: Annotated[str, Field(alias="codigo", pattern=r"^[A-Z]{1,4}-\d{1,9}$")]
    number: str | None = Field(default=None, alias="telefone")
    person: str | None = Field(default=None, alias="nome", max_length=80)
    kind: str = Field(alias="tipo")
    unit: str = Field(alias="unidade")
    starts_at: AwareDatetime = Field(alias="inicio")


class _File(_Row):
    free: dict[str, dict[date, list[time]]] = Field(default_factory=dict, alias="livres")
    booked: list[_Booked] = Field(default_factory=list, alias="marcados")


def read_agenda_json(content: bytes, card: BusinessCard) -> Incoming:
    """Read the file format of ``agenda.json``: ``livres`` by unit and day, ``marcados`` one by one.

    Raises:
        AgendaFileInvalid: It is not such a file, or names units or kinds that the business does not have.
    """
    try:
        file = _File.model_validate_json(content)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        raise AgendaFileInvalid([f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in found[:20]]) from error
    problems: list[str] = []
    agenda = _agenda(card)
    free: list[FreeRow] = []
    for unit_said, days in file.free.items():
        unit = _known(unit_said, tuple(card.hours.units), f"livres.{unit_said}: unidade", problems)
        for day, times in days.items():
            free += _free_rows(unit, day, times, card, problems)
    booked = [
        BookedRow(
            uid=f"agenda.json:{one.code}",
            unit=_known(one.unit, tuple(card.hours.units), f"marcados.{place}: unidade", problems),
            kind=_known(one.kind, agenda.kinds, f"marcados.{place}: tipo", problems),
            starts_at=one.starts_at.astimezone(UTC),
            code=one.code,
            number=_number(one.number, f"marcados.{place}", problems),
            person=one.person,
        )
        for place, one in enumerate(file.booked)
    ]
    repeated = [code for code, count in Counter(one.code for one in booked).items() if count > 1]
    problems += [f"marcados: o código {code} aparece mais de uma vez" for code in repeated]
    if len(free) + len(booked) > MOST_ROWS:
        problems.append(f"o arquivo tem mais de {MOST_ROWS} linhas")
    if problems:
        raise AgendaFileInvalid(problems[:20])
    return Incoming(free, booked)


def import_agenda(session: Session, card: BusinessCard, incoming: Incoming, now: datetime) -> Imported:
    """Write what a file says, in the caller's transaction; what was made or changed here is left as it is."""
    done = Imported()
    for unit in sorted({row.unit for row in incoming.free} | {row.unit for row in incoming.booked}):
        store.lock_unit(session, unit)
    _write_free(session, incoming, card, now, done)
    for row in incoming.booked:
        _write_booked(session, _agenda(card), row, now, done)
    _move_codes_on(session)
    session.flush()
    return done


def _free_rows(unit: str, day: date, times: Sequence[time], card: BusinessCard, problems: list[str]) -> list[FreeRow]:
    """One slot for each time; a time that stands twice is two seats."""
    rows = []
    seen: Counter[time] = Counter()
    for at in times:
        moment = local_moment(day, at.replace(tzinfo=None), card.identity.timezone)
        if moment is None:
            problems.append(f"livres.{unit}.{day}: {at:%H:%M} não existe nesse dia, o relógio muda")
            continue
        rows.append(FreeRow(f"{unit}|{moment:%Y%m%dT%H%MZ}|{seen[at]}", unit, moment))
        seen[at] += 1
    return rows


def _write_free(session: Session, incoming: Incoming, card: BusinessCard, now: datetime, done: Imported) -> None:
    uids = {row.uid for row in incoming.free}
    known = set(session.exec(select(AgendaSlot.uid).where(col(AgendaSlot.uid).in_(uids))).all()) if uids else set()
    fresh = [row for row in incoming.free if row.uid not in known]
    session.add_all(AgendaSlot(uid=row.uid, unit=row.unit, starts_at=row.starts_at, created_at=now) for row in fresh)
    done.slots_added, done.unchanged = len(fresh), len(incoming.free) - len(fresh)
    session.flush()
    if incoming.replaces_free:
        zone = card.identity.timezone
        days = {(row.unit, row.starts_at.astimezone(zone).date()) for row in incoming.free}
        used = select(Booking.id).where(col(Booking.slot_id) == AgendaSlot.id)
        gone = select(AgendaSlot).where(col(AgendaSlot.uid).not_in(uids), ~used.exists())
        for slot in session.exec(gone).all():
            if (slot.unit, slot.starts_at.astimezone(zone).date()) in days:
                session.delete(slot)
                done.slots_removed += 1


def _write_booked(session: Session, agenda: Agenda, row: BookedRow, now: datetime, done: Imported) -> None:
    found = _known_booking(session, row)
    if found is None:
        if not row.cancelled:
            _add_booking(session, agenda, row, now)
            done.bookings_added += 1
        return
    ends_at = _ends_at(agenda, row)
    state = BookingState.CANCELLED if row.cancelled else None
    same = (found.unit, found.starts_at, found.ends_at) == (row.unit, row.starts_at, ends_at)
    cancelled = found.state == BookingState.CANCELLED
    if same and (cancelled or state is None):
        done.unchanged += 1
    elif found.source != Source.IMPORT or _changed_here(session, found) or cancelled:
        done.kept.append(found.code)
    elif state is not None:
        found.state = state
        withdraw_reminders(session, found.id or 0)
        _remember(session, found, Action.CANCEL, now, None)
        done.bookings_changed += 1
    else:
        before = found.starts_at
        found.lane = _lane(session, row, ends_at, but=found.id)
        found.unit, found.starts_at, found.ends_at, found.slot_id = row.unit, row.starts_at, ends_at, None
        found.state, found.arranged_at = BookingState.BOOKED, now
        withdraw_reminders(session, found.id or 0)
        _remember(session, found, Action.MOVE, now, before)
        done.bookings_changed += 1


def _known_booking(session: Session, row: BookedRow) -> Booking | None:
    same = (Booking.uid == row.uid) if row.code is None else (col(Booking.uid) == row.uid) | (Booking.code == row.code)
    return session.exec(select(Booking).where(same).with_for_update()).first()


def _add_booking(session: Session, agenda: Agenda, row: BookedRow, now: datetime) -> None:
    ends_at = _ends_at(agenda, row)
    booking = Booking(
        code=row.code or store.next_code(session),
        contact_id=_contact(session, row, now),
        person=row.person,
        kind=row.kind,
        unit=row.unit,
        starts_at=row.starts_at,
        ends_at=ends_at,
        lane=_lane(session, row, ends_at, but=None),
        source=Source.IMPORT,
        uid=row.uid,
        arranged_at=now,
        created_at=now,
    )
    session.add(booking)
    session.flush()
    _remember(session, booking, Action.BOOK, now, None)


def _contact(session: Session, row: BookedRow, now: datetime) -> int | None:
    """Find whose booking it is; the number that a customer writes from stays as they write from it."""
    if row.number is None:
        return None
    key = identity_key(row.number)
    known = session.exec(select(Contact.id).where(Contact.identity_key == key)).first()
    return known or upsert_contact(session, identity_key=key, number=row.number, name=row.person, now=now)


def _lane(session: Session, row: BookedRow, ends_at: datetime, *, but: int | None) -> int:
    """What stands in the other agenda did happen: it takes a seat of its own even where we would have had none."""
    taken = store.taken_between(session, first=row.starts_at, until=ends_at, but=but)
    lanes = {one.lane for one in taken if one.unit == row.unit}
    return next(number for number in range(len(lanes) + 1) if number not in lanes)


def _changed_here(session: Session, booking: Booking) -> bool:
    mine = select(BookingChange.id).where(BookingChange.booking_id == booking.id, BookingChange.by != IMPORT)
    return session.exec(mine.limit(1)).first() is not None


def _remember(session: Session, booking: Booking, action: Action, now: datetime, before: datetime | None) -> None:
    session.add(booking)
    session.flush()
    session.add(
        BookingChange(
            booking_id=booking.id or 0,
            action=action,
            by=IMPORT,
            unit=booking.unit,
            starts_at=booking.starts_at,
            moved_from=before,
            at=now,
        )
    )


def _ends_at(agenda: Agenda, row: BookedRow) -> datetime:
    return row.ends_at or row.starts_at + timedelta(minutes=agenda.minutes_of(row.kind))


def _move_codes_on(session: Session) -> None:
    """The next code stands after every imported one, so that people see one row of numbers."""
    newest = session.execute(
        text("SELECT max(substring(code FROM 3)::bigint) FROM booking WHERE code ~ '^A-[0-9]{1,9}$'")
    ).scalar_one()
    if newest is not None:
        last = session.execute(text("SELECT last_value FROM booking_code")).scalar_one()
        session.execute(select(func.setval(CODES, max(newest, last))))


def _agenda(card: BusinessCard) -> Agenda:
    if card.agenda is None:
        raise AgendaFileInvalid(["o negócio não tem [agenda] em negocio.toml"])
    return card.agenda


def _known(said: str, known: Sequence[str], where: str, problems: list[str]) -> str:
    found = next((name for name in known if same_word(name, said)), None)
    if found is None:
        problems.append(f"{where} '{said}' não existe no negócio (existem: {', '.join(known)})")
    return found or said


def _number(said: str | None, where: str, problems: list[str]) -> str | None:
    if said is None or not said.strip():
        return None
    number = first_number([[said]])
    if number is None:
        problems.append(f"{where}: o telefone não é um número utilizável")
    return number
