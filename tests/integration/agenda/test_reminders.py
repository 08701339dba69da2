"""A reminder goes once, at its time, whoever dies and however many look; and not into what should stay quiet."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Engine

from secretaria.agenda.reminders import ReminderRoom, place_reminders
from secretaria.clock import HeldClock
from secretaria.conversations.handoff import person_spoke
from secretaria.conversations.models import Conversation, Mode
from secretaria.database.transaction import transaction
from secretaria.knowledge.business import parse_card
from secretaria.outbox.delivery import deliver_item
from secretaria.queue.jobs import DELIVER_ITEM
from secretaria.replies.references import OUTBOX, Reference
from secretaria.replies.story import tell_story
from secretaria.replies.sweep import sweep
from tests.agenda_counter import CARD_TEXT, Counter
from tests.answering import OpenDispatch, WhaticketSite, change_row
from tests.builders import PublishedNudges, rows

ROSANGELA = "5520900000103"  # A-2041, a cleaning in Centro on Wednesday 12/08 at 14h
EVE, ONE_HOUR = "2026-08-11T14:00:00-03:00", "2026-08-12T13:00:00-03:00"
QUIET = 'Lembrete da Clínica Sorriso: seu horário de Rosângela, amanhã, quarta 12/08, às 14h, em Centro. Para confirmar, responda "confirmo". Se não puder vir, é só avisar por aqui.'


@dataclass
class Desk:
    """The clinic with only Rosângela's booking ahead, and what reminds her."""

    clinic: Counter
    clock: HeldClock
    nudges: PublishedNudges
    room: ReminderRoom

    def at(self, moment: str) -> int:
        """Let it be a moment and look."""
        self.clinic.now = datetime.fromisoformat(moment)
        self.clock.advance((self.clinic.now - self.clock.now()).total_seconds())
        return place_reminders(self.room)

    def items(self) -> list[dict[str, Any]]:
        """Return what stands in the outbox."""
        return rows(self.clinic.engine, "outbox_item")

    def talk(self, mode: Mode) -> None:
        """Let the conversation be somebody else's, now."""
        with transaction(self.clinic.engine) as session:
            conversation = session.get_one(Conversation, 1)
            if mode is Mode.ATTENDED:
                person_spoke(session, conversation, self.clock.now())
            else:
                conversation.mode = mode
            session.add(conversation)


@pytest.fixture
def desk(clinic: Counter, clock: HeldClock, nudges: PublishedNudges) -> Desk:
    """Cancel the other bookings, so that one is left to be reminded of."""
    for booking in clinic.bookings():
        if booking["code"] != "A-2041":
            change_row(clinic.engine, "booking", booking["id"], state="cancelled")
    clinic.ask("horarios", "oi, tudo bem?", number=ROSANGELA)
    room = ReminderRoom(clinic.engine, nudges, clock, lambda: clinic.card, "principal")
    return Desk(clinic, clock, nudges, room)


def test_a_reminder_goes_a_day_and_an_hour_before(desk: Desk) -> None:
    """Not a minute earlier, once each, as a bubble of the conversation and a nudged item of its own class."""
    assert desk.at("2026-08-11T13:59:59-03:00") == 0
    assert [desk.at(EVE), desk.at(EVE), desk.at("2026-08-11T18:00:00-03:00")] == [1, 0, 0]
    (item,) = desk.items()
    assert (item["body"], item["purpose"], item["turn_id"]) == (QUIET, "reminder", None)
    assert (item["state"], item["number"]) == ("pending", ROSANGELA)
    (bubble,) = [one for one in rows(desk.clinic.engine, "message") if one["author"] == "secretary"]
    assert (bubble["text"], bubble["turn_id"], bubble["delivery"]) == (QUIET, None, "pending")
    assert [nudge.identifier for nudge in desk.nudges.of(DELIVER_ITEM)] == [str(item["id"])]
    assert [desk.at("2026-08-12T12:59:00-03:00"), desk.at(ONE_HOUR), desk.at(ONE_HOUR)] == [0, 1, 0]
    assert "hoje, quarta 12/08, às 14h" in desk.items()[1]["body"]
    assert desk.at("2026-08-12T14:00:00-03:00") == 0


def test_many_workers_place_one(desk: Desk) -> None:
    """All look at the same moment; the key lets one through."""
    assert desk.at("2026-08-11T13:00:00-03:00") == 0
    desk.clock.advance(3600)
    with ThreadPoolExecutor(4) as pool:
        placed = list(pool.map(lambda _: place_reminders(desk.room), range(4)))
    assert sum(placed) == 1
    assert len(desk.items()) == 1


@pytest.mark.parametrize(
    "point",
    [
        "secretaria.conversations.store.add_message",
        "secretaria.outbox.store.place_item",
        "secretaria.agenda.reminders.after_commit",
    ],
)
def test_whoever_dies_on_the_way_leaves_nothing_and_the_next_places_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    """Before the bubble, before the item, before the commit: nothing is kept, and the next look places one."""
    with monkeypatch.context() as broken:
        broken.setattr(point, _die)
        with pytest.raises(KilledHere):
            desk.at(EVE)
    assert (desk.items(), rows(desk.clinic.engine, "reminder"), desk.nudges.published) == ([], [], [])
    assert place_reminders(desk.room) == 1
    assert len(desk.items()) == 1


class KilledHere(Exception):
    """The worker died here."""


def _die(*_: object, **__: object) -> None:
    raise KilledHere


def test_a_lost_nudge_is_found_by_the_sweep_and_sent_once(
    desk: Desk, whaticket: WhaticketSite, open_dispatch: OpenDispatch
) -> None:
    """Redis forgot it: the row is the truth."""
    desk.at(EVE)
    desk.nudges.published.clear()
    desk.clock.advance(6)
    assert sweep(desk.clinic.engine, desk.nudges, desk.clock) == 1
    room = open_dispatch(whaticket)
    for _ in range(2):
        deliver_item(room, 1)
    assert whaticket.bodies() == [QUIET]
    assert desk.items()[0]["state"] == "sent"


def test_a_reminder_in_doubt_is_held_for_a_person_and_never_sent_again(
    desk: Desk, whaticket: WhaticketSite, open_dispatch: OpenDispatch
) -> None:
    """Even where the owner prefers a double to a silence."""
    desk.at(EVE)
    whaticket.faults.fail_next("html_502")
    deliver_item(open_dispatch(whaticket), 1)
    assert desk.items()[0]["state"] == "unconfirmed"
    desk.clock.advance(700)
    sweep(desk.clinic.engine, desk.nudges, desk.clock, "resend_once")
    assert desk.items()[0]["state"] == "held"


@pytest.mark.parametrize("name", ["cancelar", "remarcar"])
def test_what_was_cancelled_or_moved_is_not_reminded_of(desk: Desk, name: str) -> None:
    """One that waits in the outbox is dropped, and the old time is never spoken of again; the new one is."""
    desk.at(EVE)
    if name == "cancelar":
        desk.clinic.serve("cancelar", "não vou poder ir", number=ROSANGELA)
    else:
        desk.clinic.serve("remarcar", "da pra quinta?", bubbles=["11h?"], number=ROSANGELA, date="2026-08-13")
        desk.clinic.serve("remarcar", "pode ser", number=ROSANGELA, date="2026-08-13", time="11:00")
    (item,) = desk.items()
    assert (item["state"], item["reason"]) == ("superseded", "booking_changed")
    assert rows(desk.clinic.engine, "message")[-1]["delivery"] in {"superseded", ""}
    expected = 0 if name == "cancelar" else 1
    assert [desk.at(ONE_HOUR), desk.at("2026-08-13T10:00:00-03:00")] == [expected, expected]
    assert not any("14h" in item["body"] for item in desk.items()[1:])


def test_what_is_booked_late_is_not_reminded_of_at_once(clinic: Counter, desk: Desk) -> None:
    """Booked three hours before: the reminder of the eve is not owed any more, the one of the hour is."""
    change_row(
        clinic.engine, "booking", 1, state="booked", arranged_at=datetime.fromisoformat("2026-08-12T11:00-03:00")
    )
    assert desk.at("2026-08-12T11:01:00-03:00") == 0
    assert desk.at(ONE_HOUR) == 1


def test_a_reminder_that_was_missed_still_goes_while_it_helps(desk: Desk) -> None:
    """Everything was down on the eve: in the morning it still helps; at night nobody is woken; too late is too late."""
    assert desk.at("2026-08-11T23:00:00-03:00") == 0
    assert desk.at("2026-08-12T07:59:00-03:00") == 0
    assert desk.at("2026-08-12T08:00:00-03:00") == 1
    assert desk.at("2026-08-12T13:55:00-03:00") == 0


def test_one_that_waited_too_long_in_the_outbox_is_dropped(
    desk: Desk, whaticket: WhaticketSite, open_dispatch: OpenDispatch
) -> None:
    """The queue was paused past its use."""
    desk.at(ONE_HOUR)
    desk.clock.advance(51 * 60)
    deliver_item(open_dispatch(whaticket), 1)
    assert whaticket.bodies() == []
    assert (desk.items()[0]["state"], desk.items()[0]["reason"]) == ("superseded", "expired")


def test_a_talk_of_a_person_is_not_fallen_into(
    desk: Desk, whaticket: WhaticketSite, open_dispatch: OpenDispatch
) -> None:
    """While a person talks with the customer it waits; half an hour after their last word it goes, mode or not."""
    desk.clock.advance((datetime.fromisoformat("2026-08-11T13:50:00-03:00") - desk.clock.now()).total_seconds())
    desk.talk(Mode.ATTENDED)
    assert desk.at(EVE) == 0
    assert desk.at("2026-08-11T14:20:00-03:00") == 1
    deliver_item(open_dispatch(whaticket), 1)
    assert whaticket.bodies() == [QUIET]


@pytest.mark.parametrize(("mode", "placed"), [(Mode.PAUSED, 0), (Mode.WAITING, 1)])
def test_a_pause_is_respected_and_waiting_for_a_person_is_not_silence(desk: Desk, mode: Mode, placed: int) -> None:
    """Who waits for a person still has a booking; a paused conversation hears nothing."""
    desk.talk(mode)
    assert desk.at(EVE) == placed


def test_a_person_who_speaks_drops_the_replies_and_one_reminder_at_a_time(
    desk: Desk, whaticket: WhaticketSite, open_dispatch: OpenDispatch
) -> None:
    """A word between placing and sending drops the reminder too: they are talking now."""
    desk.at(EVE)
    desk.talk(Mode.ATTENDED)
    deliver_item(open_dispatch(whaticket), 1)
    assert (whaticket.bodies(), desk.items()[0]["reason"]) == ([], "conversation_attended")


def test_whoever_does_not_want_reminders_gets_none(desk: Desk) -> None:
    """Their word stops automatic messages, and a reminder is one."""
    change_row(desk.clinic.engine, "contact", desk.clinic.contact_id(ROSANGELA), opted_out_at=desk.clock.now())
    assert desk.at(EVE) == 0


def test_somebody_who_never_wrote_is_reminded_on_our_connection(engine: Engine, desk: Desk) -> None:
    """An imported booking has a number and no conversation yet: one is begun."""
    change_row(engine, "booking", 4, state="booked")
    assert desk.at("2026-08-13T18:00:00-03:00") == 1
    assert desk.items()[-1]["number"] == "5520900000118"
    assert rows(engine, "conversation")[-1]["channel"] == "principal"


def test_a_reminder_is_a_standing_question(desk: Desk) -> None:
    """A bare yes confirms that very booking; a no is asked about, and its yes cancels."""
    desk.at(EVE)
    assert "Um lembrete já foi enviado" in desk.clinic.lines(ROSANGELA)
    assert desk.clinic.serve("confirmar", "pode ser sim", number=ROSANGELA).actions == ("confirmed",)
    desk.at(ONE_HOUR)
    assert "confirmo" not in desk.items()[-1]["body"]
    assert desk.clinic.serve("cancelar", "ok cancela", number=ROSANGELA).actions == ("cancelled",)


def test_names_of_kinds_are_those_the_owner_gives(desk: Desk) -> None:
    """With [agenda] nomes the reminder says what it is."""
    names = '\nnomes = { limpeza = "limpeza" }\n'
    desk.clinic.card = parse_card(CARD_TEXT + names, "negocio.toml")
    desk.at(EVE)
    assert "limpeza de Rosângela, amanhã" in desk.items()[0]["body"]


def test_the_story_of_a_reminder_can_be_told(desk: Desk) -> None:
    """It has no turn, and an operator still sees what became of it."""
    desk.at(EVE)
    story = tell_story(desk.clinic.engine, Reference(OUTBOX, 1))
    assert (story.number, [step.what for step in story.steps]) == (ROSANGELA, ["item_placed"])


def test_reminders_turned_off(desk: Desk) -> None:
    """No hours, no reminders; and a business without an agenda has none."""
    desk.clinic.card = parse_card(CARD_TEXT + "\n[agenda.lembretes]\nhoras_antes = []\n", "negocio.toml")
    assert desk.at(EVE) == 0
    desk.clinic.card = parse_card(CARD_TEXT[: CARD_TEXT.index("[agenda]")], "negocio.toml")
    assert desk.at(EVE) == 0
