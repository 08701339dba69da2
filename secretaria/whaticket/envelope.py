"""Who sent an event, under which id and when: the fields to look at, in order, for each shape."""

from __future__ import annotations

from datetime import datetime

from secretaria.whaticket.fields import at, every, first_text
from secretaria.whaticket.numbers import first_number
from secretaria.whaticket.shapes import Event, Shape
from secretaria.whaticket.times import read_time

LONGEST_NAME = 120
LARGEST_TICKET = 2**31 - 1  # Whaticket's own column is an integer

_ADDRESSES: dict[Shape, tuple[str, ...]] = {
    "proto": ("key.remoteJid", "key.remoteJidAlt", "key.senderPn", "key.sender_pn"),
    "wwebjs": (),
    "painel": (),
    "native": (),
}
_PLAIN_NUMBERS: dict[Shape, tuple[str, ...]] = {
    "proto": ("contact.number", "ticket.contact.number", "number", "from"),
    "wwebjs": ("contact.number", "ticket.contact.number"),
    "painel": (
        "sender",
        "sender.number",
        "ticketData.contact.number",
        "chamado.contact.number",
        "mensagem.contact.number",
    ),
    "native": ("number", "from", "contact.number", "contact.phone", "ticket.contact.number", "ticket.contact.phone"),
}
# On what the business itself wrote, these tell the business, not the customer.
_THE_WRITER = frozenset({"key.senderPn", "key.sender_pn", "from", "sender", "sender.number"})
_EVERYBODYS = {shape: (_ADDRESSES[shape], _PLAIN_NUMBERS[shape]) for shape in _ADDRESSES}
_NOT_THE_WRITERS = {
    shape: tuple(tuple(path for path in tier if path not in _THE_WRITER) for tier in tiers)
    for shape, tiers in _EVERYBODYS.items()
}
_LID = "key.senderLid"
_IDS: dict[Shape, tuple[str, ...]] = {
    "proto": ("key.id",),
    "wwebjs": ("message.id.id", "messageId"),
    "painel": ("mensagem.id",),
    "native": ("messageId", "message_id", "id"),
}
_TIMES: dict[Shape, tuple[str, ...]] = {
    "proto": ("messageTimestamp",),
    "wwebjs": ("message.timestamp", "timestamp"),
    "painel": ("mensagem.createdAt", "createdAt", "timestamp"),
    "native": ("messageTimestamp", "timestamp", "createdAt"),
}
_WRITER_NAMES: dict[Shape, tuple[str, ...]] = {
    "proto": ("pushName",),
    "wwebjs": ("message._data.notifyName", "message.notifyName"),
    "painel": ("name", "sender.name"),
    "native": ("pushName", "notifyName", "name"),
}
_CONTACT_NAMES = (
    "contact.name",
    "ticket.contact.name",
    "ticketData.contact.name",
    "chamado.contact.name",
    "mensagem.contact.name",
)
_TICKETS = ("ticket.id", "ticketId", "ticketData.id", "chamado.id", "chamadoId")


def number_of(event: Event) -> str | None:
    """Return the number of the customer, whoever wrote the message, or None."""
    others = _NOT_THE_WRITERS if event.from_me else _EVERYBODYS
    addresses = [event.chat] if event.shape == "wwebjs" else every(event.body, others[event.shape][0])
    plain = every(event.body, others[event.shape][1])
    return first_number((addresses, plain), other_lids=(event.chat, at(event.body, _LID)))


def message_id_of(event: Event) -> str | None:
    """Return the id WhatsApp or the relay gave the message, or None."""
    return first_text(event.body, *_IDS[event.shape]) or None


def sent_at_of(event: Event) -> datetime | None:
    """Return when the message was sent, in UTC, or None when no field is usable."""
    times = (read_time(value) for value in every(event.body, _TIMES[event.shape]))
    return next((moment for moment in times if moment is not None), None)


def name_of(event: Event) -> str | None:
    """Return the name the customer goes by, on one line, or None."""
    own = () if event.from_me else _WRITER_NAMES[event.shape]
    return " ".join(first_text(event.body, *own, *_CONTACT_NAMES).split())[:LONGEST_NAME].rstrip() or None


def ticket_of(event: Event) -> int | None:
    """Return Whaticket's ticket, where the payload tells it."""
    told = (value for value in every(event.payload, _TICKETS) if isinstance(value, int) and not isinstance(value, bool))
    return next((value for value in told if 0 < value <= LARGEST_TICKET), None)
