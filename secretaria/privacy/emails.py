"""Finds e-mail addresses, also those spelled so that no program finds them; the first letter and the domain may be seen."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

from secretaria.privacy.folding import Folded
from secretaria.privacy.spans import Span

LOCAL = r"[\w.+'&/=?^{|}~-]{0,80}[\w+~-]"
WRITTEN = re.compile(
    rf"(?<![\w*.+-])(?P<local>{LOCAL})(?P<at> ?@ ?)(?P<domain>[\w-]{{1,63}}(?: \. ?[a-z][\w-]{{1,62}}|\.[\w-]{{1,63}}|,(?:com|br)\b){{1,5}})"
)
AT = r"(?:\s{0,2}[\[({<]\s?(?:arroba|at|@)\s?[\])}>]\s{0,2}|\s{1,2}(?:arroba|at)\s{1,2}|\s{0,2}\barroba\b\s{0,2})"
DOT = r"(?:\s{0,2}[\[({<]\s?(?:ponto|dot|\.)\s?[\])}>]\s{0,2}|\s{1,2}(?:ponto|dot)\s{1,2}|\s?\.\s?)"
SPELLED = re.compile(
    rf"(?<![\w*])(?P<local>[\w+-]{{1,40}}(?:{DOT}[\w+-]{{1,40}}){{0,4}})(?P<at>{AT})(?P<domain>[\w-]{{2,40}}(?:{DOT}[\w-]{{2,20}}){{1,3}})"
)
PROVIDER = r"gmail|hotmail|outlook|yahoo|icloud|uol|bol|terra|live|proton(?:mail)?|me|msn"
AT_WORD = re.compile(r"arroba|[\[({<\s]\s?(?:at|@)\s?[\])}>\s]")
PROVIDER_NAMED = re.compile(rf"(?:@|arroba\W{{0,4}}|at\W{{1,4}}) ?(?:{PROVIDER})(?![\w-])")
WITHOUT_ENDING = re.compile(
    rf"(?<![\w*])(?P<local>[\w+.-]{{1,60}})(?P<at>(?: ?@ ?|{AT}))(?P<domain>{PROVIDER})(?![\w@-])"
)
NAMED = re.compile(r"e-?mail[\s:='\"”(]{1,5}(?:e |eh )?(?P<local>[\w.+-]{1,60})@(?P<domain>[\w-]{2,60})(?![\w@-])")
ENDING = re.compile(r"[a-z]{2,24}$")
FILES = frozenset({"png", "jpg", "jpeg", "svg", "webp", "gif", "css", "js", "service", "timer"})
SPACED_DOT = re.compile(r"\s{0,2}[\[({<]?\s?(?:ponto|dot|\.)\s?[\])}>]?\s{0,2}")
REACH = 60
WHATSAPP = ("s.whatsapp.net", "c.us", "g.us", "lid", "broadcast", "newsletter")


def find_emails(folded: Folded) -> Iterator[Span]:
    """Yield every e-mail address."""
    low = folded.low
    if "@" in low:
        yield from _addresses(folded, WRITTEN)
    if "mail" in low and "@" in low:
        yield from (_shown(folded, found, found["domain"]) for found in NAMED.finditer(low))
    done = 0
    for word in AT_WORD.finditer(low):
        for address in _addresses(folded, SPELLED, max(done, word.start() - REACH), word.end() + REACH):
            yield address
            done = address.end
    for name in PROVIDER_NAMED.finditer(low):
        yield from _addresses(folded, WITHOUT_ENDING, name.start() - REACH, name.end() + 1)


def _addresses(folded: Folded, pattern: re.Pattern[str], start: int = 0, end: int = sys.maxsize) -> Iterator[Span]:
    """Yield what a pattern finds between two places; the rare writings are looked for only near their sign."""
    for found in pattern.finditer(folded.low, max(0, start), end):
        domain = (
            SPACED_DOT.sub(".", found["domain"])
            if pattern is SPELLED
            else found["domain"].replace(" ", "").replace(",", ".")
        )
        ending = ENDING.search(domain)
        if ending is None or ending[0] in FILES or domain in WHATSAPP:
            continue
        if pattern is SPELLED and not _is_spelled_on_purpose(found, ending[0]):
            continue
        yield _shown(folded, found, domain)


def _shown(folded: Folded, found: re.Match[str], domain: str) -> Span:
    start = found.start("local")
    return Span(start, found.end("domain"), f"{folded.plain[start]}***@{domain}")


def _is_spelled_on_purpose(found: re.Match[str], ending: str) -> bool:
    """An English "at" between words is no address unless a known ending follows."""
    return (
        "arroba" in found["at"] or any(mark in found["at"] for mark in "[({<") or ending in {"com", "br", "net", "org"}
    )
