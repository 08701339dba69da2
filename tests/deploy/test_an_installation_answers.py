"""The stack of the compose file, whole: what enters at the proxy leaves through Whaticket."""

from __future__ import annotations

import json
from pathlib import Path

from tests.acceptance.commands import secretaria
from tests.deploy.installation import Installation

STORY = ["webhook_received", "event_filed", "turn_settled", "item_delivered"]


def test_signed_event_is_answered_through_the_proxy(installation: Installation) -> None:
    """A signed event is accepted at the public address and its customer reads the price of the base."""
    number = "5520900009001"
    answer = installation.post(number, "quanto custa a limpeza?")
    assert (answer.status_code, answer.json()["queued"]) == (202, True)
    assert "R$ 180" in " ".join(installation.bubbles_to(number))


def test_a_message_is_followed_through_the_logs_of_all_containers(installation: Installation, tmp_path: Path) -> None:
    """What compose shows of them, piped into our command, is one message's story from the request to the bubble."""
    number = "5520900009002"
    event = installation.post(number, "quanto custa a limpeza?").json()["event"]
    assert installation.bubbles_to(number)
    shown = installation.compose("logs", "--no-color", "api", "worker")
    ran = secretaria("logs", "-", "--conversation", f"e:{event}", "--json", cwd=tmp_path, stdin=shown)
    story = [json.loads(line)["message"] for line in ran.out.splitlines()]
    assert [told for told in story if told in STORY] == STORY


def test_workers_are_added_while_it_runs(installation: Installation) -> None:
    """``secretaria scale worker=2`` starts one beside the one that works, which stays as it is."""
    before = installation.compose("ps", "--quiet", "worker").split()
    ran = secretaria("scale", "worker=2", cwd=installation.folder)
    assert ran.code == 0, ran.err
    after = installation.compose("ps", "--quiet", "worker").split()
    assert len(after) == 2
    assert set(before) < set(after)
