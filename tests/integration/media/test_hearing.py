"""From a file on a real Whaticket to words in the prompt; and what becomes of the turn when that goes wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from secretaria.conversations.transcripts import take_transcription
from secretaria.database.transaction import transaction
from secretaria.llm.budget import Budget
from secretaria.llm.pricing import PriceList
from secretaria.llm.transcriber import OpenAITranscriber
from secretaria.queue.jobs import ANSWER_TURN
from secretaria.settings import BudgetSection, MediaSection
from secretaria.simulation.recordings import record
from tests.answering import LLM_KEY, captured_lines
from tests.builders import NUMBER, rows
from tests.integration.media.conftest import WORDS, Listening
from tests.scripted_model import ScriptedModel, answers


def test_an_audio_becomes_words_before_its_turn_is_answered(listening: Listening, model: ScriptedModel) -> None:
    """The turn waits, the words come, and the model reads them as what the customer said."""
    listening.customer_says()
    assert listening.scene.due_in() == 20
    assert listening.nudged() == ["1"]
    listening.hear()
    assert listening.message()["transcript"] == WORDS
    assert listening.scene.due_in() == 8
    assert listening.scene.nudges.of(ANSWER_TURN)[-1].delay_seconds == 8
    listening.scene.quiet()
    listening.scene.answer()
    assert WORDS in model.prompts()[-1]
    assert '"tipo": "audio"' in model.prompts()[-1]
    assert any("180" in bubble for bubble in listening.scene.bubbles())


def test_the_turn_goes_on_without_words_after_its_wait(listening: Listening, model: ScriptedModel) -> None:
    """Twenty seconds, then the customer is answered anyway; words that come later are kept and change nothing."""
    listening.customer_says()
    listening.scene.quiet()
    listening.scene.answer()
    answered = listening.scene.turns()
    assert WORDS not in model.prompts()[-1]
    listening.hear()
    assert listening.message()["transcript"] == WORDS
    assert listening.scene.turns() == answered


def test_a_second_run_of_the_same_nudge_does_nothing(listening: Listening) -> None:
    """The queue may deliver twice; the audio is heard once."""
    listening.customer_says()
    listening.hear()
    done = listening.transcription(), listening.message(), listening.scene.turns()
    listening.hear()
    assert (listening.transcription(), listening.message(), listening.scene.turns()) == done


def test_two_workers_do_not_hear_the_same_audio(listening: Listening) -> None:
    """Whoever comes while another has it leaves it alone."""
    listening.customer_says()
    take(listening)
    listening.hear()
    assert listening.message()["transcript"] is None


def test_a_killed_worker_s_audio_is_taken_up_by_the_sweep(listening: Listening) -> None:
    """It is left alone while the worker may live, then nudged for and heard."""
    listening.customer_says()
    take(listening)
    listening.scene.sweep(10)
    assert listening.nudged() == ["1"]
    listening.scene.sweep(40)
    assert listening.nudged() == ["1", "1"]
    listening.hear()
    assert listening.message()["transcript"] == WORDS


def test_an_audio_that_kills_its_workers_is_given_up(listening: Listening) -> None:
    """The fourth worker does not open what three did not survive."""
    listening.customer_says()
    for _ in range(3):
        take(listening)
        listening.scene.clock.advance(60)
    listening.hear()
    assert (listening.transcription()["state"], listening.transcription()["reason"]) == ("failed", "worker_lost")


def test_a_lost_nudge_is_found_by_the_sweep(listening: Listening) -> None:
    """The row is the truth: without any queue the audio is heard a few seconds later."""
    listening.customer_says()
    listening.scene.sweep(6)
    assert listening.nudged() == ["1", "1"]
    listening.scene.sweep(1)
    assert listening.nudged() == ["1", "1"]


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (b"<html>not found</html>", "not_audio"),
        (b"", "not_audio"),
        (record("oi") + bytes(30_000), "refused_answer"),
        (b"ID3" + bytes(9_000), "silent"),
        (record("", 1), "silent"),
    ],
)
def test_a_file_that_says_nothing_lets_the_turn_go_on_at_once(listening: Listening, file: bytes, reason: str) -> None:
    """Nobody waits for what will not come; the customer is asked to write."""
    listening.customer_says(file=file)
    listening.hear()
    assert (listening.transcription()["state"], listening.transcription()["reason"]) == ("failed", reason)
    assert listening.scene.due_in() == 8


def test_an_audio_that_is_too_long_is_not_paid_for(listening: Listening, model: ScriptedModel) -> None:
    """Its own headers decide, before anything is sent to the model."""
    listening.room = replace(listening.room, media=MediaSection(max_seconds=2))
    listening.customer_says()
    model.endings.append(answers(500, b""))
    listening.hear()
    assert listening.transcription()["reason"] == "too_long"
    assert len(model.endings) == 1


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/a.wav", "https://10.0.0.1/a.wav", "https://evil.test/a.wav"])
def test_only_the_whaticket_of_this_installation_is_asked(listening: Listening, url: str) -> None:
    """An address out of a payload leads nowhere else."""
    listening.customer_says(url=url)
    listening.hear()
    assert listening.transcription()["reason"] == "refused_address"


def test_a_file_that_is_not_stored_yet_is_looked_for_again(listening: Listening) -> None:
    """Some editions tell of a message first and keep its file a moment later."""
    listening.customer_says()
    audio = listening.site.book.files.pop("0.wav")
    listening.hear()
    assert listening.transcription()["state"] == "waiting"
    assert listening.scene.nudges.published[-1].delay_seconds == 2
    listening.site.book.files["0.wav"] = audio
    listening.scene.clock.advance(2)
    listening.hear()
    assert listening.message()["transcript"] == WORDS


def test_a_model_that_does_not_hear_is_asked_three_times(listening: Listening, model: ScriptedModel) -> None:
    """Then the turn goes on; its reason is told to the operator and not to the customer."""
    listening.customer_says()
    model.endings.extend([answers(500, b"")] * 3)
    with captured_lines() as lines:
        for _ in range(3):
            listening.hear()
            listening.scene.clock.advance(2)
    assert listening.transcription()["reason"] == "unavailable"
    assert any(line["message"] == "audio_closed" for line in lines)
    assert NUMBER not in "".join(line["text"] for line in lines)


def test_a_service_without_ears_is_not_asked_again(listening: Listening, model: ScriptedModel) -> None:
    """Many providers only chat: 404 means that nobody will ever hear there."""
    listening.customer_says()
    model.endings.append(answers(404, b"{}"))
    listening.hear()
    assert listening.transcription()["reason"] == "misconfigured"


def test_the_budget_pays_for_listening_too(listening: Listening, model: ScriptedModel) -> None:
    """Three seconds cost 300 micro-dollars; the second audio does not fit any more."""
    limits = BudgetSection(conversation_usd_per_day=0.0005)
    zone = ZoneInfo("America/Sao_Paulo")
    budget = Budget(listening.scene.engine, listening.scene.clock, limits, PriceList(["ouvido 0.006"]), lambda: zone)
    paid = OpenAITranscriber(
        api_key=LLM_KEY, base_url=model.url, model="ouvido", language="", timeout_seconds=2.0, budget=budget
    )
    listening.room = replace(listening.room, transcriber=paid)
    listening.customer_says()
    listening.customer_says()
    listening.hear(1)
    listening.hear(2)
    paid.close()
    assert [row["reason"] for row in rows(listening.scene.engine, "transcription")] == [None, "budget"]
    assert {row["micros"] for row in rows(listening.scene.engine, "llm_spending")} == {300}


def test_where_the_event_tells_no_address_the_panel_has_the_file(listening: Listening) -> None:
    """Saas posts what is encrypted; the row of the same message in the ticket has the file in the clear."""
    listening.panel_has_files = True
    listening.site.book.files["voz.wav"] = record(WORDS)
    listening.site.book.receive(NUMBER, "", "3EB0VOZ", file="voz.wav")
    panel = listening.site.panel()
    listening.room = replace(listening.room, files=replace(listening.room.files, panel=panel))
    listening.customer_says_encrypted("3EB0VOZ")
    listening.hear()
    panel.close()
    assert listening.message()["transcript"] == WORDS


def test_nobody_waits_where_nobody_can_hear(listening: Listening) -> None:
    """Without an address and without a panel there is nothing to wait for."""
    listening.customer_says_encrypted("3EB0VOZ")
    assert rows(listening.scene.engine, "transcription") == []
    assert listening.scene.due_in() == 8


def test_nobody_waits_where_listening_is_off(listening: Listening) -> None:
    """The operator decides whether audio leaves the house."""
    listening.room = replace(listening.room, media=MediaSection(transcribe=False))
    listening.customer_says()
    assert rows(listening.scene.engine, "transcription") == []


def test_a_burst_waits_for_its_last_audio(listening: Listening) -> None:
    """Two audios and a text are one turn, which is due when all of it is known."""
    listening.customer_says("oi, tudo bem?")
    listening.scene.clock.advance(3)
    listening.customer_says()
    listening.scene.customer_writes("é para amanhã")
    listening.hear(2)
    assert listening.scene.due_in() == 17
    listening.hear(1)
    assert listening.scene.due_in() == 8


def test_an_audio_that_comes_too_late_for_its_turn_is_heard_before_its_own(
    listening: Listening, model: ScriptedModel
) -> None:
    """The reply under way cannot start again; what was said meanwhile gets a turn that waits for its words."""
    listening.scene.customer_writes("oi, tudo bem?")
    listening.scene.change("turn", 1, restarts=2)
    listening.scene.quiet()
    model.meanwhile.append(listening.customer_says)
    listening.scene.answer()
    assert listening.scene.due_in() == 20
    listening.hear(2)
    assert listening.scene.due_in() == 0
    listening.scene.answer(2)
    assert WORDS in model.prompts()[-1]


def take(listening: Listening) -> None:
    """Take the first audio as a worker does that then is killed."""
    with transaction(listening.scene.engine) as session:
        assert take_transcription(session, 1, now=listening.scene.clock.now(), seconds=45) is not None
    assert listening.scene.clock.now() + timedelta(seconds=45) == listening.transcription()["taken_until"]
