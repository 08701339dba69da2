"""secretaria agenda: what is free and booked, bookings by hand, and files in and out."""

import sys
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from secretaria.errors import NotFound, UsageInvalid

if TYPE_CHECKING:
    from collections.abc import Callable

    from secretaria.agenda.models import Booking
    from secretaria.bootstrap import Installation
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

    parts, card = _open()
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
    from secretaria.agenda.by_hand import free_between
    from secretaria.cli.console import paper, print_json, say
    from secretaria.database.transaction import transaction

    parts, card = _open()
    now = parts.clock.now()
    begins, _ = _span(card, now, day, days)
    with transaction(parts.engine) as session:
        found = free_between(session, card, kind=kind, unit=unit, first=begins.date(), days=days, now=now)
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
    from secretaria.agenda import store
    from secretaria.agenda.by_hand import book_by_hand
    from secretaria.cli.installed import operator
    from secretaria.database.transaction import transaction

    parts, card = _open()
    moment = _moment(at, card)
    with transaction(parts.engine) as session:
        booking = book_by_hand(
            session,
            card,
            starts_at=moment,
            unit=unit,
            number=number,
            kind=kind,
            person=person,
            by=operator(),
            now=parts.clock.now(),
        )
        digits = store.numbers_of(session, [booking]).get(booking.contact_id or 0)
    _show(booking, card, digits, as_json=as_json)


@app.command()
def cancel(code: Code, as_json: Json = False) -> None:
    """Cancela uma marcação; os lembretes dela não saem mais."""
    from secretaria.agenda.by_hand import cancel_by_hand

    _change(cancel_by_hand, code, as_json=as_json)


@app.command()
def confirm(code: Code, as_json: Json = False) -> None:
    """Confirma uma marcação."""
    from secretaria.agenda.by_hand import confirm_by_hand

    _change(confirm_by_hand, code, as_json=as_json)


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(metavar="ARQUIVO", help="agenda.json ou um calendário .ics.")],
    unit: Annotated[str | None, typer.Option(metavar="UNIDADE", help="Para eventos que não dizem onde.")] = None,
    as_json: Json = False,
) -> None:
    """Importa horários livres e marcações; o que já veio não vem duas vezes, o que mudou aqui fica como está."""
    from dataclasses import asdict

    from secretaria.agenda.by_hand import import_by_hand, require_known
    from secretaria.agenda.calendar_file import read_calendar
    from secretaria.agenda.importing import read_agenda_json
    from secretaria.cli.console import paper, print_json, say
    from secretaria.cli.installed import operator
    from secretaria.database.transaction import transaction

    parts, card = _open()
    require_known("a unidade", unit, card.hours.units)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise NotFound(f"não consegui ler {file}: {error.strerror}") from error
    is_calendar = file.suffix.lower() == ".ics"
    incoming = read_calendar(content, card, unit) if is_calendar else read_agenda_json(content, card)
    with transaction(parts.engine) as session:
        done = import_by_hand(session, card, incoming, named=file.name, by=operator(), now=parts.clock.now())
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

    parts, card = _open()
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


def _open() -> "tuple[Installation, BusinessCard]":
    from secretaria.agenda.by_hand import agenda_of
    from secretaria.cli.installed import open_installation

    parts = open_installation()
    card = parts.business.card
    agenda_of(card)
    return parts, card


def _change(change: "Callable[..., Booking]", code: str, *, as_json: bool) -> None:
    from secretaria.agenda import store
    from secretaria.cli.installed import operator
    from secretaria.database.transaction import transaction

    parts, card = _open()
    with transaction(parts.engine) as session:
        booking = change(session, card, code, by=operator(), now=parts.clock.now())
        number = store.numbers_of(session, [booking]).get(booking.contact_id or 0)
    _show(booking, card, number, as_json=as_json)


def _span(card: "BusinessCard", now: datetime, day: str | None, days: int) -> tuple[datetime, datetime]:
    zone = card.identity.timezone
    try:
        first = date.fromisoformat(day) if day is not None else now.astimezone(zone).date()
    except ValueError:
        raise UsageInvalid(f"'{day}' não é uma data", "use AAAA-MM-DD") from None
    begins = datetime.combine(first, time(), tzinfo=zone)
    return begins, datetime.combine(first + timedelta(days=days), time(), tzinfo=zone)


def _moment(at: str, card: "BusinessCard") -> datetime:
    from secretaria.agenda.slots import local_moment

    try:
        said = datetime.fromisoformat(at)
    except ValueError:
        raise UsageInvalid(f"'{at}' não é um momento", "use AAAA-MM-DDTHH:MM") from None
    moment = said if said.tzinfo else local_moment(said.date(), said.time(), card.identity.timezone)
    if moment is None:
        raise UsageInvalid(f"'{at}' não existe nesse dia: o relógio muda", "escolha outra hora")
    return moment


def _show(booking: "Booking", card: "BusinessCard", number: str | None, *, as_json: bool) -> None:
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
