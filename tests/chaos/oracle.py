"""Says what became of every message that was answered with 202, from the ledger of physical sends, the tables and the log."""

from __future__ import annotations

import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from secretaria.whaticket.flavours import fingerprint, safe_text
from tests.chaos.shop import Accepted, ChaosShop

POLL_SECONDS = 0.5
COUNTING_SECONDS = 5.0
DRAWN = {
    ("pending", "sending"), ("pending", "superseded"), ("pending", "held"), ("pending", "dead"),
    ("sending", "pending"), ("sending", "sent"), ("sending", "unconfirmed"), ("sending", "held"), ("sending", "dead"),
    ("unconfirmed", "sent"), ("unconfirmed", "pending"), ("unconfirmed", "held"), ("unconfirmed", "dead"),
    ("held", "pending"), ("held", "sent"), ("held", "dead"), ("dead", "pending"),
}  # fmt: skip
EVENTS = "SELECT dedupe_key, state, reason FROM inbox_event"
MESSAGES = """
SELECT m.provider_message_id, t.id AS turn_id, t.state, t.reason, k.number
FROM message m JOIN turn t ON t.id = m.turn_id
JOIN conversation c ON c.id = m.conversation_id JOIN contact k ON k.id = c.contact_id WHERE m.direction = 'inbound'
"""
ITEMS = "SELECT id, turn_id, number, body, state, reason FROM outbox_item WHERE kind = 'bubble' ORDER BY id"
CHANGES = """
SELECT i.number, i.turn_id, l.from_state, l.to_state, l.at
FROM outbox_log l JOIN outbox_item i ON i.id = l.item_id WHERE i.kind = 'bubble' ORDER BY l.id
"""
RESTING = """
SELECT (SELECT count(*) FROM inbox_event WHERE state = 'received' AND received_at < now() - interval '5 min')
     + (SELECT count(*) FROM outbox_item WHERE state IN ('sending', 'unconfirmed') AND lease_until < now() - interval '5 min')
"""
TALKED_OVER = """
SELECT i.number FROM outbox_item i
JOIN conversation c ON c.id = i.conversation_id JOIN delivery_attempt a ON a.item_id = i.id
WHERE i.kind = 'bubble' AND c.person_spoke_at IS NOT NULL AND a.started_at > c.person_spoke_at
"""
COUNTED = re.compile(
    r"^secretaria_(?:whaticket_send_success_total|sends_confirmed_total\{[^}]*\}) (\S+)$", re.MULTILINE
)
OPEN_ITEMS = {"pending", "sending", "unconfirmed"}
OPEN_TURNS = {"waiting", "answering"}
WITH_A_REASON = {"held", "superseded", "dead"}


@dataclass
class Verdict:
    """What the oracle found; each list names customers.

    Attributes:
        lost: A message was answered with 202 and nothing came of it, or what counts as sent never left.
        doubled: More bubbles left than were decided.
        disordered: Bubbles left in another order than they were decided in.
        held: A person has it, or it was dropped with a reason: neither lost nor answered.
        unknown: The send can never be confirmed in this edition, and is counted instead of repeated.
        open: Still on its way.
        talked_over: A bubble was begun after a person had spoken.
        undrawn: Changes of state that the protocol does not draw.
        resting: Rows that stand still for more than five minutes.
    """

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    disordered: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    talked_over: list[str] = field(default_factory=list)
    undrawn: list[str] = field(default_factory=list)
    resting: int = 0


def judge(shop: ChaosShop) -> Verdict:
    """Ask about every message of the 202 log and every bubble."""
    with shop.engine.connect() as connection:
        events, messages, items, changes = (
            [dict(row) for row in connection.execute(text(query)).mappings()]
            for query in (EVENTS, MESSAGES, ITEMS, CHANGES)
        )
        resting = int(connection.execute(text(RESTING)).scalar_one()) if shop.readable else 0
        talked_over = list(connection.execute(text(TALKED_OVER)).scalars())
    verdict = Verdict(resting=resting, talked_over=talked_over)
    left: dict[str, list[str]] = defaultdict(list)
    for sent in shop.ledger.sent():
        left[sent.number].append(fingerprint(sent.body))
    decided: dict[str, list[dict[str, Any]]] = defaultdict(list)
    of_turn: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for item in items:
        item["print"] = fingerprint(safe_text(item["body"], shop.flavour))
        decided[item["number"]].append(item)
        of_turn[item["turn_id"]].append(item)
    _ask_about_messages(verdict, shop.accepted, events, messages, of_turn, readable=shop.readable)
    heard = {message["number"] for message in messages}
    verdict.open += [number for number in shop.unposted if number not in heard]
    for number in decided.keys() | left.keys():
        _ask_about_bubbles(verdict, number, decided[number], left[number])
    verdict.undrawn = [
        f"{one['from_state']}>{one['to_state']}" for one in changes if (one["from_state"], one["to_state"]) not in DRAWN
    ]
    return verdict


def wait_until_settled(shop: ChaosShop, seconds: float, numbers: Iterable[str] | None = None) -> Verdict:
    """Wait until nothing of these customers, or of all, is on its way; return what the oracle says then."""
    deadline = time.monotonic() + seconds
    wanted = None if numbers is None else set(numbers)
    while time.monotonic() < deadline:
        with suppress(OperationalError):  # PostgreSQL may be recovering from a kill
            verdict = judge(shop)
            if not (set(verdict.open) if wanted is None else wanted & set(verdict.open)):
                return verdict
        time.sleep(POLL_SECONDS)
    return judge(shop)


def miscounted(shop: ChaosShop) -> int:
    """Return how many bubbles the counters of ``/metrics`` know of more, or fewer, than physically left.

    A counter moves a moment after its commit, so a difference is looked at again for a few seconds.
    """
    deadline = time.monotonic() + COUNTING_SECONDS
    while True:
        counted = sum(float(number) for number in COUNTED.findall(shop.scrape()))
        difference = round(counted) - len(shop.ledger.sent())
        if not difference or time.monotonic() > deadline:
            return difference
        time.sleep(POLL_SECONDS)


def settled_at(engine: Engine) -> dict[str, datetime]:
    """Return when the replies of each customer were known to have begun, or to be with a person; the last turn counts."""
    began: dict[tuple[str, int], datetime] = {}
    with engine.connect() as connection:
        for change in connection.execute(text(CHANGES)).mappings():
            if change["to_state"] in {"sent", *WITH_A_REASON}:
                began.setdefault((change["number"], change["turn_id"]), change["at"])
    last: dict[str, datetime] = {}
    for (number, _), at in began.items():
        last[number] = max(at, last.get(number, at))
    return last


def doubted(engine: Engine) -> set[str]:
    """Return the customers of whom a send was in doubt: whoever was sending to them died, or got no clear answer."""
    with engine.connect() as connection:
        changes = connection.execute(text(CHANGES)).mappings()
        return {change["number"] for change in changes if change["to_state"] == "unconfirmed"}


def _ask_about_messages(
    verdict: Verdict,
    accepted: Sequence[Accepted],
    events: Sequence[Mapping[str, Any]],
    messages: Sequence[Mapping[str, Any]],
    of_turn: Mapping[int, Sequence[Mapping[str, Any]]],
    *,
    readable: bool,
) -> None:
    event_of = {event["dedupe_key"]: event for event in events}
    turn_of = {message["provider_message_id"]: message for message in messages}
    for one in accepted:
        event, turn = event_of.get(one.message_id), turn_of.get(one.message_id)
        if (
            event is None or event["state"] == "received"
        ):  # it may stand on the door's spool; whoever waits long enough calls it lost
            verdict.open.append(one.number)
        elif event["state"] != "filed":
            (verdict.held if event["reason"] else verdict.lost).append(one.number)
        elif turn is None:
            verdict.lost.append(one.number)
        else:
            fate = _fate(turn, of_turn.get(turn["turn_id"], ()), readable=readable)
            if fate is not None:
                getattr(verdict, fate).append(one.number)


def _fate(turn: Mapping[str, Any], items: Sequence[Mapping[str, Any]], *, readable: bool) -> str | None:
    """Return the list a message belongs to, None when it was answered."""
    states = {item["state"] for item in items}
    if turn["state"] in OPEN_TURNS:
        return "open"
    if not readable and "unconfirmed" in states:
        return "unknown"
    if states & OPEN_ITEMS:
        return "open"
    if "sent" in states:
        return None
    if states & WITH_A_REASON or turn["reason"]:
        return "held"
    return "lost"


def _ask_about_bubbles(verdict: Verdict, number: str, decided: Sequence[Mapping[str, Any]], left: list[str]) -> None:
    count = Counter(left)
    if Counter(item["print"] for item in decided if item["state"] == "sent") - count:
        verdict.lost.append(number)
    if count - Counter(item["print"] for item in decided):
        verdict.doubled.append(number)
    elif not _in_order(left, [item["print"] for item in decided]):
        verdict.disordered.append(number)


def _in_order(left: Iterable[str], decided: Iterable[str]) -> bool:
    following = iter(decided)
    return all(one in following for one in left)
