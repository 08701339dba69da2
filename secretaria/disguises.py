"""What a text says once its disguises are taken off; for checks on a copy, never for what anybody reads."""

from __future__ import annotations

import base64
import binascii
import html
import re
import sys
import unicodedata
from collections.abc import Callable, Iterator
from functools import lru_cache
from urllib.parse import unquote_plus

LIMIT = 16_384
"""Longer texts are looked at from both ends: what hides, hides where the model reads first or last."""

LOOK_ALIKES = str.maketrans(
    # Greek and Cyrillic capitals, then their small letters, then Latin letters of phonetic alphabets.
    "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧАВЕКМНОРСТУХІЈЅЬαβγεζικμνορτυχωавгеикмнопрстухьєіјѕѵԁһԛԝӏɑɡɩıʀʏɴɪʟʜᴀᴄᴅᴇᴊᴋᴍᴏᴘᴛᴜᴠᴡᴢꜱꜰøłđħŧʙɢǫᴬғ",
    "ABEZHIKMNOPTYXABEKMHOPCTYXIJSbabyezikmvoptuxwabreukmhonpctyxbeijsvdhqwlagiirynilhacdejkmoptuvwzsfoldhtbgqaf",
)
LEET = str.maketrans("013457@$!|€", "oieastasiie")
SHIFT = str.maketrans("abcdefghijklmnopqrstuvwxyz", "nopqrstuvwxyzabcdefghijklm")
MIRROR = str.maketrans("abcdefghijklmnopqrstuvwxyz", "zyxwvutsrqponmlkjihgfedcba")
TAG_BLOCK = range(0xE0020, 0xE007F)
SURROGATES = range(0xD800, 0xE000)
REGIONAL = range(0x1F1E6, 0x1F200)
SQUARED = ((0x1F130, "a"), (0x1F150, "a"), (0x1F170, "a"))
MORSE = dict(
    zip(
        [
            ".-",
            "-...",
            "-.-.",
            "-..",
            ".",
            "..-.",
            "--.",
            "....",
            "..",
            ".---",
            "-.-",
            ".-..",
            "--",
            "-.",
            "---",
            ".--.",
            "--.-",
            ".-.",
            "...",
            "-",
            "..-",
            "...-",
            ".--",
            "-..-",
            "-.--",
            "--..",
            "-----",
            ".----",
            "..---",
            "...--",
            "....-",
            ".....",
            "-....",
            "--...",
            "---..",
            "----.",
            "-....-",
        ],
        "abcdefghijklmnopqrstuvwxyz0123456789-",
        strict=True,
    )
)
SPACED = re.compile(r"(?<![^\W_])(?:[^\W_](?:[ .\-_*·•|,/\\+~]{1,3}|\n)){3,400}[^\W_](?![^\W_])")
JOINED = re.compile(r"(?<=[a-z0-9])[.\-_*·•|~+](?=[a-z0-9])")
BASE64 = re.compile(r"[A-Za-z0-9+/_-]{8,8192}={0,2}")
BASE32 = re.compile(r"(?<![A-Za-z0-9])[A-Z2-7]{12,8192}={0,6}")
HEX = re.compile(r"(?:(?:0x|\\x|%|\\u00|U\+00)?[0-9a-fA-F]{2}[ :,\-]?){5,4096}")
CODES = re.compile(r"(?:\b(?:[3-9]\d|1[01]\d|12[0-6]|2[0-4]\d|25[0-5])\b[ ,;.\-]{1,2}){4,2048}\b\d{2,3}\b")
BINARY = re.compile(r"(?:[01]{8}[ ,]?){3,2048}")
DOTS = re.compile(r"(?:[.\-−–_]{1,6}[ /|]{1,3}){3,2048}[.\-−–_]{1,6}")
ESCAPES = re.compile(r"\\(?:u\{?([0-9a-fA-F]{4,6})\}?|x([0-9a-fA-F]{2}))")
QUOTED = re.compile(r"=([0-9A-F]{2})")
DEFANGED = re.compile(
    r" ?[\[({] ?(?:\.|ponto|dot|punto|arroba|at|@) ?[\])}] ?| (?:ponto|dot|punto|\.) (?=(?:com|net|org|br|info|example|exemplo|io|app|me|site)\b)",
    re.IGNORECASE,
)
PIECES = re.compile(r"""["'«“`]([^"'«»“”`\n]{1,200})["'»”`]""")
READABLE = 0.85


def readings(text: str) -> tuple[str, ...]:
    """Return a text, and what is encoded in it or spelled letter by letter, case and signs as they are.

    Args:
        text: Any text; of a very long one both ends are read.
    """
    shortened = text if len(text) <= LIMIT else f"{text[: LIMIT // 2]}\n{text[-LIMIT // 2 :]}"
    return _readings(shortened)


@lru_cache(maxsize=64)
def _readings(text: str) -> tuple[str, ...]:
    seen = dict.fromkeys([text, *_decoded(text)])
    seen.setdefault(unicodedata.normalize("NFKC", text))
    seen.setdefault(DEFANGED.sub(_dotted, text.translate(SEEN)))
    seen.setdefault(SPACED.sub(_unspaced, text))
    return tuple(seen)


def _dotted(match: re.Match[str]) -> str:
    return "@" if match[0].strip(" []({})").lower() in {"arroba", "at", "@"} else "."


def _unspaced(match: re.Match[str]) -> str:
    """Join single signs and keep what a link is made of."""
    return re.sub(r"\s", "", match[0])


def bare(text: str) -> str:
    """Return a text as it looks: compatibility forms, look-alikes, accents, case and what cannot be seen undone."""
    return " ".join(_bare(text[:LIMIT]).split())


def compact(text: str) -> str:
    """Return only the letters and digits of a bare text."""
    return re.sub(r"[\W_]+", "", text)


def views(text: str) -> tuple[str, ...]:
    """Return a text in every reading its disguises allow, bare, the plain one first; each reading once.

    What was decoded is decoded once more, because one disguise is often put over another.

    Args:
        text: Any text; of a very long one both ends are read.
    """
    shortened = text if len(text) <= LIMIT else f"{text[: LIMIT // 2]}\n{text[-LIMIT // 2 :]}"
    return _views(shortened)


@lru_cache(maxsize=64)
def _views(text: str) -> tuple[str, ...]:
    plain = _bare(text)
    seen = dict.fromkeys([" ".join(plain.split())])
    for candidate in dict.fromkeys([plain, *map(_bare, _decoded(text))]):
        for spelling in _spellings(candidate):
            seen.setdefault(" ".join(spelling.split()))
    if not text.isascii():  # an alphabet is shifted under its accents, so it is shifted back before they go
        for shift in (SHIFT, MIRROR):
            seen.setdefault(" ".join(_bare(text.lower().translate(shift)).split()))
    return tuple(view for view in seen if view) or ("",)


def _bare(text: str) -> str:
    if text.isascii():
        return text.lower()
    shown = unicodedata.normalize("NFKC", text.translate(SEEN)).translate(LOOK_ALIKES)
    folded = unicodedata.normalize("NFKD", shown).lower()
    return folded if folded.isascii() else folded.translate(LETTERS)


def _seen(character: str) -> str:
    """Return a character as it is read: hidden ASCII as itself, boxed letters as letters, what is invisible as nothing."""
    code = ord(character)
    if code < 128:  # noqa: PLR2004 - ASCII
        return character
    if code in TAG_BLOCK:
        return chr(code - 0xE0000)
    if code in REGIONAL:
        return chr(code - REGIONAL.start + ord("a"))
    for first, letter in SQUARED:
        if first <= code < first + 26:
            return chr(code - first + ord(letter))
    category = unicodedata.category(character)
    return "" if category in {"Cf", "Mn", "Me"} and character != "\u0327" else character


def _letter(character: str) -> str:
    category = unicodedata.category(character)
    if category in {"Mn", "Me", "Cf"}:
        return ""
    if category == "Nd":
        return str(unicodedata.decimal(character))
    return {"Zs": " ", "Pd": "-"}.get(category, "." if character == "。" else character)


class Characters(dict[int, str]):
    """A table for `str.translate` that looks at each character once and remembers what became of it."""

    def __init__(self, look: Callable[[str], str]) -> None:
        super().__init__()
        self._look = look

    def __missing__(self, code: int) -> str:
        self[code] = self._look(chr(code))
        return self[code]


SEEN = Characters(_seen)
LETTERS = Characters(_letter)


def _spellings(plain: str) -> Iterator[str]:
    """Yield a bare text as it is, and in every spelling that needs no key."""
    yield plain
    joined = SPACED.sub(_glued, plain)
    if joined != plain:
        yield joined
    for text in (plain, joined) if joined != plain else (plain,):
        if not text.isascii() or any(character in text for character in "013457@$!|"):
            yield text.translate(LEET)
    stitched = JOINED.sub("", plain)
    if stitched != plain:
        yield stitched
    yield plain[::-1]
    yield plain.translate(SHIFT)
    yield plain.translate(MIRROR)
    words = plain.split()
    yield " ".join(reversed(words))
    yield " ".join(word[::-1] for word in words)
    pieces = PIECES.findall(plain)
    if len(pieces) > 1:
        yield "".join(pieces)


def _glued(match: re.Match[str]) -> str:
    """Join single letters; two or three separators in a row stood between words."""
    words = re.split(r"[ .\-_*·•|,/\\+~]{2,3}|\n(?=\n)", match[0])
    return " ".join(re.sub(r"[\W_]+", "", word) for word in words)


@lru_cache(maxsize=64)
def _decoded(text: str) -> tuple[str, ...]:
    """Return what the encoded parts of a text say, and what is encoded in that."""
    once = list(dict.fromkeys(_decodings(text)))
    return (*once, *(inner for outer in once for inner in _decodings(outer)))


def _decodings(text: str) -> Iterator[str]:
    """Yield what the encoded parts of a text say, where it can be read."""
    if "&" in text:
        yield from _changed(text, html.unescape(text))
    if "%" in text:
        yield from _changed(text, unquote_plus(text))
    if "\\" in text:
        yield from _changed(text, ESCAPES.sub(_escaped, text))
    if "=" in text:
        yield from _changed(text, QUOTED.sub(lambda match: chr(int(match[1], 16)), text))
    for pattern, decode in READERS:
        for match in pattern.finditer(text):
            read = decode(match[0])
            if read and _is_readable(read):
                yield read
    squeezed = re.sub(r"\s+", "", text)
    if squeezed != text and len(squeezed) < LIMIT and BASE64.fullmatch(squeezed):
        read = _from_base64(squeezed)
        if read and _is_readable(read):
            yield read


def _changed(text: str, other: str) -> Iterator[str]:
    if other != text:
        yield other


def _escaped(match: re.Match[str]) -> str:
    code = int(match[1] or match[2], 16)
    return chr(code) if code <= sys.maxunicode and code not in SURROGATES else ""


def _from_base64(token: str) -> str:
    stripped = token.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(stripped + "=" * (-len(stripped) % 4)).decode()
    except (binascii.Error, ValueError):
        return ""


def _from_base32(token: str) -> str:
    stripped = token.rstrip("=")
    try:
        return base64.b32decode(stripped + "=" * (-len(stripped) % 8)).decode()
    except (binascii.Error, ValueError):
        return ""


def _from_hex(token: str) -> str:
    digits = re.sub(r"0x|\\x|\\u00|U\+00|[^0-9a-fA-F]", "", token)
    try:
        return bytes.fromhex(digits[: len(digits) // 2 * 2]).decode()
    except ValueError:
        return ""


def _from_codes(token: str) -> str:
    return _from_bytes([int(code) for code in re.findall(r"\d{1,3}", token)])


def _from_binary(token: str) -> str:
    return _from_bytes([int(bits, 2) for bits in re.findall(r"[01]{8}", token)])


def _from_bytes(codes: list[int]) -> str:
    raw = bytes(code for code in codes if code < 256)  # noqa: PLR2004 - one byte
    try:
        return raw.decode()
    except ValueError:
        return raw.decode("latin-1")


def _from_morse(token: str) -> str:
    words = re.split(r" ?/ ?| {2,}|\|", token.replace("−", "-").replace("–", "-").replace("_", "-"))
    return " ".join("".join(MORSE.get(letter, "") for letter in word.split()) for word in words)


READERS: tuple[tuple[re.Pattern[str], Callable[[str], str]], ...] = (
    (BASE64, _from_base64),
    (BASE32, _from_base32),
    (HEX, _from_hex),
    (CODES, _from_codes),
    (BINARY, _from_binary),
    (DOTS, _from_morse),
)


def _is_readable(text: str) -> bool:
    """Say whether decoded bytes are words and not noise that happened to decode."""
    good = sum(character.isalnum() or character in " \n.,;:!?'\"-_/(){}<>@#=" for character in text)
    return len(text) > 2 and good >= READABLE * len(text) and sum(map(str.isascii, text)) >= READABLE * len(text) / 2  # noqa: PLR2004
