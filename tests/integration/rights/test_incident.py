"""The facts of an incident are counted, name nobody, and asking for them is noted."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date, timedelta

from secretaria.audit.trail import Actor, note_alone
from secretaria.rights.incident import describe_incident, working_days_after
from tests.answering import Scene
from tests.builders import NUMBER, rows

RENATA = Actor("renata", "cli", "balcao")
STRANGER = Actor("desconhecido", "panel", "203.0.113.5")
OTHER = "5520900000999"


def test_what_happened_in_a_time_is_counted_without_a_name(scene: Scene) -> None:
    """Who was spoken with then, what came, who tried to enter and from where; what came before is not counted."""
    scene.customer_writes("oi", number=OTHER)
    scene.clock.advance(7200)
    since = scene.clock.now()
    scene.customer_writes("quanto custa?", "e amanhã?")
    for _ in range(3):
        note_alone(scene.engine, STRANGER, "session.refused", "panel", at=scene.clock.now())
    until = scene.clock.now() + timedelta(seconds=1)
    found = describe_incident(scene.engine, since, until, actor=RENATA, now=until)
    assert (found.people_held, found.people_active) == (2, 1)
    assert found.rows["message"] == 2
    assert [(told["action"], told["place"], told["times"]) for told in found.actions] == [
        ("session.refused", "203.0.113.5", 3)
    ]
    assert NUMBER not in json.dumps(asdict(found), default=str)
    assert rows(scene.engine, "audit_entry")[-1]["action"] == "incident.described"


def test_the_authority_hears_within_three_working_days() -> None:
    """From a Thursday it is the Tuesday after."""
    assert working_days_after(date(2026, 11, 26), 3) == date(2026, 12, 1)
    assert working_days_after(date(2026, 11, 26), 6) == date(2026, 12, 4)
