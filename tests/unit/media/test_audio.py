"""Files are what their bytes say."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secretaria.media.audio import audio_format, audio_seconds
from secretaria.simulation.recordings import heard_in, record

OPUS = b"OggS\0\2" + bytes(20) + b"\1\x13OpusHead" + bytes(30)


def opus(seconds: float) -> bytes:
    """Build the two pages of an Ogg file that matter: the head, and the last one with its position."""
    return OPUS + bytes(2000) + b"OggS\0\4" + struct.pack("<q", round(seconds * 48_000)) + bytes(12)


@pytest.mark.parametrize(
    ("start", "ending"),
    [
        (OPUS, "ogg"),
        (record("oi"), "wav"),
        (b"ID3\4\0", "mp3"),
        (b"\xff\xfb\x90\x00", "mp3"),
        (b"\xff\xf1\x50\x80", "aac"),
        (b"\0\0\0\x20ftypM4A ", "m4a"),
        (b"\x1a\x45\xdf\xa3\x01", "webm"),
        (b"fLaC\0", "flac"),
        (b"RIFF\0\0\0\0AVI LIST", None),
        (b"<html>", None),
        (b"%PDF-1.7", None),
        (b"MZ\x90", None),
        (b"\x89PNG\r\n", None),
        (b"PK\3\4", None),
        (b"", None),
    ],
)
def test_a_format_is_known_by_its_first_bytes(start: bytes, ending: str | None) -> None:
    """The name and the type that an event claims are not asked."""
    assert audio_format(start) == ending


def test_a_recording_lasts_as_long_as_its_headers_say() -> None:
    """A claim of one second does not make an hour of audio cheaper."""
    assert audio_seconds(record("oi", 7.5), claimed=1) == 7.5
    assert audio_seconds(opus(61), claimed=1) == 61


def test_without_headers_the_claim_counts_as_far_as_the_size_allows() -> None:
    """Nobody records less than a kilobyte a second; without a claim the longest possible is assumed."""
    mp3 = b"ID3" + bytes(9_997)
    assert audio_seconds(mp3, claimed=4) == 4
    assert audio_seconds(mp3, claimed=3600) == 10
    assert audio_seconds(mp3, claimed=None) == 10


@given(
    st.binary(max_size=200),
    st.sampled_from([b"", b"RIFF\0\0\0\0WAVE", b"OggS", OPUS, b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0"]),
)
def test_no_file_breaks_the_reading(noise: bytes, start: bytes) -> None:
    """A hostile file has a length, or none that counts."""
    assert audio_seconds(start + noise, claimed=None) >= 0


def test_a_recording_carries_its_words() -> None:
    """What is said into the simulated phone is what the simulated model hears."""
    assert heard_in(record("tem vaga amanhã às 15h?")) == "tem vaga amanhã às 15h?"
    assert heard_in(b"RIFF") == ""
