"""What tests look at: the labelled conversations of the clinic, played once, and two customers whose turns were recorded."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from secretaria.database.engine import build_engine
from secretaria.evaluation.again import Change
from secretaria.evaluation.labelled import Bench
from secretaria.evaluation.oracle import run_oracle
from secretaria.evaluation.recorded import Archive
from secretaria.evaluation.repeating import run_again
from secretaria.evaluation.results import SuiteResult, TurnResult
from secretaria.knowledge.library import PublishedLibrary, publish_folder
from secretaria.local.engines import EngineUrls
from secretaria.simulation import SAMPLE_BUSINESS
from tests.answering import BUBBLES, Scene, a_draft
from tests.builders import NUMBER
from tests.scripted_model import ScriptedModel, says


@dataclass
class Played:
    """One run of the clinic, and what it was when each turn was answered again from what was recorded of it."""

    oracle: SuiteResult | None = None
    again: list[TurnResult] = field(default_factory=list)
    seen: set[tuple[str, int]] = field(default_factory=set)


@pytest.fixture(scope="session")
def clinic(engines: EngineUrls) -> Played:
    """Play every conversation of the clinic with a perfect model, and answer each turn again before the next."""
    engine = build_engine(engines.database_url, pool_size=5)
    archive, played = Archive(engine), Played()

    def repeat(result: TurnResult) -> None:
        fresh = [one for one in archive.list() if (result.conversation, one.id) not in played.seen]
        played.seen |= {(result.conversation, one.id) for one in fresh}
        played.again += run_again(archive, fresh, Change()).results

    played.oracle = run_oracle(Bench(engine, SAMPLE_BUSINESS, repeat))
    engine.dispose()
    return played


@pytest.fixture
def recorded(scene: Scene, model: ScriptedModel) -> Scene:
    """Two customers were answered from the published clinic, one of them about the price of a cleaning."""
    publish_folder(scene.engine, SAMPLE_BUSINESS, scene.clock.now())
    scene.room = replace(scene.room, library=PublishedLibrary(scene.engine, SAMPLE_BUSINESS, scene.clock))
    for number in (NUMBER, "5520900000102"):
        model.endings.append(says(a_draft(bubbles=BUBBLES)))
        scene.customer_writes("quanto custa a limpeza?", number=number)
        scene.quiet()
        scene.answer(len(scene.turns()))
    return scene
