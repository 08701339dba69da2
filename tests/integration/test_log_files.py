"""The log as files: whole lines of many processes in one, and never more than was allowed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from secretaria.cli.logs import story
from secretaria.log_files import NAME, OLDER, LogFile, kept_lines, parsed

WRITE = """
import json, sys
from pathlib import Path
from secretaria.log_files import LogFile
file = LogFile(Path(sys.argv[1]), int(sys.argv[3]))
for n in range(400):
    file.write(json.dumps({"time": "t", "level": "INFO", "message": "m", "who": sys.argv[2], "n": n, "more": "x" * 300}))
"""


def written_by_three(folder: Path, most_bytes: int) -> list[dict[str, object]]:
    """Let three processes write four hundred lines each at the same time."""
    command = [sys.executable, "-c", WRITE, str(folder)]
    running = [subprocess.Popen([*command, who, str(most_bytes)]) for who in "abc"]
    assert [process.wait(60) for process in running] == [0, 0, 0]
    return list(kept_lines(folder))


def test_lines_of_many_processes_do_not_mix(tmp_path: Path) -> None:
    """Each line is there once, whole, and those of one process stand in order."""
    found = written_by_three(tmp_path, 10**9)
    for who in "abc":
        assert [line["n"] for line in found if line["who"] == who] == list(range(400))


def test_a_full_file_makes_way_once(tmp_path: Path) -> None:
    """However many processes find it full, no more than two files remain, and what is newest is in them."""
    found = written_by_three(tmp_path, 50_000)
    assert {path.name for path in tmp_path.iterdir()} == {NAME, OLDER}
    assert all(path.stat().st_size < 52_000 for path in tmp_path.iterdir())
    assert found
    newest: dict[object, object] = {line["who"]: line["n"] for line in found}
    assert 399 in newest.values()


def test_a_folder_that_cannot_be_written_costs_nothing(tmp_path: Path) -> None:
    """A file where the folder should be: the lines go where they always go, and nobody is disturbed."""
    (tmp_path / "logs").write_text("", encoding="utf-8")
    LogFile(tmp_path / "logs", 1000).write("{}")


def test_what_compose_and_the_supervisor_put_before_a_line_is_skipped() -> None:
    """So is what is no line of ours, and half a line."""
    ours = json.dumps({"time": "t", "level": "INFO", "message": "event_filed"})
    lines: Iterable[str] = (f"worker-1  | {ours}", f"serve    | {ours}", "up | atendendo", ours[:20], "{}", "[1]", "")
    assert [line["message"] for line in parsed(lines)] == ["event_filed", "event_filed"]


def test_a_story_is_found_by_the_ids_of_its_lines() -> None:
    """A line of the request knows no conversation yet: it belongs to it by the id that the later lines share."""
    lines: list[dict[str, object]] = [
        {"message": "webhook_received", "correlation_id": "a"},
        {"message": "webhook_received", "correlation_id": "b"},
        {"message": "turn_settled", "correlation_id": "a", "conversation_id": 12},
        {"message": "sweep_postponed", "correlation_id": "-"},
        {"message": "person_took", "correlation_id": "-", "conversation_id": 12},
    ]
    assert story(lines, "12") == [lines[0], lines[2], lines[4]]
    assert story(lines, "b") == [lines[1]]
