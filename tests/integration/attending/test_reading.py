"""What an attendant reads: the list with who waits first, one conversation whole, why something was said, quick answers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session

from secretaria.attending.board import BoardRow, Filters, list_conversations
from secretaria.attending.explaining import NothingToExplain, explain_turn, last_answer
from secretaria.attending.holding import take
from secretaria.attending.quick_answers import (
    QuickAnswerInvalid,
    QuickAnswerUnknown,
    list_quick_answers,
    remove_quick_answer,
    save_quick_answer,
)
from secretaria.attending.record import ConversationNotNamed, conversation_named, open_record
from secretaria.attending.suggesting import NothingToAnswer, suggest_draft
from secretaria.attending.timeline import Viewer, tell, wanted
from secretaria.attending.writing import add_note
from secretaria.clock import SystemClock
from secretaria.conversations.feed import read_feed
from secretaria.errors import UsageInvalid
from secretaria.knowledge.library import PublishedLibrary
from secretaria.replies.answer import AnsweringRoom
from secretaria.simulation import SAMPLE_BUSINESS
from tests.answering import BUBBLES, Scene, a_draft
from tests.attending import MARTA, done
from tests.builders import rows
from tests.scripted_model import ScriptedModel, says

NUMBERS = [f"55209000001{place:02}" for place in range(1, 7)]


@pytest.fixture
def town(scene: Scene) -> Scene:
    """Six people wrote, a minute apart; the second and the fourth wait for a person, the third is with one."""
    for place, number in enumerate(NUMBERS):
        scene.customer_writes(f"oi, sou a pessoa {place + 1}", number=number)
        scene.clock.advance(60)
    for place, mode in ((2, "waiting"), (4, "waiting"), (3, "attended")):
        scene.change("conversation", place, mode=mode, mode_changed_at=scene.clock.now() - timedelta(minutes=place))
    scene.change("contact", 5, name="Ótica São João")
    return scene


def listed(scene: Scene, filters: Filters | None = None, limit: int = 50, before: str | None = None) -> list[BoardRow]:
    """Read a page of the list."""
    return list(done(scene, lambda session: list_conversations(session, filters, limit, before)))


def test_who_waits_longest_stands_first(town: Scene) -> None:
    """First who waits for a person, the longest first, also for a person who has it; then the latest; numbers masked."""
    found = listed(town)
    assert [row.conversation_id for row in found] == [4, 3, 2, 6, 5, 1]
    assert [row.waiting_since is not None for row in found] == [True, True, True, False, False, False]
    assert found[0].number == "5520*****0104"
    assert found[0].last_text == "oi, sou a pessoa 4"


@pytest.mark.parametrize("limit", [1, 2, 4])
def test_pages_follow_one_another(town: Scene, limit: int) -> None:
    """Page after page gives the whole list, nothing twice, across the border between who waits and who does not."""
    seen: list[int] = []
    before = None
    while page := listed(town, limit=limit, before=before):
        seen += [row.conversation_id for row in page]
        before = page[-1].position
    assert seen == [4, 3, 2, 6, 5, 1]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(search="5520900000104"), [4]),
        (Filters(search="(20) 90000-0104"), [4]),
        (Filters(search="2090000104"), []),
        (Filters(search="OTICA SAO"), [5]),
        (Filters(search="sou a PESSOA 6"), [6]),
        (Filters(search="100%"), []),
        (Filters(search="_"), []),
        (Filters(mode="waiting"), [4, 2]),
        (Filters(handoff="any"), []),
        (Filters(holder="marta"), []),
    ],
)
def test_the_list_finds(town: Scene, filters: Filters, expected: list[int]) -> None:
    """By a whole number however it is written, by name and words without accents, by mode; wildcards are letters."""
    assert [row.conversation_id for row in listed(town, filters)] == expected


def test_period_and_labels(answered: Scene) -> None:
    """Only with a last word in the period, and only with a turn read so."""
    now = answered.clock.now()
    assert listed(answered, Filters(since=now - timedelta(minutes=1), until=now))
    assert not listed(answered, Filters(since=now + timedelta(minutes=1)))
    assert listed(answered, Filters(intention="preco", sentiment=0))[0].intention == "preco"
    assert not listed(answered, Filters(intention="reclamacao"))


@pytest.mark.parametrize("before", ["x", "1-2", "0-" + "9" * 40 + "-1", "1-2-3-4"])
def test_a_page_nobody_gave_is_refused(scene: Scene, before: str) -> None:
    """What does not stand in a link of ours is told."""
    with pytest.raises(UsageInvalid):
        listed(scene, before=before)


def test_one_conversation_whole(answered: Scene) -> None:
    """Bubbles with who wrote them and how they stand, the analysis by turn, the notes; older ones on request."""
    done(answered, lambda session: take(session, 1, MARTA, answered.clock.now()))
    done(answered, lambda session: add_note(session, 1, "ligar amanhã", by=MARTA, now=answered.clock.now()))
    record = done(answered, lambda session: open_record(session, 1, now=answered.clock.now()))
    assert [(one.author, one.delivery) for one in record.bubbles] == [
        ("contact", ""),
        ("secretary", "superseded"),
        ("secretary", "superseded"),
    ]
    assert (record.analyses[1].intention, record.holder, record.number) == ("preco", "marta", "5520*****0101")
    assert [note.text for note in record.notes] == ["ligar amanhã"]
    newest = done(answered, lambda session: open_record(session, 1, now=answered.clock.now(), limit=1))
    assert ([one.seq for one in newest.bubbles], newest.has_older) == ([3], True)
    older = done(answered, lambda session: open_record(session, 1, now=answered.clock.now(), before_seq=3))
    assert ([one.seq for one in older.bubbles], older.has_older) == ([1, 2], False)


def test_a_conversation_is_named_by_itself_or_by_its_number(answered: Scene) -> None:
    """What an operator has at hand: the number of the list, or the customer's, with or without the country."""
    for named in ("1", "c1", "5520900000101", "+55 (20) 90000-0101", "20900000101"):
        assert done(answered, lambda session, named=named: conversation_named(session, named)) == 1  # type: ignore[misc]
    with pytest.raises(ConversationNotNamed):
        done(answered, lambda session: conversation_named(session, "5520900009999"))


def test_why_it_was_said(answered: Scene) -> None:
    """The turn by one of its bubbles: what was asked, the sources with their words, checks, tokens, steps, sends."""
    told = done(answered, lambda session: explain_turn(session, message_id=3))
    assert (told.turn_id, told.asked, list(told.bubbles)) == (1, ["qnt ta a limpeza?"], BUBBLES)
    assert [source.source for source in told.sources] == ["servicos-e-precos.md#limpeza"]
    assert told.checks["length"] == "passed"
    assert (told.prompt_tokens or 0) > 0
    assert "draft" in told.steps
    assert [send.state for send in told.sends] == ["pending", "pending"]
    assert done(answered, lambda session: last_answer(session, 1)) == 1
    for missing in ({"message_id": 1_000}, {"turn_id": 1_000}, {}):
        with pytest.raises(NothingToExplain):
            done(answered, lambda session, missing=missing: explain_turn(session, **missing))  # type: ignore[misc]


def test_a_source_of_a_published_version_has_its_words(asked: Scene, model: ScriptedModel) -> None:
    """The text is that of the version the answer rested on, also after another one was published."""
    room = asked.room
    asked.room = AnsweringRoom(
        room.engine, room.publisher, room.clock, room.chat,
        PublishedLibrary(asked.engine, SAMPLE_BUSINESS, SystemClock()), room.keeper, room.resume_after_hours,
    )  # fmt: skip
    model.endings.append(says(a_draft()))
    asked.answer()
    told = done(asked, lambda session: explain_turn(session, turn_id=1))
    assert told.version_id == 1
    assert "180" in (told.sources[0].text or "")


def test_a_suggestion_is_sent_to_nobody(asked: Scene, model: ScriptedModel) -> None:
    """It is drafted as an answer is, and leaves no reply, no bubble and no change of the conversation."""
    done(asked, lambda session: take(session, 1, MARTA, asked.clock.now()))
    before = asked.conversation()
    model.endings.append(says(a_draft()))
    suggested = suggest_draft(asked.room, 1, MARTA)
    assert list(suggested.bubbles) == ["A limpeza custa R$ 180."]
    assert (rows(asked.engine, "reply"), rows(asked.engine, "outbox_item")) == ([], [])
    assert asked.conversation() == before
    assert "qnt ta a limpeza?" in model.prompts()[0]
    model.faults.mode = "error_500"
    assert (list(suggest_draft(asked.room, 1, MARTA).bubbles), rows(asked.engine, "reply")) == ([], [])


def test_nothing_is_suggested_to_silence(scene: Scene) -> None:
    """Where only the team has written there is nothing to answer."""
    scene.person_writes()
    with pytest.raises(NothingToAnswer):
        suggest_draft(scene.room, 1, MARTA)


def test_quick_answers_are_everybodys(scene: Scene) -> None:
    """Saved, changed and removed under one name, each change in the audit; what cannot be typed is refused."""
    now = scene.clock.now()
    done(scene, lambda session: save_quick_answer(session, "/Pix", "Chave: clinica@exemplo.br", MARTA, now))
    done(scene, lambda session: save_quick_answer(session, "pix", "Só na recepção.", MARTA, now))
    kept = done(scene, list_quick_answers)
    assert [(one.name, one.text) for one in kept] == [("pix", "Só na recepção.")]
    for name, text in (("olá", "x"), ("", "x"), ("x" * 41, "x"), ("pix", " ")):
        with pytest.raises(QuickAnswerInvalid):
            done(scene, lambda session, name=name, text=text: save_quick_answer(session, name, text, MARTA, now))  # type: ignore[misc]
    done(scene, lambda session: remove_quick_answer(session, "pix", MARTA, now))
    with pytest.raises(QuickAnswerUnknown):
        done(scene, lambda session: remove_quick_answer(session, "pix", MARTA, now))
    assert [entry["action"] for entry in rows(scene.engine, "audit_entry")] == [
        "quick_answer.saved",
        "quick_answer.saved",
        "quick_answer.removed",
    ]


def chosen(scene: Scene, **asked: object) -> list[tuple[str, int | None]]:
    """Return kind and bubble of what a viewer would be shown of everything that happened."""
    viewer = Viewer(wanted(None, **asked))  # type: ignore[arg-type]  # a test passes what it takes
    with Session(scene.engine) as session:
        told = viewer.choose(session, read_feed(session, None).entries)
    return [(one.entry.kind, one.entry.message_id) for one in told]


def test_who_asks_for_an_intention_sees_the_question_too(answered: Scene) -> None:
    """What the customer wrote comes with the answer that tells how it was read, and once."""
    everything = chosen(answered)
    assert everything == [("message", 1), ("reply", None), ("message", 2), ("message", 3)]
    assert chosen(answered, intention="preco") == everything
    assert chosen(answered, sentiment=-1) == chosen(answered, handoff="any") == []
    assert chosen(answered, grep="LIMPEZA custa") == [("message", 2)]
    assert chosen(answered, grep=r"r\$ \d+") == [("message", 2)]
    assert chosen(answered, mode="waiting") == []
    assert chosen(answered, mode="automatic") == everything


def test_live_the_question_comes_with_its_answer(asked: Scene, model: ScriptedModel) -> None:
    """Before the answer nobody knows what the question is about; then both are shown."""
    viewer = Viewer(wanted(None, intention="preco"))
    with Session(asked.engine) as session:
        page = read_feed(session, None)
        assert viewer.choose(session, page.entries) == []
    model.endings.append(says(a_draft()))
    asked.answer()
    with Session(asked.engine) as session:
        told = viewer.choose(session, read_feed(session, page.cursor).entries)
    assert [(one.entry.kind, one.entry.message_id) for one in told] == [("message", 1), ("reply", None), ("message", 2)]


def test_live_a_question_is_found_by_its_words_and_its_reading(asked: Scene, model: ScriptedModel) -> None:
    """Both must be so, and the answer alone, which does not hold the words, is not shown."""
    viewer = Viewer(wanted(None, intention="preco", grep="qnt ta"))
    with Session(asked.engine) as session:
        page = read_feed(session, None)
        assert viewer.choose(session, page.entries) == []
    model.endings.append(says(a_draft()))
    asked.answer()
    with Session(asked.engine) as session:
        told = viewer.choose(session, read_feed(session, page.cursor).entries)
    assert [(one.entry.kind, one.entry.message_id) for one in told] == [("message", 1)]


@pytest.mark.parametrize("asked_for", [{"mode": "asleep"}, {"grep": "("}])
def test_what_nobody_can_look_for_is_told(asked_for: dict[str, str]) -> None:
    """A mode that does not exist, a pattern that cannot be read."""
    with pytest.raises(UsageInvalid):
        wanted(None, **asked_for)  # type: ignore[arg-type]  # as above


def test_what_was_erased_is_not_told(answered: Scene) -> None:
    """Entries of a person who was erased meanwhile are left out."""
    answered.change("contact", 1, number="")
    with Session(answered.engine) as session:
        assert tell(session, read_feed(session, None).entries) == []
