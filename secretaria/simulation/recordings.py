"""Voice messages whose words stand in the file itself, so that a simulated model can hear them, the same every time."""

from __future__ import annotations

import struct

RATE = 1_000  # bytes of a second; nobody listens with ears
WORDS = b"ICMT"  # the comment of a WAV file


def record(words: str, seconds: float = 3.0) -> bytes:
    """Return a silent WAV file that carries words in its comment.

    Args:
        words: What is said in it.
        seconds: How long it lasts.
    """
    said = words.encode()
    comment = WORDS + struct.pack("<I", len(said)) + said + b"\0" * (len(said) % 2)
    information = b"LIST" + struct.pack("<I", 4 + len(comment)) + b"INFO" + comment
    form = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, RATE, RATE, 1, 8)
    sound = b"\x80" * round(seconds * RATE)
    data = b"data" + struct.pack("<I", len(sound)) + sound + b"\0" * (len(sound) % 2)
    body = b"WAVE" + form + information + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def heard_in(audio: bytes) -> str:
    """Return the words a recording carries; empty for any other file."""
    at = audio.find(WORDS)
    if at < 0 or at + 8 > len(audio):
        return ""
    (length,) = struct.unpack_from("<I", audio, at + 4)
    return audio[at + 8 : at + 8 + length].decode(errors="ignore")
