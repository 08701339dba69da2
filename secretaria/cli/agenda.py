"""secretaria agenda: what is free and booked, bookings by hand, and files in and out."""

from __future__ import annotations

import sys
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from secretaria.errors import NotFound, UsageInvalid

if TYPE_CHECKING:
    from secretaria.agenda.booking import By
    from secretaria.agenda.models import Action, Booking
    from secretaria.agenda.slots import Slot
    from secretaria.bootstrap import Installation
    from secretaria.knowledge.agenda_rules import Agenda
    from secretaria.knowledge.business import BusinessCard

app = typer.Typer(no_args_is_help=True, help="Agenda: o que está livre e marcado, marcações à mão, arquivos.")

Json = Annotated[bool, typer.Option("--json", help="JSON, uma linha por resultado.")]
Day = Annotated[str | None, typer.Option("--date", metavar="AAAA-MM-DD", help="A partir deste dia (padrão: hoje).")]
Days = Annotated[int, typer.Option(min=1, max=366, help="Quantos dias.")]
Unit = Annotated[str | None, typer.Option(metavar="UNIDADE", help="Só esta unidade.")]
Code = Annotated[str, typer.Argument(metavar="CÓDIGO", help="Como A-2041.")]


@app.callback()
def group() -> None:
    """Agenda: o que está livre e marcado, marcações à mão, arquivos."""


@app.command("list")
def list_bookings(day: Day = None, days: Days = 14, as_json: Json = False) -> None:
    """Lista as marcações, também as canceladas."""
    from secretaria.agenda import store
    from secretaria.cli.console import say
    from secretaria.database.transaction import transaction

    parts, card, _ = _open()
    first, until = _span(card, parts.clock.now(), day, days)
    with transaction(parts.engine) as session:
        bookings = store.bookings_between(session, first, until)
        numbers = store.numbers_of(session, bookings)
    for booking in bookings:
        _show(booking, card, numbers.get(booking.contact_id or 0), as_json=as_json)
    if not bookings:
        say("nada marcado")


@app.command()
def slots(
    kind: Annotated[str | None, typer.Option(metavar="TIPO", help="O que seria marcado (padrão: o primeiro).")] = None,
    unit: Unit = None,
    day: Day = None,
    days: Days = 14,
    as_json: Json = False,
) -> None:
    """Mostra o que está livre agora, pelas mesmas regras que a secretária segue."""
    from secretaria.cli.console import paper, print_json, say

    parts, card, agenda = _open()
    now = parts.clock.now()
    found = _free(parts, card, agenda, kind, unit, day, days)
    for slot in found:
        local = slot.starts_at.astimezone(card.identity.timezone)
        if as_json:
            print_json({"kind": slot.kind, "unit": slot.unit, "starts_at": local.isoformat()})
        else:
            paper().print(f"{local:%d/%m/%Y %H:%M}  {slot.unit}  {slot.kind}", markup=False, soft_wrap=True)
    if not found:
        say(f"nada livre (agora são {now.astimezone(card.identity.timezone):%H:%M})")


@app.command()
def book(
    at: Annotated[str, typer.Option(metavar="AAAA-MM-DDTHH:MM", help="Quando, no fuso do negócio.")],
    unit: Annotated[str, typer.Option(metavar="UNIDADE", help="Onde.")],
    number: Annotated[str, typer.Option(metavar="NÚMERO", help="De quem: o WhatsApp com DDI e DDD.")],
    kind: Annotated[str | None, typer.Option(metavar="TIPO", help="O quê (padrão: o primeiro).")] = None,
    person: Annotated[str | None, typer.Option("--name", metavar="NOME", help="Nome de quem vem.")] = None,
    as_json: Json = False,
) -> None:
    """Marca um horário livre para um cliente."""
    from secretaria.agenda.booking import SlotTaken, execute_change
    from secretaria.agenda.models import Action
    from secretaria.agenda.offers import Change
    from secretaria.conversations.store import upsert_contact
    from secretaria.database.transaction import transaction
    from secretaria.whaticket.numbers import first_number, identity_key

    parts, card, agenda = _open()
    digits = first_number([[number]])
    if digits is None:
        raise UsageInvalid("o número não é utilizável", "escreva com DDI e DDD, como 5511988887777")
    moment = _moment(at, card)
    day = moment.astimezone(card.identity.timezone).date().isoformat()
    found = next((one for one in _free(parts, card, agenda, kind, unit, day, 1) if one.starts_at == moment), None)
    if found is None:
        raise SlotTaken("este horário não está livre")
    change = Change(Action.BOOK, found.kind, found.unit, found.starts_at, found.ends_at, None, found.slot_id, person)
    now = parts.clock.now()
    with transaction(parts.engine) as session:
        contact = upsert_contact(session, identity_key=identity_key(digits), number=digits, name=None, now=now)
        booking = execute_change(session, agenda, change, _by(contact), now)
    _show(booking, card, digits, as_json=as_json)


@app.command()
def cancel(code: Code, as_json: Json = False) -> None:
    """Cancela uma marcação; os lembretes dela não saem mais."""
    from secretaria.agenda.models import Action

    _change(code, Action.CANCEL, as_json=as_json)


@app.command()
def confirm(code: Code, as_json: Json = False) -> None:
    """Confirma uma marcação."""
    from secretaria.agenda.models import Action

    _change(code, Action.CONFIRM, as_json=as_json)


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(metavar="ARQUIVO", help="agenda.json ou um calendário .ics.")],
    unit: Annotated[str | None, typer.Option(metavar="UNIDADE", help="Para eventos que não dizem onde.")] = None,
    as_json: Json = False,
) -> None:
    """Importa horários livres e marcações; o que já veio não vem duas vezes, o que mudou aqui fica como está."""
    from dataclasses import asdict

    from secretaria.agenda.calendar_file import read_calendar
    from secretaria.agenda.importing import import_agenda, read_agenda_json
    from secretaria.cli.console import paper, print_json, say
    from secretaria.database.transaction import transaction

    parts, card, _ = _open()
    if unit is not None and unit not in card.hours.units:
        raise UsageInvalid(f"a unidade '{unit}' não existe", f"existem: {', '.join(card.hours.units)}")
    try:
        content = file.read_bytes()
    except OSError as error:
        raise NotFound(f"não consegui ler {file}: {error.strerror}") from error
    is_calendar = file.suffix.lower() == ".ics"
    incoming = read_calendar(content, card, unit) if is_calendar else read_agenda_json(content, card)
    with transaction(parts.engine) as session:
        done = import_agenda(session, card, incoming, parts.clock.now())
    for skipped in incoming.skipped:
        say(skipped)
    if as_json:
        print_json({**asdict(done), "skipped": list(incoming.skipped)})
        return
    paper().print(
        f"livres: {done.slots_added} novos, {done.slots_removed} retirados; "
        f"marcações: {done.bookings_added} novas, {done.bookings_changed} mudadas; iguais: {done.unchanged}",
        markup=False,
        soft_wrap=True,
    )
    if done.kept:
        say(f"mudadas aqui desde então, ficaram como estão: {', '.join(done.kept)}")


@app.command()
def export(
    file: Annotated[Path | None, typer.Argument(metavar="[ARQUIVO]", help="Padrão: a saída do comando.")] = None,
    day: Day = None,
    days: Days = 60,
) -> None:
    """Exporta as marcações como iCalendar; o arquivo tem nomes e números de clientes."""
    from secretaria.agenda import store
    from secretaria.agenda.calendar_file import write_calendar
    from secretaria.audit.trail import note_alone
    from secretaria.cli.installed import operator
    from secretaria.database.transaction import transaction

    parts, card, _ = _open()
    first, until = _span(card, parts.clock.now(), day, days)
    with transaction(parts.engine) as session:
        bookings = store.bookings_between(session, first, until)
        content = write_calendar(bookings, card, store.numbers_of(session, bookings), parts.clock.now())
    note_alone(parts.engine, operator(), "agenda.exported", "agenda", at=parts.clock.now())
    if file is None:
        sys.stdout.write(content.decode())
    else:
        file.touch(0o600)
        file.write_bytes(content)


def _open() -> tuple[Installation, BusinessCard, Agenda]:
    from secretaria.cli.installed import open_installation

    parts = open_installation()
    card = parts.business.card
    if card.agenda is None:
        raise NotFound("este negócio não tem agenda", "declare [agenda] em negocio.toml")
    return parts, card, card.agenda


def _change(code: str, action: Action, *, as_json: bool) -> None:
    from secretaria.agenda import store
    from secretaria.agenda.booking import BookingNotFound, execute_change
    from secretaria.agenda.offers import Change
    from secretaria.database.transaction import transaction

    parts, card, agenda = _open()
    with transaction(parts.engine) as session:
        found = store.find_booking(session, code.strip().upper())
        if found is None:
            raise BookingNotFound
        change = Change(action, found.kind, found.unit, found.starts_at, found.ends_at, found.code)
        booking = execute_change(session, agenda, change, _by(None), parts.clock.now())
        number = store.numbers_of(session, [booking]).get(booking.contact_id or 0)
    _show(booking, card, number, as_json=as_json)


def _by(contact_id: int | None) -> By:
    from secretaria.agenda.booking import By
    from secretaria.cli.installed import operator_name

    return By(operator_name(), contact_id=contact_id)


def _free(
    parts: Installation,
    card: BusinessCard,
    agenda: Agenda,
    kind: str | None,
    unit: str | None,
    day: str | None,
    days: int,
) -> list[Slot]:
    from secretaria.agenda import store
    from secretaria.agenda.slots import Wish, free_slots
    from secretaria.database.transaction import transaction

    if kind is not None and kind not in agenda.kinds:
        raise UsageInvalid(f"o tipo '{kind}' não existe", f"existem: {', '.join(agenda.kinds)}")
    if unit is not None and unit not in card.hours.units:
        raise UsageInvalid(f"a unidade '{unit}' não existe", f"existem: {', '.join(card.hours.units)}")
    first, until = _span(card, parts.clock.now(), day, days)
    begins = first.astimezone(card.identity.timezone).date()
    wish = Wish(kind or agenda.kinds[0], unit, begins, begins + timedelta(days=days - 1))
    with transaction(parts.engine) as session:
        listed = store.open_slots(session, first=first, until=until)
        taken = store.taken_between(session, first=first, until=until + timedelta(days=1))
    return free_slots(card, agenda, listed, taken, wish, parts.clock.now())


def _span(card: BusinessCard, now: datetime, day: str | None, days: int) -> tuple[datetime, datetime]:
    zone = card.identity.timezone
    try:
        first = date.fromisoformat(day) if day is not None else now.astimezone(zone).date()
    except ValueError:
        raise UsageInvalid(f"'{day}' não é uma data", "use AAAA-MM-DD") from None
    begins = datetime.combine(first, time(), tzinfo=zone)
    return begins, datetime.combine(first + timedelta(days=days), time(), tzinfo=zone)


def _moment(at: str, card: BusinessCard) -> datetime:
    from secretaria.agenda.slots import local_moment

    try:
        said = datetime.fromisoformat(at)
    except ValueError:
        raise UsageInvalid(f"'{at}' não é um momento", "use AAAA-MM-DDTHH:MM") from None
    moment = said if said.tzinfo else local_moment(said.date(), said.time(), card.identity.timezone)
    if moment is None:
        raise UsageInvalid(f"'{at}' não existe nesse dia: o relógio muda", "escolha outra hora")
    return moment


def _show(booking: Booking, card: BusinessCard, number: str | None, *, as_json: bool) -> None:
    from secretaria.cli.console import paper, print_json
    from secretaria.privacy import mask_number

    local = booking.starts_at.astimezone(card.identity.timezone)
    shown = mask_number(number) if number else None
    if as_json:
        told = {"code": booking.code, "kind": booking.kind, "unit": booking.unit, "state": booking.state}
        print_json({**told, "starts_at": local.isoformat(), "person": booking.person, "number": shown})
        return
    line = f"{booking.code}  {local:%d/%m/%Y %H:%M}  {booking.unit}  {booking.kind}  {booking.state}"
    paper().print(f"{line}  {shown or '-'}  {booking.person or '-'}", markup=False, soft_wrap=True)
