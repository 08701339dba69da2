"""A customer who sends audio to a Whaticket that serves it, and a model that hears."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import Engine

from secretaria.clock import HeldClock
from secretaria.llm.transcriber import OpenAITranscriber
from secretaria.media.files import Files
from secretaria.media.hearing import HearingRoom, hear_audio
from secretaria.queue.jobs import HEAR_AUDIO
from secretaria.settings import MediaSection
from secretaria.simulation.recordings import record
from tests.answering import LLM_KEY, Scene, WhaticketSite
from tests.builders import NUMBER, PLAIN_TURNS, PublishedNudges, a_door, a_filing_room, receive_and_file, rows
from tests.scripted_model import ScriptedModel

WORDS = "quanto custa a limpeza?"


@dataclass
class Listening:
    """A scene with somebody who listens.

    Attributes:
        room: What the listening works with.
        site: The Whaticket that serves the files.
    """

    scene: Scene
    room: HearingRoom
    site: WhaticketSite
    panel_has_files: bool = False

    def customer_says(self, words: str = WORDS, *, file: bytes | None = None, url: str = "") -> None:
        """Let an audio in and file it, as a painel posts it."""
        name = f"{len(self.site.book.files)}.wav"
        self.site.book.files[name] = record(words) if file is None else file
        self._arrives(
            {
                "mensagem": {
                    "id": f"3EB0AUDIO{name}",
                    "body": name,
                    "mediaType": "audio",
                    "mediaUrl": url or f"{self.site.url}/public/{name}",
                    "fromMe": False,
                },
                "sender": NUMBER,
                "acao": "start",
                "fromMe": False,
            }
        )

    def customer_says_encrypted(self, message_id: str) -> None:
        """Let an audio in of which only Whaticket's panel has the file, as saas posts it."""
        self._arrives(
            {
                "key": {"remoteJid": f"{NUMBER}@s.whatsapp.net", "fromMe": False, "id": message_id},
                "messageTimestamp": 1786453200,
                "message": {"audioMessage": {"url": "https://mmg.whatsapp.net/v/a.enc", "seconds": 3}},
            }
        )

    def hear(self, message_id: int = 1) -> None:
        """Let a worker take up an audio."""
        hear_audio(self.room, message_id)

    def transcription(self) -> dict[str, object]:
        """Return the only row of what is to be heard."""
        (row,) = rows(self.scene.engine, "transcription")
        return row

    def message(self) -> dict[str, object]:
        """Return the customer's first message."""
        return rows(self.scene.engine, "message")[0]

    def nudged(self) -> list[str]:
        """Return the audios that were nudged for."""
        return [nudge.identifier for nudge in self.scene.nudges.of(HEAR_AUDIO)]

    def _arrives(self, event: dict[str, object]) -> None:
        engine, nudges, clock = self.scene.engine, self.scene.nudges, self.scene.clock
        room = a_filing_room(engine, nudges, clock, media=self.room.media, panel_has_files=self.panel_has_files)
        receive_and_file(a_door(engine, nudges, clock), room, event)


@pytest.fixture
def transcriber(model: ScriptedModel) -> Iterator[OpenAITranscriber]:
    """Connect to the model that hears."""
    client = OpenAITranscriber(api_key=LLM_KEY, base_url=model.url, model="ouvido", language="pt", timeout_seconds=2.0)
    yield client
    client.close()


@pytest.fixture
def listening(
    engine: Engine,
    nudges: PublishedNudges,
    clock: HeldClock,
    scene: Scene,
    whaticket: WhaticketSite,
    transcriber: OpenAITranscriber,
) -> Listening:
    """Set up an empty installation in which one customer may speak."""
    files = Files(whaticket.url, None, hosts=(), trusted_origins=(), max_bytes=20_000)
    media = MediaSection(max_seconds=60)
    return Listening(scene, HearingRoom(engine, nudges, clock, media, PLAIN_TURNS, files, transcriber), whaticket)
