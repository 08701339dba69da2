"""Good replies of two invented businesses, and the same replies with one fact altered, drawn from a seed."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import secretaria
from secretaria.context.calendar import WEEKDAYS
from secretaria.knowledge.folder import load_business_folder
from secretaria.knowledge.snapshot import Business
from secretaria.replies.evidence import Evidence, card_lines

CLINIC = Path(secretaria.__file__).parent / "simulation/clinica-sorriso"
PET_SHOP = Path(__file__).parent / "fixtures/pet-amigo"
FREE_DAYS = 8
DONE = {"agendar": "booked", "remarcar": "rebooked", "cancelar": "cancelled", "confirmar": "confirmed"}


@dataclass(frozen=True, slots=True)
class GoodReply:
    """A reply that may be sent, and what it rests on."""

    name: str
    bubbles: tuple[str, ...]
    sources: tuple[str, ...]
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Altered:
    """A good reply after one fact of it was changed.

    Attributes:
        kind: What was changed: ``price``, ``time``, ``weekday``, ``date``, ``address``, ``phone``, ``percent``.
    """

    kind: str
    reply: GoodReply
    was: str
    became: str


def good_replies_of_the_clinic() -> Iterator[GoodReply]:
    """Yield the reference replies of the sample, those about the agenda with what a tool would tell."""
    business = load_business_folder(CLINIC)
    agenda = json.loads((CLINIC / "agenda.json").read_text())
    for line in (CLINIC / "conversations.jsonl").read_text().splitlines():
        conversation = json.loads(line)
        started = datetime.fromisoformat(conversation["started_at"])
        earlier: list[str] = []
        for turn in conversation["turns"]:
            last = conversation["messages"][turn["messages"][-1]]
            spoken = [
                m for m in conversation["messages"] if m["sender"] == "customer" and m["offset_s"] <= last["offset_s"]
            ]
            now = started + timedelta(seconds=last["offset_s"])
            bubbles = tuple(turn["reference_reply"])
            if bubbles:
                yield GoodReply(
                    f"{conversation['id']}-{turn['n']}",
                    bubbles,
                    tuple(turn["sources"]),
                    replace(
                        _evidence(business, now),
                        tool_texts=tuple(_agenda_texts(agenda, conversation, turn, now)),
                        done_texts=tuple(_done_texts(conversation, turn)) if turn["n"] > 1 else (),
                        customer_texts=tuple(m["text"] for m in spoken if m["text"]),
                        earlier_texts=tuple(earlier),
                        actions=_actions(turn),
                        contact_number=conversation["contact"]["number"],
                    ),
                )
            earlier.extend(bubbles)


def good_replies_of_the_pet_shop() -> Iterator[GoodReply]:
    """Yield the replies written for a business of another trade, which the rules were not written on."""
    business = load_business_folder(PET_SHOP)
    for line in (PET_SHOP / "replies.jsonl").read_text().splitlines():
        row = json.loads(line)
        yield GoodReply(
            row["id"],
            tuple(row["bubbles"]),
            tuple(row["sources"]),
            replace(
                _evidence(business, datetime.fromisoformat(row["now"])),
                tool_texts=tuple(row.get("tool", ())),
                done_texts=tuple(row.get("done", ())),
                customer_texts=tuple(row["customer"]),
                actions=frozenset(row.get("actions", ())),
                contact_number="5520900000201",
            ),
        )


def good_replies() -> list[GoodReply]:
    """Return all of them."""
    return [*good_replies_of_the_clinic(), *good_replies_of_the_pet_shop()]


def altered_replies(replies: list[GoodReply], seed: int, rounds: int = 3) -> list[Altered]:
    """Return each good reply with one fact changed, for every fact of it and every way to change it.

    Args:
        replies: Good ones.
        seed: Of the generator; the same seed alters the same.
        rounds: How many times each fact is changed.
    """
    generator = random.Random(seed)  # noqa: S311 - nothing secret
    return [
        altered
        for reply in replies
        for _ in range(rounds)
        for kind, pattern, change in ALTERATIONS
        for altered in _altered(reply, kind, pattern, change, generator)
    ]


def _evidence(business: Business, now: datetime) -> Evidence:
    return Evidence(
        now=now,
        timezone=business.card.identity.timezone,
        chunks={chunk.source: f"{chunk.title}\n{chunk.text}" for chunk in business.chunks},
        card=card_lines(business.card),
    )


def _actions(turn: dict[str, Any]) -> frozenset[str]:
    done = {"handed_off"} if turn["handoff"] else set()
    if turn["answer"] == "ferramenta" and turn["intent"] in DONE:
        done.add(DONE[turn["intent"]])
    return frozenset(done)


def _agenda_texts(
    agenda: dict[str, Any], conversation: dict[str, Any], turn: dict[str, Any], now: datetime
) -> Iterator[str]:
    """Yield what the agenda tells: the contact's bookings and, where the turn is about it, the free times ahead."""
    for booking in agenda["marcados"]:
        if booking["telefone"] == conversation["contact"]["number"]:
            at = datetime.fromisoformat(booking["inicio"])
            kind = booking["tipo"].replace("_", " ")
            yield f"{booking['codigo']} {kind}, {booking['unidade']}, {_day(at.date())} {at:%H:%M} (ainda não confirmada)"
    if turn["intent"] not in DONE:
        return
    for ahead in range(FREE_DAYS):
        day = now.date() + timedelta(days=ahead)
        free = {unit: ", ".join(days[str(day)]) for unit, days in agenda["livres"].items() if str(day) in days}
        if free:
            yield f"{_day(day)}: {'; '.join(f'{unit} {times}' for unit, times in free.items())}"


def _done_texts(conversation: dict[str, Any], turn: dict[str, Any]) -> Iterator[str]:
    """Yield what a tool tells of the change it made."""
    slots = turn["slots"]
    if turn["answer"] == "ferramenta" and {"data", "hora"} <= slots.keys() and len(conversation["turns"]) > 1:
        wanted = next(
            (t["slots"]["procedimento"] for t in conversation["turns"] if "procedimento" in t["slots"]), "horário"
        )
        day = _day(date.fromisoformat(slots["data"]))
        yield f"{wanted}, {slots.get('unidade', 'centro')}, {day} {slots['hora']}. Um lembrete vai sozinho na véspera."


def _day(day: date) -> str:
    return f"{WEEKDAYS[day.weekday()]} {day:%d/%m/%Y}"


def _altered(
    reply: GoodReply,
    kind: str,
    pattern: re.Pattern[str],
    change: Callable[[str, GoodReply, random.Random], str],
    generator: random.Random,
) -> Iterator[Altered]:
    for number, bubble in enumerate(reply.bubbles):
        for match in pattern.finditer(bubble):
            became = change(match[0], reply, generator)
            if became and not any(became in said for said in reply.bubbles):  # said twice it is not said of another
                text = bubble[: match.start()] + became + bubble[match.end() :]
                bubbles = (*reply.bubbles[:number], text, *reply.bubbles[number + 1 :])
                yield Altered(kind, replace(reply, bubbles=bubbles), match[0], became)


PRICE = re.compile(r"R\$ ?\d(?:[\d.]*\d)?(?:,\d{2})?")
TIME = re.compile(r"\b\d{1,2}h\d{0,2}\b|\b\d{1,2}:\d{2}\b")
NUMERIC_DAY = re.compile(r"\b\d{2}/\d{2}\b")
WEEKDAY = re.compile(r"\b(?:segunda|terça|quarta|quinta|sexta|sábado|domingo)s?\b(?! dose)", re.IGNORECASE)
ADDRESS = re.compile(r"(?:Rua|Av\.|Avenida|Alameda) [^,]+, \d+")
PHONE = re.compile(r"\(?\b\d{2}\)? 9?\d{4}-\d{4}")
PERCENT = re.compile(r"\d+(?:,\d)?%")


def _another_digit(was: str, reply: GoodReply, generator: random.Random) -> str:
    """Change one digit to another, so that the text says another value."""
    del reply
    places = [place for place, character in enumerate(was) if character.isdigit()]
    place = generator.choice(places)
    digit = generator.choice([d for d in "123456789" if d != was[place]])
    return was[:place] + digit + was[place + 1 :]


def _another_price(was: str, reply: GoodReply, generator: random.Random) -> str:
    """Take the price of another service of the same business."""
    known = sorted({match[0] for text in reply.evidence.chunks.values() for match in PRICE.finditer(text)} - {was})
    return generator.choice(known)


def _rounder_price(was: str, reply: GoodReply, generator: random.Random) -> str:
    """Take a price that a model makes up: a tenth more or less, or a round one."""
    del reply
    value = int(re.sub(r"\D", "", was.split(",", maxsplit=1)[0]))
    return f"R$ {max(round(value * generator.choice((0.5, 0.8, 0.9, 1.1, 1.2, 1.5)) / 10) * 10, 10)}"


def _shifted_time(was: str, reply: GoodReply, generator: random.Random) -> str:
    """Move a time by half an hour to three hours."""
    del reply
    hour, minute = (int(part) if part else 0 for part in re.split("[h:]", was))
    moved = datetime.combine(date(2026, 1, 1), time(hour % 24, minute)) + timedelta(
        minutes=generator.choice((-180, -120, -60, -30, 30, 60, 90, 120, 180))
    )
    return f"{moved.hour}:{moved.minute:02}" if ":" in was else f"{moved.hour}h{moved.minute:02}".removesuffix("00")


def _another_day(was: str, reply: GoodReply, generator: random.Random) -> str:
    del reply
    day, month = map(int, was.split("/"))
    moved = date(2026, month, day) + timedelta(days=generator.choice((-2, -1, 1, 2, 3, 7)))
    return f"{moved:%d/%m}"


def _another_weekday(was: str, reply: GoodReply, generator: random.Random) -> str:
    del reply
    singular = was.lower().removesuffix("s")
    return generator.choice([day for day in WEEKDAYS if day != singular]) + ("s" if was.endswith("s") else "")


def _another_address(was: str, reply: GoodReply, generator: random.Random) -> str:
    """Take the address of the other unit, or another house of the same street."""
    known = {match[0] for text in reply.evidence.chunks.values() for match in ADDRESS.finditer(text)}
    number = was.rpartition(", ")[2]
    others = sorted(address for address in known if not address.endswith(f", {number}"))
    return generator.choice([*others, _another_digit(was, reply, generator)])


ALTERATIONS: tuple[tuple[str, re.Pattern[str], Callable[[str, GoodReply, random.Random], str]], ...] = (
    ("price", PRICE, _another_digit),
    ("price", PRICE, _another_price),
    ("price", PRICE, _rounder_price),
    ("time", TIME, _shifted_time),
    ("date", NUMERIC_DAY, _another_day),
    ("weekday", WEEKDAY, _another_weekday),
    ("address", ADDRESS, _another_address),
    ("phone", PHONE, _another_digit),
    ("percent", PERCENT, _another_digit),
)
