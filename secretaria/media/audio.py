"""What an audio file really is and how long it lasts, read from its own bytes; claims of the sender count for nothing."""

from __future__ import annotations

import struct

RIFF_HEADER = 12
OGG_GRANULE = 6  # where the position of a page stands in its header
OPUS_RATE = 48_000  # the positions of an Opus stream count in it, whatever was recorded
ID3_OR_FRAMES = (b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", b"\xff\xf1", b"\xff\xf9")
SLOWEST_BYTES_A_SECOND = 1_000  # 8 kbit/s: nothing that phones record is smaller
MARKS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"OggS", "ogg"),
    (4, b"ftyp", "m4a"),
    (0, b"\x1a\x45\xdf\xa3", "webm"),
    (0, b"fLaC", "flac"),
)


def audio_format(audio: bytes) -> str | None:
    """Return the ending of a file that transcription services take, or None where the bytes are no such audio."""
    if audio.startswith(b"RIFF") and audio[8:RIFF_HEADER] == b"WAVE":
        return "wav"
    if audio.startswith(ID3_OR_FRAMES):
        return "aac" if audio.startswith(ID3_OR_FRAMES[-2:]) else "mp3"
    return next((ending for at, mark, ending in MARKS if audio[at : at + len(mark)] == mark), None)


def audio_seconds(audio: bytes, claimed: float | None) -> float:
    """Return how long an audio lasts: by its own headers, or by the claim, or by the longest its size allows.

    Args:
        audio: The file, of a known format.
        claimed: What the event said, which only counts where it is plausible.
    """
    longest = len(audio) / SLOWEST_BYTES_A_SECOND
    known = {"wav": _wav_seconds, "ogg": _opus_seconds}.get(audio_format(audio) or "")
    seconds = known(audio) if known else None
    if seconds is not None and seconds > 0:
        return seconds
    return min(claimed, longest) if claimed else longest


def _wav_seconds(audio: bytes) -> float | None:
    """Walk the chunks of a WAV file: the length of the data over the bytes of a second."""
    rate, position = 0, RIFF_HEADER
    while position + 8 <= len(audio):
        name, size = struct.unpack_from("<4sI", audio, position)
        if name == b"fmt " and position + 20 <= len(audio):
            (rate,) = struct.unpack_from("<I", audio, position + 16)
        if name == b"data":
            return min(size, len(audio) - position - 8) / rate if rate else None
        position += 8 + size + size % 2
    return None


def _opus_seconds(audio: bytes) -> float | None:
    """Read the position of the last page of an Ogg file."""
    page = audio.rfind(b"OggS")
    if b"OpusHead" not in audio[:512] or page + OGG_GRANULE + 8 > len(audio):
        return None
    (granule,) = struct.unpack_from("<q", audio, page + OGG_GRANULE)
    return float(granule) / OPUS_RATE if granule > 0 else None
