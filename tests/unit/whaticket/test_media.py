"""Where each shape tells of a file, and which addresses are no use."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from secretaria.whaticket.payload import read_payload
from secretaria.whaticket.reading import Media

PAYLOADS = Path(__file__).parents[2] / "fixtures" / "payloads"
NUMBER = "5520900000101"
URL = "https://painel.example/public/1762101460000.ogg"


def media(payload: dict[str, Any]) -> Media | None:
    """Read the reference of the only item."""
    (reading,) = read_payload(payload)
    return reading.media


def example(name: str) -> dict[str, Any]:
    """Read a worked example."""
    read: dict[str, Any] = json.loads((PAYLOADS / f"{name}.json").read_text("utf-8"))
    return read


def painel(mensagem: object) -> dict[str, Any]:
    """Build a painel event from a customer."""
    return {"mensagem": mensagem, "sender": NUMBER, "acao": "start", "fromMe": False}


def test_what_whatsapp_serves_is_encrypted_and_no_address() -> None:
    """Saas posts the address of an encrypted file: only its length and type are of use."""
    assert media(example("saas-n8n-audio")) == Media(url="", mime="audio/ogg", seconds=7)
    assert media(example("saas-n8n-image")) == Media(url="", mime="image/jpeg")
    assert media(example("saas-n8n-document-with-caption")) == Media(url="", mime="application/pdf")


def test_press_tells_of_a_file_before_it_is_stored() -> None:
    """There is no address in it yet."""
    assert media(example("press-n8n-ptt")) == Media(url="", seconds=9)


def test_painel_tells_the_address() -> None:
    """In the row of the message, or in an item of the list."""
    assert media(example("painel-image-object")) == Media(url="https://painel.example/public/1762101460000.jpeg")
    assert media(painel({"id": "A1", "body": "", "mediaType": "audio", "mediaUrl": URL})) == Media(url=URL)
    assert media(painel([{"type": "audio", "url": URL}])) == Media(url=URL)


def test_a_fork_that_adds_the_address_to_the_raw_message_is_heard() -> None:
    """It stands beside the key, and may be a path of the back end."""
    audio = {**example("saas-n8n-audio"), "mediaUrl": "/public/a.ogg"}
    assert media(audio) == Media(url="/public/a.ogg", mime="audio/ogg", seconds=7)


def test_a_relay_may_tell_the_address_in_our_own_format() -> None:
    """With the content object of Baileys, and the address beside it."""
    audio = {"number": NUMBER, "message": {"audioMessage": {"seconds": 3}, "mediaUrl": URL}}
    assert media(audio) == Media(url=URL, seconds=3)


def test_texts_have_no_file() -> None:
    """Nothing is looked for where nothing is."""
    assert media(example("saas-n8n-text")) is None
    assert media(painel("oi")) is None
    assert media(example("saas-n8n-location")) is None


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://a/b", "data:audio/ogg;base64,AA", "//evil", 7, None, {}, "x" * 3000]
)
def test_an_address_that_is_none_reads_as_absent(url: object) -> None:
    """The message stays a message; only its file cannot be found here."""
    read = media(painel({"id": "A1", "mediaType": "audio", "mediaUrl": url}))
    assert read is not None
    assert read.url in {"", "//evil"}


@pytest.mark.parametrize("seconds", [-1, 0, "nan", "inf", 1e9, [], None, True])
def test_a_length_that_is_none_reads_as_absent(seconds: object) -> None:
    """A claimed length is only ever a hint."""
    audio = {
        "key": {"remoteJid": f"{NUMBER}@s.whatsapp.net", "id": "A"},
        "message": {"audioMessage": {"seconds": seconds}},
    }
    assert media(audio) == Media()
