"""A customer asks, is offered a moment, says yes, and it stands in the agenda once, however often Whaticket posts the yes."""

from __future__ import annotations

import json
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from secretaria.simulation.llm_script import Step
from secretaria.simulation.phone import text_event
from tests.acceptance.commands import Ran, secretaria
from tests.acceptance.conftest import Shop

NUMBER = "5520900007001"
WEDNESDAY = 2
LATER_SECONDS = 1.5


def agenda(shop: Shop, *arguments: str) -> Ran:
    """Run one of the commands on the shop."""
    ran = secretaria(
        "agenda", *arguments, cwd=Path(shop.environment["SECRETARIA_HOME"]).parent, environment=shop.environment
    )
    assert ran.code == 0, ran.err
    return ran


def booked(shop: Shop) -> list[dict[str, str]]:
    """Return what stands in the agenda."""
    return [json.loads(line) for line in agenda(shop, "list", "--days", "20", "--json").out.splitlines()]


def says(shop: Shop, text: str, message_id: str, replies: int) -> dict[str, object]:
    """Let the customer write and wait until she has been answered so often."""
    event = text_event(NUMBER, text, message_id, datetime.now(UTC), "Nise")
    assert shop.phone.post(event)[0] == 202
    shop.ledger.wait_for(lambda sent: sum(one.number == NUMBER for one in sent) >= replies, timeout=60)
    return event


def day_of_the_slot() -> date:
    """Return a Wednesday a few days ahead, when the clinic is open."""
    today = datetime.now(ZoneInfo("America/Sao_Paulo")).date()
    return next(day for day in (today + timedelta(days=ahead) for ahead in range(3, 10)) if day.weekday() == WEDNESDAY)


def test_offer_and_yes_become_one_booking(shop: Shop, tmp_path: Path) -> None:
    """The offer comes from the imported agenda, the booking from the yes; the same yes again books nothing more."""
    day = day_of_the_slot()
    file = tmp_path / "agenda.json"
    file.write_text(json.dumps({"livres": {"centro": {day.isoformat(): ["14:40"]}}}), encoding="utf-8")
    agenda(shop, "import", str(file))
    wish = {"intention": "agendar", "tool_kind": "limpeza", "tool_unit": "centro", "tool_date": day.isoformat()}
    told = {"intention": "agendar", "answerable": "tool", "handoff_needed": False}
    shop.script += [
        Step(
            ("Resultado da ferramenta agendar",),
            draft={**told, "bubbles": [f"Marcado: limpeza na quarta, {day:%d/%m}, às 14h40, no Centro."]},
        ),
        Step(
            ("Resultado da ferramenta horarios",),
            draft={**told, "bubbles": [f"Tenho quarta, {day:%d/%m}, às 14h40, no Centro. Serve?"]},
        ),
        Step(("pode ser as 14h40 entao",), draft={**wish, "tool": "agendar", "tool_time": "14:40", "bubbles": []}),
        Step(("limpeza pra quarta que vem",), draft={**wish, "tool": "horarios", "bubbles": []}),
    ]
    says(shop, "queria uma limpeza pra quarta que vem no centro", "S1", replies=1)
    assert booked(shop) == []
    yes = says(shop, "pode ser as 14h40 entao", "S2", replies=2)
    assert "Marcado" in shop.ledger.sent(NUMBER)[-1].body, [sent.body for sent in shop.ledger.sent(NUMBER)]
    assert [shop.phone.post(yes)[1]["queued"] for _ in range(2)] == [False, False]
    time.sleep(LATER_SECONDS)
    assert len(shop.ledger.sent(NUMBER)) == 2
    (booking,) = booked(shop)
    assert (booking["kind"], booking["unit"], booking["state"]) == ("limpeza", "centro", "booked")
    assert booking["starts_at"].startswith(f"{day.isoformat()}T14:40")
    assert json.loads(agenda(shop, "cancel", booking["code"], "--json").out)["state"] == "cancelled"
