"""The desk of the agenda: looks, offers, and plans a write only where a stored offer was chosen in the customer's words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from secretaria.agenda import store
from secretaria.agenda.models import Action, Booking, BookingState
from secretaria.agenda.offers import SLOT_ACTIONS, Change, Choice, agrees, matching, standing_offers, with_person
from secretaria.agenda.slots import Slot, Wish, free_slots, local_moment
from secretaria.agenda.spoken import plain, same_time, same_word, written_at, written_day, written_name
from secretaria.agenda.wishes import cancels, confirms
from secretaria.conversations.models import Contact, Direction, Message
from secretaria.knowledge.agenda_rules import Agenda
from secretaria.knowledge.business import BusinessCard
from secretaria.tools.calls import Plan, ToolCall, ToolResult
from secretaria.tools.telling import told_booking, told_slots, told_when

LOOK, BOOK, MOVE, CANCEL, CONFIRM = "horarios", "agendar", "remarcar", "cancelar", "confirmar"
AGENDA_TOOLS = (LOOK, BOOK, MOVE, CANCEL, CONFIRM)
DONE = {Action.BOOK: "booked", Action.MOVE: "rebooked", Action.CANCEL: "cancelled", Action.CONFIRM: "confirmed"}
DAYS_SHOWN = 14  # those of the calendar in the prompt
MOST_SLOTS = 40
LONGEST_NAME = 80
NAME_MESSAGES = 50
NO_BOOKING = (
    "Este contato não tem marcação com esses dados. Não diga que existe; peça para conferir ou ofereça a equipe."
)
NO_WRITES = "Nesta rodada nada pode ser marcado, mudado ou cancelado. Ofereça passar para a equipe."


@dataclass(frozen=True, slots=True)
class AgendaPlan(Plan):
    """One change of the agenda that was agreed and checked, with the rules it is executed by."""

    change: Change
    agenda: Agenda
    contact_id: int
    turn_id: int


@dataclass(frozen=True, slots=True)
class Desk:
    """What one call is attended with; the session only reads."""

    session: Session
    card: BusinessCard
    agenda: Agenda
    contact_id: int
    conversation_id: int
    turn_id: int
    burst: tuple[str, ...]
    now: datetime
    may_write: bool

    @property
    def zone(self) -> ZoneInfo:
        """The zone of the business."""
        return self.card.identity.timezone

    @property
    def today(self) -> date:
        """The day it is in the business."""
        return self.now.astimezone(self.zone).date()

    def standing(self) -> tuple[Change, ...]:
        """Return what may be chosen now."""
        return standing_offers(self.session, self.conversation_id, self.contact_id, self.now)


class CallRefused(Exception):
    """The arguments cannot be used; the words are for the model."""

    def __init__(self, told: str) -> None:
        super().__init__(told)
        self.told = told


def attend(desk: Desk, call: ToolCall) -> ToolResult:
    """Attend one call of an agenda tool; what cannot be used is told, not raised."""
    attending: dict[str, Callable[[Desk, ToolCall], ToolResult]] = {
        LOOK: _look,
        BOOK: _choose_or_offer,
        MOVE: _choose_or_offer,
        CANCEL: _cancel,
        CONFIRM: _confirm,
    }
    try:
        return attending[call.name](desk, _checked(desk, call))
    except CallRefused as refused:
        return ToolResult(call.name, ok=False, told=refused.told)


def _checked(desk: Desk, call: ToolCall) -> ToolCall:
    """Read kind and unit as the business writes them, drop a name nobody gave; refuse what is not of this world."""
    kind = _listed(call.kind, desk.agenda.kinds, "tipos")
    unit = _listed(call.unit, tuple(desk.card.hours.units), "unidades")
    if call.date is not None and call.name not in {CANCEL, CONFIRM}:
        last = desk.today + timedelta(days=desk.agenda.days_ahead)
        if call.date < desk.today:
            raise CallRefused(f"{written_day(call.date)} já passou; hoje é {written_day(desk.today)}. Confira o dia.")
        if call.date > last:
            raise CallRefused(f"A agenda só abre até {written_day(last)}. Nada foi marcado.")
    at = call.time.replace(tzinfo=None, second=0, microsecond=0) if call.time is not None else None
    return replace(call, kind=kind, unit=unit, time=at, person=_given_name(desk, call.person))


def _listed(said: str | None, known: Sequence[str], what: str) -> str | None:
    if said is None or not said.strip():
        return None
    found = next((name for name in known if same_word(name, said)), None)
    if found is None:
        raise CallRefused(f"'{said[:40]}' não existe nesta agenda; {what}: {', '.join(known)}. Nada foi marcado.")
    return found


def _given_name(desk: Desk, said: str | None) -> str | None:
    """Keep a name only if the customer wrote every word of it, or it is the name of the contact."""
    name = " ".join((said or "").split())
    if not name or len(name) > LONGEST_NAME or any(character.isdigit() for character in name):
        return None
    written = (
        select(Message.text)
        .where(Message.conversation_id == desk.conversation_id, Message.direction == Direction.INBOUND)
        .order_by(col(Message.seq).desc())
        .limit(NAME_MESSAGES)
    )
    contact = desk.session.get_one(Contact, desk.contact_id)
    words = set(plain(" ".join([*desk.session.exec(written).all(), *desk.burst, contact.name or ""])).split())
    words = {word.strip(".,;:!?()\"'") for word in words}
    return name if set(plain(name).split()) <= words else None


def _look(desk: Desk, call: ToolCall) -> ToolResult:
    """Offer what is free; where a booking is named, as times it could move to."""
    if call.booking is not None:
        booking = _own_booking(desk, call)
        return _offer(desk, call, booking, said="")
    return _offer(desk, call, None, said="")


def _choose_or_offer(desk: Desk, call: ToolCall) -> ToolResult:
    """Plan the stored offer that was chosen, whichever of the two tools names it; else offer."""
    standing = [change for change in desk.standing() if change.action in SLOT_ACTIONS]
    choice = Choice(call.date, call.time, call.unit, _code(call.booking) if call.name == MOVE else None)
    fitting = matching(standing, choice, desk.zone) if _names_something(desk, call, standing) else []
    chosen = [change for change in fitting if agrees(desk.burst, change, desk.zone, desk.now)]
    if len(chosen) == 1:
        return _plan_slot(desk, call, chosen[0])
    if fitting:
        told = "O cliente ainda não escolheu um destes; nada foi marcado. Pergunte qual:"
        return _offer_again(desk, call, fitting, told)
    booking = _own_booking(desk, call) if call.name == MOVE else None
    return _offer(desk, call, booking, said="Ainda não está marcado. ")


def _names_something(desk: Desk, call: ToolCall, standing: Sequence[Change]) -> bool:
    """A call without day and time chooses only where there is one thing to choose, or the unit leaves one."""
    if call.date is not None or call.time is not None:
        return True
    return len(matching(standing, Choice(unit=call.unit), desk.zone)) == 1


def _plan_slot(desk: Desk, call: ToolCall, chosen: Change) -> ToolResult:
    """Check once more that it is free; what is executed is what was stored."""
    booking = None
    if chosen.action == Action.MOVE:
        booking = store.booking_of(desk.session, desk.contact_id, chosen.booking or "")
        if booking is None or booking.state == BookingState.CANCELLED or booking.starts_at <= desk.now:
            raise CallRefused(NO_BOOKING)
    still = [
        slot
        for slot in _free(desk, _wish_for(desk, chosen), booking)
        if slot.starts_at == chosen.starts_at and slot.unit == chosen.unit
    ]
    if not still:
        at = written_at(chosen.starts_at, desk.zone)
        return _offer(desk, replace(call, time=None), booking, said=f"{at} acabou de ser ocupado; nada foi marcado. ")
    slot = still[0]
    person = call.person or chosen.person or (booking.person if booking else None) or _contact_name(desk)
    change = replace(with_person(chosen, person), slot_id=slot.slot_id)
    told = told_when(change, desk.zone, desk.agenda, desk.now, person)
    verb = "Remarcado com esta resposta" if chosen.action == Action.MOVE else "Marcado com esta resposta"
    return _planned(desk, call, change, f"{verb}: {told}")


def _cancel(desk: Desk, call: ToolCall) -> ToolResult:
    return _settle(desk, call, Action.CANCEL, outright=cancels(desk.burst))


def _confirm(desk: Desk, call: ToolCall) -> ToolResult:
    return _settle(desk, call, Action.CONFIRM, outright=confirms(desk.burst))


def _settle(desk: Desk, call: ToolCall, action: Action, *, outright: bool) -> ToolResult:
    """Cancel or confirm the customer's own booking: on their plain word, or on their yes to an offer."""
    booking = _own_booking(desk, call)
    described = told_booking(booking, desk.zone, desk.now)
    final = BookingState.CANCELLED if action is Action.CANCEL else BookingState.CONFIRMED
    if booking.state == final:
        return ToolResult(call.name, ok=True, told=f"Já estava feito: {described}", actions=(DONE[action],))
    if booking.state == BookingState.CANCELLED or booking.starts_at <= desk.now:
        raise CallRefused(f"Essa marcação não vale mais: {described}")
    change = _of_booking(booking, action)
    offered = any(one.action == action and one.booking == booking.code for one in desk.standing())
    reminded = store.was_reminded(desk.session, booking)
    agreed = outright or ((offered or reminded) and agrees(desk.burst, change, desk.zone, desk.now))
    if not agreed:
        asked = "cancelar" if action is Action.CANCEL else "confirmar"
        told = f"Nada foi feito ainda: pergunte se é para {asked} {described}"
        return ToolResult(call.name, ok=False, told=told, offers=(change,) if desk.may_write else ())
    verb = "Cancelado" if action is Action.CANCEL else "Confirmado"
    return _planned(desk, call, change, f"{verb} com esta resposta: {described}")


def _planned(desk: Desk, call: ToolCall, change: Change, told: str) -> ToolResult:
    if not desk.may_write:
        return ToolResult(call.name, ok=False, told=NO_WRITES)
    plan = AgendaPlan(change, desk.agenda, desk.contact_id, desk.turn_id)
    return ToolResult(call.name, ok=True, told=told, actions=(DONE[Action(change.action)],), plan=plan)


def _offer(desk: Desk, call: ToolCall, booking: Booking | None, *, said: str) -> ToolResult:
    """Tell what is free on the day that was asked for, or on the next two weeks; and whether the very time is."""
    kind = booking.kind if booking else call.kind or _kind_under_way(desk)
    unit = call.unit or (booking.unit if booking else None)
    last = desk.today + timedelta(days=min(DAYS_SHOWN - 1, desk.agenda.days_ahead))
    wish = Wish(kind, unit, call.date or desk.today, call.date or last, call.period)
    slots = _free(desk, wish, booking)[:MOST_SLOTS]
    if not slots and call.period is not None:
        slots = _free(desk, replace(wish, period=None), booking)[:MOST_SLOTS]
    if not slots and call.date is not None:
        none_on = f"Nada livre em {written_day(call.date)}{_at_unit(unit)}. "
        slots = _free(desk, replace(wish, first=desk.today, last=max(last, call.date), period=None), booking)
        said, slots = said + none_on, slots[:MOST_SLOTS]
    if not slots:
        told = f"{said}Não há horário livre para {written_name(kind)}{_at_unit(unit)}. Não invente: ofereça a equipe."
        return ToolResult(call.name, ok=False, told=told)
    exact = _about_the_time(call, slots, desk.zone)
    changes = tuple(_to_slot(slot, booking, call.person) for slot in slots)
    what = f"Para mudar {told_booking(booking, desk.zone, desk.now)}\n" if booking else ""
    minutes = desk.agenda.minutes_of(kind)
    told = f"{said}{exact}{what}Livres agora para {written_name(kind)} ({minutes} min):\n{told_slots(slots, desk.zone)}"
    return ToolResult(call.name, ok=True, told=told, offers=changes if desk.may_write else ())


def _offer_again(desk: Desk, call: ToolCall, changes: Sequence[Change], said: str) -> ToolResult:
    slots = [Slot(one.kind, one.unit, one.starts_at, one.ends_at, one.slot_id, 0) for one in changes]
    told = f"{said}\n{told_slots(slots, desk.zone)}"
    return ToolResult(call.name, ok=False, told=told, offers=tuple(changes) if desk.may_write else ())


def _free(desk: Desk, wish: Wish, booking: Booking | None) -> list[Slot]:
    """Read what the database says now."""
    first = local_moment(wish.first, datetime.min.time(), desk.zone) or desk.now
    until = first + timedelta(days=(wish.last - wish.first).days + 2)
    first -= timedelta(days=1)
    but = booking.id if booking else None
    listed = store.open_slots(desk.session, first=first, until=until, but=but)
    taken = store.taken_between(desk.session, first=first, until=until, but=but)
    return free_slots(desk.card, desk.agenda, listed, taken, wish, desk.now)


def _own_booking(desk: Desk, call: ToolCall) -> Booking:
    """Return the booking of this contact that is meant: by its code, by day and time, or the only one.

    Raises:
        CallRefused: There is none, or more than one. Another contact's code and one nobody has sound the same.
    """
    if call.booking is not None:
        found = store.booking_of(desk.session, desk.contact_id, _code(call.booking) or "")
        if found is None:
            raise CallRefused(NO_BOOKING)
        return found
    ahead = list(store.bookings_ahead(desk.session, desk.contact_id, desk.now))
    if call.name in {CANCEL, CONFIRM}:
        ahead = [one for one in ahead if _is_at(one, call, desk.zone)]
        reminded = [one for one in ahead if store.was_reminded(desk.session, one)]
        ahead = reminded if len(ahead) > 1 and len(reminded) == 1 else ahead
    if len(ahead) == 1:
        return ahead[0]
    if not ahead:
        raise CallRefused(NO_BOOKING)
    listed = "\n".join(told_booking(one, desk.zone, desk.now) for one in ahead)
    raise CallRefused(f"Este contato tem mais de uma marcação; pergunte qual:\n{listed}")


def _is_at(booking: Booking, call: ToolCall, zone: ZoneInfo) -> bool:
    local = booking.starts_at.astimezone(zone)
    return call.date in {None, local.date()} and (call.time is None or same_time(call.time, local.time()))


def _code(said: str | None) -> str | None:
    """``a2041`` and ``A 2041`` are A-2041."""
    if said is None:
        return None
    kept = "".join(character for character in plain(said).upper() if character.isalnum())
    letters = "".join(character for character in kept if character.isalpha())
    return f"{letters}-{kept[len(letters) :]}" if kept.startswith(letters) else kept


def _kind_under_way(desk: Desk) -> str:
    """What was being offered goes on; else the first kind of the business."""
    kinds = {change.kind for change in desk.standing() if change.action == Action.BOOK}
    return kinds.pop() if len(kinds) == 1 else desk.agenda.kinds[0]


def _wish_for(desk: Desk, change: Change) -> Wish:
    day = change.starts_at.astimezone(desk.zone).date()
    return Wish(change.kind, change.unit, day, day)


def _to_slot(slot: Slot, booking: Booking | None, person: str | None) -> Change:
    return Change(
        action=Action.MOVE if booking else Action.BOOK,
        kind=slot.kind,
        unit=slot.unit,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        booking=booking.code if booking else None,
        slot_id=slot.slot_id,
        person=booking.person if booking else person,
    )


def _of_booking(booking: Booking, action: Action) -> Change:
    return Change(action, booking.kind, booking.unit, booking.starts_at, booking.ends_at, booking.code)


def _about_the_time(call: ToolCall, slots: Sequence[Slot], zone: ZoneInfo) -> str:
    if call.time is None or call.date is None:
        return ""
    wanted = call.time
    times = [slot.starts_at.astimezone(zone).time() for slot in slots]
    if wanted in times:
        return f"{wanted:%H:%M} está livre. "
    return "" if any(same_time(wanted, at) for at in times) else f"{wanted:%H:%M} não está livre. "


def _at_unit(unit: str | None) -> str:
    return f" em {written_name(unit)}" if unit else ""


def _contact_name(desk: Desk) -> str | None:
    return desk.session.get_one(Contact, desk.contact_id).name
