"""The outside world of the integration tests: one simulated model and one Whaticket on loopback for the whole run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from sqlalchemy import Engine

from secretaria.clock import HeldClock
from secretaria.inbox import keeping
from secretaria.knowledge.folder import load_business_folder
from secretaria.knowledge.snapshot import Business
from secretaria.llm.openai_chat import OpenAIChat
from secretaria.outbox.delivery import DispatchRoom
from secretaria.settings import Flavour
from secretaria.simulation import SAMPLE_BUSINESS
from secretaria.simulation.faults import LlmFaults, SendFaults
from secretaria.simulation.ledger import Ledger
from secretaria.simulation.llm_server import create_llm
from secretaria.simulation.serving import LocalServer
from secretaria.simulation.tickets import TicketBook
from secretaria.simulation.whaticket_server import create_whaticket
from tests.answering import (
    BUBBLES,
    PANEL_EMAIL,
    PANEL_PASSWORD,
    WHATICKET_TOKEN,
    OpenDispatch,
    OpenWhaticket,
    Scene,
    WhaticketSite,
    a_chat,
    a_dispatch_room,
    a_draft,
    an_answering_room,
)
from tests.builders import PublishedNudges
from tests.scripted_model import ScriptedModel, Stage, says


@pytest.fixture(scope="session")
def business() -> Business:
    """Read the sample clinic once."""
    return load_business_folder(SAMPLE_BUSINESS)


@pytest.fixture(scope="session")
def model_stage() -> Iterator[tuple[Stage, ScriptedModel]]:
    """Serve the sample's model for the whole run."""
    stage, faults = Stage(), LlmFaults()
    model = ScriptedModel(create_llm(SAMPLE_BUSINESS, delay_seconds=0.0, faults=faults), faults)
    with LocalServer(stage) as server:
        model.url = f"{server.url}/v1"
        yield stage, model


@pytest.fixture
def model(model_stage: tuple[Stage, ScriptedModel]) -> ScriptedModel:
    """Hand over the model, well and with nothing scripted."""
    stage, running = model_stage
    fresh = ScriptedModel(running.simulated, running.faults, running.url)
    fresh.faults.mode = "answer"
    stage.app = fresh
    return fresh


@pytest.fixture
def chat(model: ScriptedModel) -> Iterator[OpenAIChat]:
    """Connect to the model."""
    client = a_chat(model.url)
    yield client
    client.close()


@pytest.fixture(scope="session")
def whaticket_stage() -> Iterator[Stage]:
    """Keep one address for the Whatickets of all tests."""
    stage = Stage()
    with LocalServer(stage) as server:
        stage.url = server.url
        yield stage


@pytest.fixture
def open_whaticket(whaticket_stage: Stage, clock: HeldClock) -> OpenWhaticket:
    """Put a Whaticket of any edition, with an empty ledger, behind the address."""

    def put(flavour: Flavour = "community") -> WhaticketSite:
        ledger, faults, book = Ledger(), SendFaults(), TicketBook(clock)
        whaticket_stage.app = create_whaticket(
            flavour,
            WHATICKET_TOKEN,
            ledger,
            faults=faults,
            book=book,
            email=PANEL_EMAIL,
            password=PANEL_PASSWORD,
            clock=clock,
        )
        return WhaticketSite(whaticket_stage.url, flavour, ledger, faults, clock, book)

    return put


@pytest.fixture
def whaticket(open_whaticket: OpenWhaticket) -> WhaticketSite:
    """Put a Whaticket of the community edition behind the address."""
    return open_whaticket()


@pytest.fixture
def open_dispatch(engine: Engine, nudges: PublishedNudges, clock: HeldClock) -> Iterator[OpenDispatch]:
    """Build rooms that deliver to a site, their connections closed when the test ends."""
    with ExitStack() as stack:

        def build(site: WhaticketSite, **gateway: float | str) -> DispatchRoom:
            opened = site.gateway(**gateway)  # type: ignore[arg-type]  # a test passes what the gateway takes
            stack.callback(opened.close)
            return a_dispatch_room(engine, nudges, clock, opened)

        yield build


@pytest.fixture
def scene(
    engine: Engine,
    nudges: PublishedNudges,
    clock: HeldClock,
    chat: OpenAIChat,
    business: Business,
    monkeypatch: pytest.MonkeyPatch,
) -> Scene:
    """Set up an empty installation in which one customer may write, its door patient with a busy machine."""
    monkeypatch.setattr(keeping, "PATIENCE_SECONDS", 20.0)
    return Scene(engine, nudges, clock, an_answering_room(engine, nudges, clock, chat, business))


@pytest.fixture
def asked(scene: Scene) -> Scene:
    """A customer asked for the price of a cleaning and has been quiet long enough."""
    scene.customer_writes("qnt ta a limpeza?")
    scene.quiet()
    scene.nudges.published.clear()
    return scene


@pytest.fixture
def answered(asked: Scene, model: ScriptedModel) -> Scene:
    """The question was answered with two bubbles, which wait to be sent."""
    model.endings.append(says(a_draft(bubbles=BUBBLES)))
    asked.answer()
    asked.nudges.published.clear()
    return asked
