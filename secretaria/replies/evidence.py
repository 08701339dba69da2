"""What a draft may rest on: everything the guards compare it with, gathered in one frozen object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from secretaria.context.engine import TurnContext
from secretaria.context.rules import RULES
from secretaria.knowledge.business import BusinessCard
from secretaria.knowledge.hours import opening_lines

HOME = "pt"


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason why a draft may not be sent.

    Attributes:
        check: The guard that found it, as `Guarded.checks` names it.
        kind: What was found, for instance ``price``; no text of the customer.
        value: The words of the draft, to be shown to the model only.
        sentence: What the model is told when it is asked again, in Portuguese.
    """

    check: str
    kind: str
    value: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Limits:
    """What the owner allows of one reply."""

    max_characters: int
    max_bubbles: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is known in one turn.

    Attributes:
        now: The moment of the answer, aware.
        timezone: Of the business; days and hours are read in it.
        chunks: Every published text by its source, heading included.
        card: What the business card says, one fact a line: phone, e-mail, hours, closed days.
        tool_texts: What tools told in this turn, and the bookings and offers of this contact in the prompt.
        done_texts: What tools told of the changes this turn makes; a booking that is announced must be this one.
        customer_texts: The customer's words, the burst last.
        earlier_texts: What the secretary and the team said before.
        actions: Done in this turn: ``booked``, ``rebooked``, ``cancelled``, ``confirmed``, ``handed_off``, ``noted``.
        contact_number: Digits, the only customer's number a reply may hold.
        canary: Words of the prompt that no honest reply repeats; empty when the prompt has none.
        system_sentences: The rules of the prompt, which are not for customers.
        allowed_domains: Where links may lead, beside those the base and the card name.
        tools: Names of tools, which are not for customers either.
        languages: Those a reply may be in, as ISO 639-1, the likeliest first.
    """

    now: datetime
    timezone: ZoneInfo
    chunks: Mapping[str, str] = field(default_factory=dict)
    card: tuple[str, ...] = ()
    tool_texts: tuple[str, ...] = ()
    done_texts: tuple[str, ...] = ()
    customer_texts: tuple[str, ...] = ()
    earlier_texts: tuple[str, ...] = ()
    actions: frozenset[str] = frozenset()
    contact_number: str = ""
    canary: str = ""
    system_sentences: tuple[str, ...] = ()
    allowed_domains: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    languages: tuple[str, ...] = (HOME,)


def gather_evidence(
    context: TurnContext,
    *,
    tool_texts: Sequence[str] = (),
    done_texts: Sequence[str] = (),
    actions: Sequence[str] = (),
    contact_number: str = "",
    canary: str = "",
    tools: Sequence[str] = (),
    languages: Sequence[str] = (HOME,),
) -> Evidence:
    """Collect what the guards need to know of one turn.

    Args:
        context: What the model was told.
        tool_texts: What tools told in this turn, and the contact's bookings and offers.
        done_texts: Of these, what was told of a change that this turn makes.
        actions: What this turn does: ``booked``, ``handed_off`` and so on.
        contact_number: The contact's own number, digits.
        canary: The mark in the prompt.
        tools: Names of the tools the model knows.
        languages: Those a reply may be in.
    """
    card = context.business.card
    said = [(line.author, line.text) for line in context.history if line.text]
    return Evidence(
        now=context.now,
        timezone=card.identity.timezone,
        chunks={chunk.source: f"{chunk.title}\n{chunk.text}" for chunk in context.business.chunks},
        card=card_lines(card),
        tool_texts=tuple(tool_texts),
        done_texts=tuple(done_texts),
        customer_texts=(
            *(text for author, text in said if author == "contact"),
            *(message.text for message in context.burst if message.text),
        ),
        earlier_texts=tuple(text for author, text in said if author != "contact"),
        actions=frozenset(actions),
        contact_number=contact_number,
        canary=canary,
        system_sentences=rule_sentences(RULES),
        tools=tuple(tools),
        languages=tuple(languages),
    )


def card_lines(card: BusinessCard) -> tuple[str, ...]:
    """Return what the business card says that a reply may repeat."""
    identity = card.identity
    facts = (
        ("Telefone e WhatsApp", identity.phone),
        ("E-mail", identity.email),
        ("Cidade", identity.city),
        ("Datas fechadas", ", ".join(f"{day:%d/%m/%Y}" for day in card.hours.closed_dates)),
    )
    return (*(f"{label}: {value}" for label, value in facts if value), *opening_lines(card))


def rule_sentences(rules: str) -> tuple[str, ...]:
    """Return the lines of the prompt's rules, numbers and headings left out."""
    lines = (line.lstrip("#0123456789. ").strip() for line in rules.splitlines())
    return tuple(line for line in lines if line)
