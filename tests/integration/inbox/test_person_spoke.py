"""What leaves from our own number: a person's word silences the secretary, an echo of our own does not."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from secretaria.clock import HeldClock
from secretaria.conversations.models import Author, Direction
from secretaria.conversations.store import add_message, load_conversation
from secretaria.inbox.filing import FilingRoom
from secretaria.inbox.receive import Door
from secretaria.whaticket.notices import NOTICE_HEAD
from tests.builders import NUMBER, PublishedNudges, a_text, receive_and_file, rows

SAID = "Bom dia, Juliana! A limpeza custa R$ 180 e dura cerca de 50 minutos."


def an_own(words: str = SAID, **more: object) -> dict[str, Any]:
    """Build the event of a text that left from our own number."""
    return {**a_text(words, message_id="3EB0OWN", fromMe=True), **more}


def say(engine: Engine, clock: HeldClock, words: str = SAID) -> None:
    """Let the secretary have said something in the first conversation."""
    with Session(engine) as session:
        add_message(
            session,
            load_conversation(session, 1),
            direction=Direction.OUTBOUND,
            author=Author.SECRETARY,
            kind="text",
            text=words,
            sent_at=clock.now(),
            now=clock.now(),
        )
        session.commit()


def set_mode(engine: Engine, mode: str) -> None:
    """Put every conversation in a mode."""
    with engine.begin() as connection:
        connection.execute(text("UPDATE conversation SET mode = :mode"), {"mode": mode})


def test_a_person_silences_the_secretary(door: Door, room: FilingRoom, clock: HeldClock) -> None:
    """Words typed on the phone or in Whaticket close the open turn, stay in the history and are the person's."""
    receive_and_file(door, room, a_text("quero remarcar"))
    clock.advance(2)
    receipt = receive_and_file(door, room, an_own("Oi Ju, aqui é a Marta, já vejo para você"))
    (conversation,), (turn,) = rows(door.engine, "conversation"), rows(door.engine, "turn")
    assert receipt.ignored == "from_me"
    assert (conversation["mode"], conversation["person_spoke_at"]) == ("attended", clock.now())
    assert (turn["state"], turn["reason"], turn["closed_at"]) == ("silenced", "person_spoke", clock.now())
    message = rows(door.engine, "message")[1]
    assert (message["author"], message["direction"], message["turn_id"]) == ("attendant", "outbound", None)
    assert (message["text"], message["provider_message_id"]) == ("Oi Ju, aqui é a Marta, já vejo para você", "3EB0OWN")
    event = rows(door.engine, "inbox_event")[1]
    assert (event["state"], event["reason"], event["body"]) == ("ignored", "from_me", b"")
    assert conversation["last_inbound_seq"] == 1


def test_media_of_a_person_silences_too(door: Door, room: FilingRoom) -> None:
    """A picture or a voice message of a person has no words and is a word of a person."""
    receive_and_file(door, room, a_text("quero remarcar"))
    receive_and_file(door, room, an_own(message={"audioMessage": {"seconds": 7, "ptt": True}}))
    assert rows(door.engine, "conversation")[0]["mode"] == "attended"
    assert rows(door.engine, "message")[1]["kind"] == "audio"


def test_a_person_who_writes_while_a_draft_is_made_has_the_word(door: Door, room: FilingRoom) -> None:
    """The turn under way belongs to its worker, who will find at the gate that a person has the conversation."""
    receive_and_file(door, room, a_text("quero remarcar"))
    with door.engine.begin() as connection:
        connection.execute(text("UPDATE turn SET state = 'answering'"))
    receive_and_file(door, room, an_own("deixa comigo"))
    assert rows(door.engine, "conversation")[0]["mode"] == "attended"
    assert rows(door.engine, "turn")[0]["state"] == "answering"


def test_a_message_in_a_turn_under_way_joins_it(
    door: Door, room: FilingRoom, nudges: PublishedNudges, clock: HeldClock
) -> None:
    """While a draft is made a new message opens no second turn, and makes the old draft stale."""
    receive_and_file(door, room, a_text("quero remarcar"))
    with door.engine.begin() as connection:
        connection.execute(text("UPDATE turn SET state = 'answering'"))
    clock.advance(10)
    receive_and_file(door, room, a_text("para sexta", message_id="M2"))
    (turn,), (conversation,) = rows(door.engine, "turn"), rows(door.engine, "conversation")
    assert (turn["state"], turn["messages"], conversation["last_inbound_seq"]) == ("answering", 2, 2)
    assert {nudge.identifier for nudge in nudges.published[1:] if nudge.job.queue == "turns"} == {str(turn["id"])}


@pytest.mark.parametrize(
    ("said", "echoed"),
    [
        (SAID, SAID),
        (SAID, f"*Secretária:*\n{SAID}"),
        (SAID, f"  {SAID.replace(' ', '  ')}\n"),
        (SAID, SAID.replace("Juliana", "\u2068Juliana\u2069")),
        ("O código é {{x}} {{{y}}}", "O código é { {x}} { { {y}}}"),
        ("Ação à mão", "Ac\u0327a\u0303o a\u0300 ma\u0303o"),
        ("*Preços:*\nLimpeza R$ 180", "*Preços:*\nLimpeza R$ 180"),
    ],
)
def test_an_echo_of_our_own_words_is_no_person(
    door: Door, room: FilingRoom, clock: HeldClock, said: str, echoed: str
) -> None:
    """What we said comes back as forks rewrite it; the secretary goes on and the history has it once."""
    receive_and_file(door, room, a_text("qnt ta a limpeza?"))
    say(door.engine, clock, said)
    clock.advance(90)
    receive_and_file(door, room, an_own(echoed))
    assert rows(door.engine, "conversation")[0]["mode"] == "automatic"
    assert rows(door.engine, "turn")[0]["state"] == "waiting"
    assert len(rows(door.engine, "message")) == 2


def test_our_words_of_long_ago_said_again_are_a_person(door: Door, room: FilingRoom, clock: HeldClock) -> None:
    """After an hour no echo comes any more: who says the same then is a person."""
    receive_and_file(door, room, a_text("qnt ta a limpeza?"))
    say(door.engine, clock)
    clock.advance(3_601)
    receive_and_file(door, room, an_own())
    assert rows(door.engine, "conversation")[0]["mode"] == "attended"


@pytest.mark.parametrize(
    "message",
    [
        {"conversation": "\u200eOlá! Escolha uma opção: 1 - Agendar"},
        {"extendedTextMessage": {"text": " \u200eAtendimento encerrado"}},
        {"imageMessage": {"caption": "\u200eNosso cardápio"}},
        {"conversation": ""},
        {"conversation": "\u200b"},
        {"reactionMessage": {"text": "👍"}},
        {"protocolMessage": {"type": 0}},
        {},
        None,
    ],
)
def test_what_no_person_wrote_silences_nobody(door: Door, room: FilingRoom, message: dict[str, Any] | None) -> None:
    """Automatic texts of the forks, marked with U+200E, and events without words of anybody leave all as it is."""
    receive_and_file(door, room, a_text("quero remarcar"))
    assert receive_and_file(door, room, an_own(message=message)).ignored == "from_me"
    assert rows(door.engine, "conversation")[0]["mode"] == "automatic"
    assert rows(door.engine, "turn")[0]["state"] == "waiting"
    assert [event["state"] for event in rows(door.engine, "inbox_event")] == ["filed", "ignored"]


def test_a_notice_to_the_owner_opens_no_conversation(door: Door, room: FilingRoom) -> None:
    """What Whaticket shows of an alert that we sent is nobody's word: no contact, no conversation, no attendant."""
    event = receive_and_file(door, room, an_own(f"{NOTICE_HEAD}\n\n*NenhumWorker*\nNenhum worker está vivo."))
    assert event.ignored == "from_me"
    assert rows(door.engine, "contact") == rows(door.engine, "conversation") == rows(door.engine, "message") == []


def test_a_person_who_writes_first_has_the_conversation(door: Door, room: FilingRoom, clock: HeldClock) -> None:
    """An own message to somebody we never heard opens an attended conversation, without a turn or our own name."""
    receive_and_file(door, room, {**an_own("Oi, aqui é da clínica"), "pushName": "Clínica Sorriso"})
    (contact,), (conversation,) = rows(door.engine, "contact"), rows(door.engine, "conversation")
    assert (contact["number"], contact["name"]) == ("5520900000101", None)
    assert (conversation["mode"], conversation["mode_changed_at"]) == ("attended", clock.now())
    assert (conversation["last_seq"], conversation["last_inbound_seq"], rows(door.engine, "turn")) == (1, 0, [])


def test_an_own_message_to_nobody_known_changes_nothing(door: Door, room: FilingRoom) -> None:
    """Where the customer's number cannot be told, no conversation is made up."""
    receive_and_file(door, room, an_own(key={"remoteJid": "120000000000077@lid", "fromMe": True, "id": "L1"}))
    assert rows(door.engine, "contact") == rows(door.engine, "conversation") == []
    assert rows(door.engine, "inbox_event")[0]["state"] == "ignored"


@pytest.mark.parametrize("mode", ["waiting", "attended"])
def test_every_word_of_a_person_counts_from_then(door: Door, room: FilingRoom, clock: HeldClock, mode: str) -> None:
    """A person who takes over, or goes on, keeps the conversation from that moment."""
    receive_and_file(door, room, a_text("quero remarcar"))
    set_mode(door.engine, mode)
    clock.advance(600)
    receive_and_file(door, room, an_own("deixa comigo"))
    (conversation,) = rows(door.engine, "conversation")
    assert (conversation["mode"], conversation["person_spoke_at"]) == ("attended", clock.now())


def test_a_paused_conversation_stays_paused(door: Door, room: FilingRoom, clock: HeldClock) -> None:
    """A pause ends only when somebody ends it: a person's word there must not bring the secretary back by and by."""
    receive_and_file(door, room, a_text("quero remarcar"))
    set_mode(door.engine, "paused")
    receive_and_file(door, room, an_own("deixa comigo"))
    (conversation,) = rows(door.engine, "conversation")
    assert (conversation["mode"], conversation["person_spoke_at"]) == ("paused", clock.now())
    assert rows(door.engine, "message")[1]["text"] == "deixa comigo"


def test_closed_ticket_gives_the_conversation_back(door: Door, room: FilingRoom, clock: HeldClock) -> None:
    """When a person closes the ticket at Whaticket, the next message is the secretary's, in a new episode."""
    receive_and_file(door, room, a_text())
    receive_and_file(door, room, a_text("deixa comigo", message_id="P1", fromMe=True))
    clock.advance(60)
    receive_and_file(door, room, {"acao": "end", "mensagem": "SAIR", "sender": NUMBER, "fromMe": False})
    (conversation,) = rows(door.engine, "conversation")
    assert (conversation["mode"], conversation["episode_at"]) == ("automatic", clock.now())
