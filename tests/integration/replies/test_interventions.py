"""What an operator decides happens once, only where it may, and is told in the row's own story."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from uuid import UUID

import pytest
from sqlalchemy import Engine, text

from secretaria.errors import NotFound
from secretaria.inbox.receive import receive_webhook
from secretaria.outbox.delivery import deliver_item
from secretaria.queue.jobs import DELIVER_ITEM, FILE_EVENT
from secretaria.replies.backlog import list_standing, read_stats
from secretaria.replies.interventions import (
    InterventionRoom,
    NothingToDo,
    SecretaryIsSilent,
    confirm_arrived,
    drop,
    retry,
)
from secretaria.replies.references import Reference
from tests.answering import BUBBLES, FIRST, SECOND, OpenDispatch, Scene, WhaticketSite
from tests.builders import Nudge, a_door, a_filing_room, a_text, file_received, rows, with_token

Decide = Callable[[InterventionRoom, Reference], None]
ITEM = Reference("outbox", FIRST)


def room_of(scene: Scene) -> InterventionRoom:
    """Build what a decision needs."""
    return InterventionRoom(scene.engine, scene.nudges, scene.clock)


def bring(scene: Scene, state: str) -> None:
    """Bring the first bubble into a state, by a way the protocol draws."""
    until = scene.clock.now() + timedelta(seconds=45)
    ways = {
        "unconfirmed": ("sending", "unconfirmed"),
        "held": ("sending", "unconfirmed", "held"),
        "dead": ("sending", "dead"),
    }
    for step in ways[state]:
        scene.change("outbox_item", FIRST, state=step, lease_until=until, reason=f"was_{step}")
    scene.change("message", scene.item()["message_id"], delivery=state)


def a_parked_event(scene: Scene, event: dict[str, object] | None = None) -> Reference:
    """Let an event in and park it as filing would."""
    receive_webhook(a_door(scene.engine, scene.nudges, scene.clock), with_token(event or a_text(message_id="M1")))
    identifier: UUID = rows(scene.engine, "inbox_event")[-1]["id"]
    with scene.engine.begin() as connection:
        connection.execute(
            text("UPDATE inbox_event SET state = 'parked', reason = 'KeyError', failures = 5 WHERE id = :id"),
            {"id": identifier},
        )
    scene.nudges.published.clear()
    return Reference("inbox", identifier)


def the_event(scene: Scene, reference: Reference) -> dict[str, object]:
    """Return the row of an event."""
    return next(row for row in rows(scene.engine, "inbox_event") if row["id"] == reference.key)


@pytest.mark.parametrize("state", ["held", "dead"])
def test_resend(answered: Scene, open_dispatch: OpenDispatch, whaticket: WhaticketSite, state: str) -> None:
    """A held or dead send is nudged at once and reaches the customer; its story says who wanted that."""
    bring(answered, state)
    retry(room_of(answered), ITEM)
    assert answered.item_states() == ["pending", "pending"]
    assert answered.nudges.published == [Nudge(DELIVER_ITEM, str(FIRST), 0.0)]
    log = rows(answered.engine, "outbox_log")[-1]
    assert (log["from_state"], log["to_state"], log["reason"]) == (state, "pending", "operator_retried")
    deliver_item(open_dispatch(whaticket), FIRST)
    assert answered.item_states() == ["sent", "pending"]
    assert whaticket.bodies() == BUBBLES[:1]


def test_resend_after_the_customer_wrote_again(
    answered: Scene, open_dispatch: OpenDispatch, whaticket: WhaticketSite
) -> None:
    """What an operator wants said is said, though the customer has gone on meanwhile."""
    answered.change("outbox_item", FIRST, state="superseded")
    answered.change("outbox_item", SECOND, state="held")
    answered.customer_writes("e aí?")
    retry(room_of(answered), Reference("outbox", SECOND))
    deliver_item(open_dispatch(whaticket), SECOND)
    assert whaticket.bodies() == BUBBLES[1:]


@pytest.mark.parametrize("mode", ["attended", "paused"])
def test_resend_while_a_person_has_the_word(answered: Scene, mode: str) -> None:
    """It would only be dropped, so it is refused with the reason and stays where it was."""
    bring(answered, "held")
    answered.change("conversation", 1, mode=mode)
    with pytest.raises(SecretaryIsSilent):
        retry(room_of(answered), ITEM)
    assert answered.item_states() == ["held", "pending"]
    assert answered.nudges.published == []


@pytest.mark.parametrize("state", ["held", "unconfirmed"])
def test_it_arrived(answered: Scene, state: str) -> None:
    """A doubt that an operator cleared is sent, by their word, and what waited behind it goes on at once."""
    bring(answered, state)
    confirm_arrived(room_of(answered), ITEM)
    assert answered.item_states() == ["sent", "pending"]
    item = answered.item()
    assert (item["confirmed_by"], item["sent_at"], item["lease_until"]) == ("operator", answered.clock.now(), None)
    assert answered.nudges.published == [Nudge(DELIVER_ITEM, str(SECOND), 0.0)]


@pytest.mark.parametrize("state", ["held", "unconfirmed", "dead"])
def test_drop_of_a_send(answered: Scene, state: str) -> None:
    """What is given up is dead, needs nobody any more, and blocks nobody."""
    bring(answered, state)
    drop(room_of(answered), ITEM)
    assert answered.item_states() == ["dead", "pending"]
    assert answered.item()["reason"] == "operator_dropped"
    assert read_stats(answered.engine, answered.clock.now())[2].states["dead"] == 0
    standing = list_standing(answered.engine, queue=None, state=None, limit=10)
    assert [str(row.reference) for row in standing] == ["o:2"]
    assert answered.nudges.published == [Nudge(DELIVER_ITEM, str(SECOND), 0.0)]


def test_parked_event_is_filed_after_a_retry(scene: Scene) -> None:
    """It is received again with a clean count, and a mended reader makes a message of it."""
    reference = a_parked_event(scene)
    retry(room_of(scene), reference)
    event = the_event(scene, reference)
    assert (event["state"], event["failures"], event["reason"]) == ("received", 0, None)
    assert scene.nudges.published == [Nudge(FILE_EVENT, str(reference.key), 0.0)]
    file_received(a_filing_room(scene.engine, scene.nudges, scene.clock))
    assert the_event(scene, reference)["state"] == "filed"
    assert len(rows(scene.engine, "message")) == 1


def test_parked_word_of_a_person_stays_one(scene: Scene) -> None:
    """An own message that was parked is not taken for the customer's: the conversation is attended afterwards."""
    reference = a_parked_event(scene, a_text("Oi, é a Renata", message_id="M1", fromMe=True))
    retry(room_of(scene), reference)
    file_received(a_filing_room(scene.engine, scene.nudges, scene.clock))
    assert scene.conversation()["mode"] == "attended"
    assert rows(scene.engine, "turn") == []


def test_unreadable_event_may_be_tried_again(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that still fails does not stop the operator: filing says so and parks it again."""

    def fail(_: object) -> object:
        raise KeyError("veneno")

    reference = a_parked_event(scene)
    monkeypatch.setattr("secretaria.replies.interventions.read_payload", fail)
    retry(room_of(scene), reference)
    assert the_event(scene, reference)["state"] == "received"


def test_drop_of_an_event(scene: Scene) -> None:
    """It is ignored for good and what the customer wrote is not kept."""
    reference = a_parked_event(scene)
    drop(room_of(scene), reference)
    event = the_event(scene, reference)
    assert (event["state"], event["reason"], event["body"]) == ("ignored", "operator_dropped", b"")
    with pytest.raises(NothingToDo):
        retry(room_of(scene), reference)


@pytest.mark.parametrize("decide", [retry, drop, confirm_arrived])
def test_second_click_does_nothing(answered: Scene, decide: Decide) -> None:
    """Whoever decides again is told that there was nothing to be done, and nothing is."""
    bring(answered, "held")
    decide(room_of(answered), ITEM)
    before = rows(answered.engine, "outbox_log"), answered.item()
    answered.nudges.published.clear()
    with pytest.raises(NothingToDo) as refused:
        decide(room_of(answered), ITEM)
    assert "nada a fazer" in refused.value.message
    assert (rows(answered.engine, "outbox_log"), answered.item()) == before
    assert answered.nudges.published == []


@pytest.mark.parametrize("decide", [retry, drop, confirm_arrived])
def test_of_several_at_once_one_decides(answered: Scene, decide: Decide) -> None:
    """Four operators on the same send at the same moment: one did it, three are told that it was done."""
    bring(answered, "held")
    assert _at_once([decide] * 4, answered, ITEM) == 1
    assert [log["from_state"] for log in rows(answered.engine, "outbox_log")].count("held") == 1


def test_opposite_decisions_at_once(answered: Scene) -> None:
    """Who says that it arrived and who gives it up cannot both be right: one of them is."""
    bring(answered, "unconfirmed")
    assert _at_once([confirm_arrived, drop], answered, ITEM) == 1


@pytest.mark.parametrize("decide", [retry, drop])
def test_event_is_decided_once(scene: Scene, decide: Decide) -> None:
    """The same holds for events."""
    reference = a_parked_event(scene)
    assert _at_once([decide] * 4, scene, reference) == 1


@pytest.mark.parametrize(
    ("decide", "states"),
    [
        (retry, ["pending", "sending", "unconfirmed", "sent", "superseded"]),
        (confirm_arrived, ["pending", "sending", "sent", "dead", "superseded"]),
        (drop, ["pending", "sending", "sent", "superseded"]),
    ],
)
def test_only_where_it_may(answered: Scene, owner: Engine, decide: Decide, states: list[str]) -> None:
    """From any other state nothing moves, and the sentence names the state."""
    for state in states:
        _force(owner, state)
        with pytest.raises(NothingToDo) as refused:
            decide(room_of(answered), ITEM)
        assert state in refused.value.message
        assert answered.item()["state"] == state


@pytest.mark.parametrize("decide", [retry, drop, confirm_arrived])
@pytest.mark.parametrize("state", ["waiting", "handed_off", "silenced", "answered"])
def test_turns_are_not_made_again(asked: Scene, decide: Decide, state: str) -> None:
    """A turn moves by itself or belongs to a person; the operator is told which."""
    asked.change("turn", 1, state=state)
    with pytest.raises(NothingToDo) as refused:
        decide(room_of(asked), Reference("turns", 1))
    assert state in refused.value.message
    assert "pessoa" in refused.value.hint
    assert asked.turns()[0]["state"] == state


@pytest.mark.parametrize("decide", [retry, drop, confirm_arrived])
@pytest.mark.parametrize(
    "reference", [Reference("inbox", UUID(int=404)), Reference("turns", 404), Reference("outbox", 404)], ids=str
)
def test_what_does_not_exist(scene: Scene, decide: Decide, reference: Reference) -> None:
    """A row that is not there is not found, whatever is asked of it."""
    with pytest.raises(NotFound):
        decide(room_of(scene), reference)


def _at_once(decisions: list[Decide], scene: Scene, reference: Reference) -> int:
    """Let several decide at the same moment; return how many did it, the others having been told so."""
    together = Barrier(len(decisions))

    def act(decide: Decide) -> bool:
        together.wait()
        try:
            decide(room_of(scene), reference)
        except NothingToDo:
            return False
        return True

    with ThreadPoolExecutor(len(decisions)) as pool:
        return sum(pool.map(act, decisions))


def _force(owner: Engine, state: str) -> None:
    """Put the first bubble into a state past the protocol."""
    with owner.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("UPDATE outbox_item SET state = :state WHERE id = 1"), {"state": state})
