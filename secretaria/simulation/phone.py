"""The customer's phone: builds what a Whaticket posts when a message arrives, and posts it to our webhook."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self

import httpx

from secretaria.clock import Clock, SystemClock
from secretaria.errors import Unavailable, UsageInvalid

WEBHOOK_PATH = "/webhook/whaticket"
POST_SECONDS = 10.0
BURST_GAP = timedelta(seconds=2)
DEFAULT_NUMBER = "5520900000001"
DEFAULT_NAME = "Cliente de Teste"
DEFAULT_TEXT = "oi, quanto custa a limpeza?"
DEFAULT_BURST = "oi bom dia|qnt ta a limpeza?|e demora mto?"
GROUP = "120363000000000001@g.us"
LID = "120000000000077@lid"
OVERRIDES = ("numero", "texto", "nome", "id", "horario")

Event = dict[str, Any]


class UnknownEvent(UsageInvalid):
    """What to simulate was not understood."""


@dataclass(frozen=True)
class Writing:
    """One act of writing: who, what and when; ``text`` is None where the operator gave none."""

    number: str
    text: str | None
    message_id: str
    at: datetime
    name: str


def text_event(number: str, text: str, message_id: str, at: datetime, name: str) -> Event:
    """Build a plain text as saas posts it: the raw WhatsApp message of Baileys, no envelope.

    Args:
        number: Digits of the customer, as WhatsApp knows them.
        text: What was written.
        message_id: The id of WhatsApp.
        at: Aware moment of the message; the event carries whole seconds.
        name: Profile name of the customer.
    """
    return _event(Writing(number, text, message_id, at, name), {"conversation": text})


def audio_event(number: str, message_id: str, at: datetime, name: str, seconds: int = 7) -> Event:
    """Build a voice message; like the real one it carries an encrypted address and no sound."""
    return _event(Writing(number, None, message_id, at, name), _audio(at, seconds))


def image_event(number: str, caption: str, message_id: str, at: datetime, name: str) -> Event:
    """Build an image; like the real one it carries an encrypted address and no picture."""
    image = _encrypted(at, "image/jpeg", 48_000) | {"height": 1280, "width": 960}
    return _event(
        Writing(number, None, message_id, at, name), {"imageMessage": image | ({"caption": caption} if caption else {})}
    )


def sticker_event(number: str, message_id: str, at: datetime, name: str) -> Event:
    """Build a sticker."""
    return _event(Writing(number, None, message_id, at, name), {"stickerMessage": _encrypted(at, "image/webp", 9_000)})


def own_event(number: str, text: str, message_id: str, at: datetime) -> Event:
    """Build a message that a person of the team wrote from the phone or the panel."""
    (event,) = _own(Writing(number, text, message_id, at, ""))
    return event


def events(kind: str, overrides: Mapping[str, str], at: datetime) -> list[Event]:
    """Build the events of one kind of message.

    Args:
        kind: ``texto``, ``rajada`` (three messages), ``audio``, ``botao``, ``grupo``, ``fromme``, ``lid``,
            ``duplicado`` (the same event twice) or ``editada``.
        overrides: Values for ``numero``, ``texto`` (in a burst, messages separated by ``|``), ``nome``, ``id`` and
            ``horario`` (ISO 8601; without an offset, that of ``at``).
        at: Aware moment used where no ``horario`` is given.

    Returns:
        The events in the order to post them.

    Raises:
        UnknownEvent: The kind, a key or a value is not known; the message lists what is.
    """
    if kind not in KINDS:
        raise UnknownEvent(f"tipo de mensagem desconhecido: {kind!r}", f"os tipos são: {', '.join(KINDS)}")
    unknown = [key for key in overrides if key not in OVERRIDES]
    if unknown:
        raise UnknownEvent(f"campo desconhecido: {', '.join(unknown)}", f"os campos são: {', '.join(OVERRIDES)}")
    return KINDS[kind](
        Writing(
            number=_number(overrides.get("numero", DEFAULT_NUMBER)),
            text=overrides.get("texto"),
            message_id=overrides.get("id") or "3EB0" + uuid.uuid4().hex[:16].upper(),
            at=_moment(overrides["horario"], at) if "horario" in overrides else at,
            name=overrides.get("nome", DEFAULT_NAME),
        )
    )


def sign(secret: str, timestamp: int, body: bytes) -> str:
    """Return the signature a relay sends in ``X-Signature``: hex HMAC-SHA256 of ``"{timestamp}." + body``."""
    return hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()


class Phone:
    """Posts events to a webhook, with the token in the path as saas does, or signed as a relay does."""

    def __init__(
        self, url: str, secret: str | None = None, token: str | None = None, clock: Clock | None = None
    ) -> None:
        path = f"{WEBHOOK_PATH}/{token}" if token else WEBHOOK_PATH
        self._address = url.rstrip("/") + path
        self._url = url
        self._secret = secret
        self._clock = clock or SystemClock()
        self._client = httpx.Client(timeout=POST_SECONDS, trust_env=False)

    def post(self, event: Event) -> tuple[int, Any]:
        """Post one event.

        Returns:
            The status, and the answer's JSON; None when the answer is not JSON.

        Raises:
            Unavailable: Nobody answered.
        """
        body = json.dumps(event, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self._secret:
            timestamp = int(self._clock.now().timestamp())
            headers |= {"X-Timestamp": str(timestamp), "X-Signature": sign(self._secret, timestamp, body)}
        try:
            answer = self._client.post(self._address, content=body, headers=headers)
        except httpx.HTTPError as error:
            raise Unavailable(
                f"ninguém respondeu em {self._url}: {error}", "confira se o serviço está no ar: secretaria doctor"
            ) from error
        try:
            return answer.status_code, answer.json()
        except ValueError:
            return answer.status_code, None

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _text(writing: Writing) -> list[Event]:
    return [_event(writing, _conversation(writing))]


def _burst(writing: Writing) -> list[Event]:
    texts = (writing.text or DEFAULT_BURST).split("|")
    return [
        text_event(
            writing.number,
            text.strip(),
            writing.message_id if index == 0 else f"{writing.message_id}-{index + 1}",
            writing.at - BURST_GAP * (len(texts) - 1 - index),
            writing.name,
        )
        for index, text in enumerate(texts)
    ]


def _voice(writing: Writing) -> list[Event]:
    return [audio_event(writing.number, writing.message_id, writing.at, writing.name)]


def _button(writing: Writing) -> list[Event]:
    text = writing.text or "Confirmar"
    pressed = {"selectedButtonId": text.casefold(), "selectedDisplayText": text, "type": "DISPLAY_TEXT"}
    return [_event(writing, {"buttonsResponseMessage": pressed})]


def _group(writing: Writing) -> list[Event]:
    event = _event(writing, _conversation(writing))
    event["key"] |= {"remoteJid": GROUP, "participant": _jid(writing.number)}
    return [event]


def _own(writing: Writing) -> list[Event]:
    event = _event(writing, {"extendedTextMessage": _extended(writing)})
    event["key"]["fromMe"] = True
    return [event | {"status": 2}]


def _hidden_number(writing: Writing) -> list[Event]:
    event = _event(writing, _conversation(writing))
    event["key"] |= {"remoteJid": LID, "remoteJidAlt": _jid(writing.number), "addressingMode": "lid"}
    return [event]


def _twice(writing: Writing) -> list[Event]:
    return _text(writing) * 2


def _edited(writing: Writing) -> list[Event]:
    original = {"remoteJid": _jid(writing.number), "fromMe": False, "id": f"{writing.message_id}-0"}
    edit = {
        "key": original,
        "type": "MESSAGE_EDIT",
        "editedMessage": _conversation(writing),
        "timestampMs": str(int(writing.at.timestamp() * 1000)),
    }
    return [_event(writing, {"editedMessage": {"message": {"protocolMessage": edit}}})]


KINDS: dict[str, Callable[[Writing], list[Event]]] = {
    "texto": _text,
    "rajada": _burst,
    "audio": _voice,
    "botao": _button,
    "grupo": _group,
    "fromme": _own,
    "lid": _hidden_number,
    "duplicado": _twice,
    "editada": _edited,
}


def _event(writing: Writing, content: dict[str, Any]) -> Event:
    return {
        "key": {"remoteJid": _jid(writing.number), "fromMe": False, "id": writing.message_id, "participant": ""},
        "messageTimestamp": int(writing.at.timestamp()),
        "pushName": writing.name,
        "broadcast": False,
        "message": content,
    }


def _conversation(writing: Writing) -> dict[str, Any]:
    return {"conversation": DEFAULT_TEXT if writing.text is None else writing.text}


def _extended(writing: Writing) -> dict[str, Any]:
    return {"text": "Já falo com você por aqui." if writing.text is None else writing.text}


def _audio(at: datetime, seconds: int) -> dict[str, Any]:
    sound = {"seconds": seconds, "ptt": True, "waveform": "AAABAgMEBQYH"}
    return {"audioMessage": _encrypted(at, "audio/ogg; codecs=opus", seconds * 2289) | sound}


def _encrypted(at: datetime, mimetype: str, length: int) -> dict[str, Any]:
    return {
        "url": "https://mmg.whatsapp.net/v/t62.7118-24/inventado.enc?ccb=11-4&oh=01_X&oe=69000000",
        "fileSha256": "AQIDBAUGBwg=",
        "fileEncSha256": "CAcGBQQDAgE=",
        "mediaKey": "AAECAwQFBgc=",
        "directPath": "/v/t62.7118-24/inventado.enc",
        "mediaKeyTimestamp": str(int(at.timestamp())),
        "mimetype": mimetype,
        "fileLength": str(length),
    }


def _jid(number: str) -> str:
    return f"{number}@s.whatsapp.net"


def _number(text: str) -> str:
    digits = re.sub(r"[\s()+.-]", "", text)
    if not re.fullmatch(r"[0-9]{8,15}", digits):
        raise UnknownEvent(f"número inválido: {text!r}", "use de 8 a 15 dígitos, por exemplo 5520900000001")
    return digits


def _moment(text: str, at: datetime) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UnknownEvent(f"horário inválido: {text!r}", "use o formato 2026-08-10T09:14:00-03:00") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=at.tzinfo)
