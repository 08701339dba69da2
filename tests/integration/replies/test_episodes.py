"""Where one matter ends and the next begins, what is left of it, and that Redis may lose its copy at any moment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import redis

from secretaria.privacy import unseal
from secretaria.queue.jobs import SUMMARISE_EPISODE
from secretaria.replies.summarising import SummaryRoom, close_episodes, summarise_episode
from secretaria.replies.volatile import VolatileContext
from tests.answering import Scene, a_draft
from tests.builders import rows
from tests.scripted_model import ScriptedModel, answers, says

HOURS = 3600.0
SILENCE = timedelta(hours=6)


def spoken(call: dict[str, Any]) -> list[str]:
    """Return the history of a call: what stands between the two system messages and the burst."""
    return [message["content"] for message in call["messages"][2:-1]]


def close(scene: Scene) -> list[str]:
    """Let the schedule look once; return what it nudged."""
    scene.nudges.published.clear()
    close_episodes(scene.engine, scene.nudges, scene.clock, SILENCE)
    return [nudge.identifier for nudge in scene.nudges.of(SUMMARISE_EPISODE)]


def writes_and_is_answered(scene: Scene, text: str, turn_id: int) -> None:
    """Walk one turn."""
    scene.customer_writes(text)
    scene.quiet()
    scene.answer(turn_id)


def room(scene: Scene) -> SummaryRoom:
    """Return what summing up works with."""
    return SummaryRoom(scene.engine, scene.clock, scene.room.chat)


def test_six_hours_of_silence_end_an_episode(scene: Scene, model: ScriptedModel) -> None:
    """It is summed up once in the background; the next turn is told the summary, not the messages, and is greeted."""
    writes_and_is_answered(scene, "qnt ta a limpeza?", 1)
    assert close(scene) == []
    scene.clock.advance(6 * HOURS)
    assert close(scene) == ["1"]
    assert close(scene) == []
    summarise_episode(room(scene), 1)
    summarise_episode(room(scene), 1)
    (episode,) = rows(scene.engine, "episode")
    assert (episode["state"], episode["ending"], episode["resolved"]) == ("summarised", "silence", True)
    assert len(model.asked) == 2
    writes_and_is_answered(scene, "bom dia", 2)
    assert spoken(model.asked[2]) == []
    about = model.asked[2]["messages"][1]["content"]
    assert "O cliente escreveu: qnt ta a limpeza?" in about
    assert "primeira resposta" in about


def test_history_is_of_the_running_episode(scene: Scene, model: ScriptedModel) -> None:
    """Within six hours what was said is shown and nobody is greeted again."""
    writes_and_is_answered(scene, "qnt ta a limpeza?", 1)
    scene.clock.advance(5 * HOURS)
    writes_and_is_answered(scene, "e a avaliação?", 2)
    assert spoken(model.asked[1])[0] == "qnt ta a limpeza?"
    assert "já começou" in model.asked[1]["messages"][1]["content"]
    assert rows(scene.engine, "episode") == []


def test_failing_summary_costs_the_summary_only(scene: Scene, model: ScriptedModel) -> None:
    """After three tries it is left; what was said lately is then shown itself, and the customer is answered."""
    writes_and_is_answered(scene, "qnt ta a limpeza?", 1)
    scene.clock.advance(6 * HOURS)
    for _ in range(3):
        (nudged,) = close(scene)
        model.endings.append(answers(500, b"{}"))
        summarise_episode(room(scene), int(nudged))
        scene.clock.advance(61)
    assert close(scene) == []
    assert rows(scene.engine, "episode")[0]["state"] == "unsummarised"
    writes_and_is_answered(scene, "bom dia", 2)
    assert spoken(model.asked[-1])[0] == "qnt ta a limpeza?"


def test_run_that_died_is_taken_up_again(scene: Scene, model: ScriptedModel) -> None:
    """A worker that vanished while the model thought leaves a claim that runs out."""
    writes_and_is_answered(scene, "qnt ta a limpeza?", 1)
    scene.clock.advance(6 * HOURS)
    close(scene)

    def vanish() -> None:
        raise SystemExit

    dying = replace(room(scene), chat=_Dying(vanish))
    with pytest.raises(SystemExit):
        summarise_episode(dying, 1)
    summarise_episode(room(scene), 1)
    assert rows(scene.engine, "episode")[0]["state"] == "summarising"
    scene.clock.advance(121)
    assert close(scene) == ["1"]
    summarise_episode(room(scene), 1)
    assert rows(scene.engine, "episode")[0]["state"] == "summarised"
    assert len(model.asked) == 2


def test_two_runs_side_by_side_make_one_call(scene: Scene, model: ScriptedModel) -> None:
    """The nudge came twice: one run has the episode."""
    writes_and_is_answered(scene, "qnt ta a limpeza?", 1)
    scene.clock.advance(6 * HOURS)
    close(scene)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: summarise_episode(room(scene), 1), range(4)))
    assert len(model.asked) == 2


def test_summary_masks_what_slipped_in(scene: Scene, model: ScriptedModel) -> None:
    """A document in the customer's text is neither sent to the model nor kept of its answer."""
    writes_and_is_answered(scene, "meu cpf é 529.982.247-25", 1)
    scene.clock.advance(6 * HOURS)
    close(scene)
    model.endings.append(
        says('{"summary": "CPF 529.982.247-25 anotado", "resolved": null, "satisfaction": null, "pending": []}')
    )
    summarise_episode(room(scene), 1)
    assert "529.982" not in model.prompts()[-1]
    assert "529.982" not in rows(scene.engine, "episode")[0]["summary"]


class _Dying:
    """A chat during whose call the worker dies."""

    def __init__(self, act: Any) -> None:  # noqa: ANN401  # any callable
        self.complete = lambda _: act()

    def list_models(self) -> list[str]:
        """Return nothing."""
        return []

    def close(self) -> None:
        """Do nothing."""


@pytest.fixture
def cached(scene: Scene, valkey: redis.Redis) -> Scene:
    """A scene whose running episodes are copied to Redis."""
    scene.room = replace(scene.room, volatile=VolatileContext(valkey))
    return scene


def test_flushed_redis_changes_nothing(cached: Scene, model: ScriptedModel, valkey: redis.Redis) -> None:
    """The same history is told with a copy, after a flush, and with a copy of something else."""
    writes_and_is_answered(cached, "qnt ta a limpeza?", 1)
    cached.change("outbox_item", 1, state="sending")
    cached.change("outbox_item", 1, state="sent")
    cached.change("message", 2, delivery="sent")
    writes_and_is_answered(cached, "e a avaliação?", 2)
    told = spoken(model.asked[1])
    assert len(told) == 2
    (key,) = valkey.keys("secretaria:episode:*")
    sealed = valkey.get(key) or b""
    assert b"limpeza" not in sealed
    assert "limpeza" in unseal("episode", bytes(sealed))  # type: ignore[arg-type]  # the client may decode, ours does not
    for turn_id, rubbish in enumerate([None, b"{lixo", b"[1]"], start=3):
        valkey.flushall()
        if rubbish:
            valkey.set(key, rubbish)
        writes_and_is_answered(cached, "e o canal?", turn_id)
        assert spoken(model.asked[-1])[:2] == told


def test_bubble_that_was_dropped_is_not_remembered(cached: Scene, model: ScriptedModel) -> None:
    """What may still change is never copied: a bubble dropped after it was read is gone from the next prompt."""
    model.endings.append(says(a_draft(bubbles=["Isto nunca foi enviado."])))
    writes_and_is_answered(cached, "qnt ta a limpeza?", 1)
    writes_and_is_answered(cached, "e a avaliação?", 2)
    assert "Isto nunca foi enviado." in spoken(model.asked[1])
    cached.change("message", 2, delivery="superseded")
    writes_and_is_answered(cached, "e o canal?", 3)
    assert "Isto nunca foi enviado." not in spoken(model.asked[2])
