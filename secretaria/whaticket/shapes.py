"""Which of four shapes an inbound event has, which chat it belongs to, and whether that chat concerns us."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from secretaria.whaticket.fields import at, every, is_true, text_of
from secretaria.whaticket.numbers import split_jid

Shape = Literal["proto", "wwebjs", "painel", "native"]

_HOOKS_WITHOUT_MESSAGE = ("hookMessageStatus", "hookSessionStatus")
_CLOSING_ACTIONS = ("end", "closed", "close", "ticket:closed")
_MESSAGE_EVENTS = ("message", "message.received", "messages.upsert")
_CHANNELS = ("whatsapp.channel", "ticket.channel", "ticketData.channel", "chamado.channel")
_GROUP_FLAGS = ("isGroup", "ticket.isGroup", "ticketData.isGroup", "chamado.isGroup")
_FROM_ME_FLAGS = ("key.fromMe", "message.id.fromMe", "message.fromMe", "mensagem.fromMe", "fromMe")
_SERVERS_NOT_ANSWERED = {"broadcast": "broadcast", "newsletter": "newsletter", "g.us": "group"}
# What an envelope may tell of the Baileys message inside it; a fixed list keeps a batch linear in its size.
_LENT_BY_ENVELOPE = ("contact", "ticket", "number", "from")


class Event:
    """One item of a payload.

    Attributes:
        shape: Who wrote it: a Baileys fork, a whatsapp-web.js fork, a painel, or a relay in our own format.
        body: Where the fields of that shape are: for proto the Baileys message, completed by its envelope; for the
            others the payload itself.
        payload: The payload as received.
        from_me: Whether the business itself wrote it: the bot, the panel or the phone.
        chat: The address of the chat, or an empty string when the shape does not tell one.
    """

    __slots__ = ("body", "chat", "from_me", "payload", "shape")

    def __init__(self, shape: Shape, body: dict[str, object], payload: dict[str, object]) -> None:
        """See the attributes."""
        self.shape, self.body, self.payload = shape, body, payload
        self.from_me = self._any_true(_FROM_ME_FLAGS)
        self.chat = self._chat()

    def _chat(self) -> str:
        match self.shape:
            case "proto":
                candidates = [at(self.body, "key.remoteJid")]
            case "wwebjs":
                party = "message.to" if self.from_me else "message.from"
                candidates = every(self.body, ("message.id.remote", "message.id.remote._serialized", party))
            case "painel":
                candidates = [value for value in every(self.body, ("sender", "sender.number")) if "@" in text_of(value)]
            case "native":
                candidates = [value for value in every(self.body, ("number", "from")) if "@" in text_of(value)]
        return next((value for value in candidates if isinstance(value, str) and value), "")

    @property
    def not_answered(self) -> str:
        """Return why nobody in this chat gets an answer (broadcast, newsletter, group), or an empty string."""
        reason = _SERVERS_NOT_ANSWERED.get(split_jid(self.chat)[1], "")
        if not reason and is_true(at(self.payload, "message.isStatus")):
            return "broadcast"
        return reason or ("group" if self._any_true(_GROUP_FLAGS) else "")

    def _any_true(self, flags: tuple[str, ...]) -> bool:
        found = every(self.body, flags)
        if self.body is not self.payload:
            found += every(self.payload, flags)
        return bool(found) and any(map(is_true, found))


def not_for_us(payload: dict[str, object]) -> str:
    """Return why a whole payload is no WhatsApp message, or an empty string.

    A field that is null counts as absent: builds that always print ``action`` or ``channel`` still carry messages.
    """
    event = payload.get("event")
    if (
        payload.get("type") in _HOOKS_WITHOUT_MESSAGE
        or payload.get("action") is not None
        or payload.get("acao") in _CLOSING_ACTIONS
        or (isinstance(event, str) and event not in _MESSAGE_EVENTS)
    ):
        return "not_a_message"
    return "other_channel" if any(channel != "whatsapp" for channel in every(payload, _CHANNELS)) else ""


def closes_ticket(payload: dict[str, object]) -> bool:
    """Say whether a payload tells that a ticket was closed, which gives the conversation back to the secretary."""
    return payload.get("acao") in _CLOSING_ACTIONS


def events_of(payload: dict[str, object]) -> Iterator[Event | None]:
    """Yield the items of a payload, None for one that is not even an object."""
    message = payload.get("message")
    if _has_key(payload):
        yield Event("proto", payload, payload)
    elif isinstance(message, dict) and _has_key(message):
        yield Event("proto", {**_lent(payload), **message}, payload)
    elif isinstance(messages := payload.get("messages"), list) and messages and _has_key(messages[0]):
        yield from _batch(messages, payload)
    elif isinstance(at(message, "id"), dict) or "@" in text_of(at(message, "from")):
        yield Event("wwebjs", payload, payload)
    elif "mensagem" in payload:
        yield Event("painel", payload, payload)
    else:
        yield Event("native", payload, payload)


def _has_key(source: object) -> bool:
    return isinstance(at(source, "key"), dict)


def _batch(messages: list[object], payload: dict[str, object]) -> Iterator[Event | None]:
    """Read every item on its own; the envelope describes one contact, so it lends nothing to several chats."""
    chats = {text_of(at(item, "key.remoteJid")) for item in messages}
    lent = _lent(payload) if len(chats) == 1 else {}
    for item in messages:
        yield Event("proto", {**lent, **item}, payload) if isinstance(item, dict) else None


def _lent(payload: dict[str, object]) -> dict[str, object]:
    return {field: payload[field] for field in _LENT_BY_ENVELOPE if field in payload}
