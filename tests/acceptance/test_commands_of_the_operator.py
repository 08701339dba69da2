"""What an operator types by hand, against a running shop or against nothing at all."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema_rs import validator_for

from secretaria import __version__
from secretaria.cli.starting import settings_template
from secretaria.local.engines import EmbeddedEngines
from secretaria.simulation.phone import text_event
from secretaria.whaticket.probing import PROBE_NUMBER
from tests.acceptance.commands import free_port, secretaria
from tests.acceptance.conftest import Shop
from tests.builders import SECRET

FIXTURES = Path("tests/fixtures/payloads").absolute()
HEAVY = ("pydantic", "litestar", "sqlalchemy", "dramatiq", "redis", "openai", "httpx", "rich", "uvicorn", "alembic")


def test_help_loads_nothing_heavy(tmp_path: Path) -> None:
    """``--help`` is quick because the libraries of the commands are not loaded for it."""
    code = (
        "import sys; from secretaria.cli.failures import run; run(['--help']); "
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert ended.stderr.strip() == "[]"
    assert "demo" in ended.stdout


def test_what_supervises_a_shop_keeps_no_library_of_what_it_supervises(shop: Shop) -> None:
    """It migrated through a process of its own: what that loaded went with it, and so it is small for as long as it runs."""
    mapped = Path(f"/proc/{shop.process.pid}/maps").read_text(encoding="utf-8")
    assert "psycopg2" in mapped  # compiled parts of libraries are seen here
    assert [name for name in ("sqlalchemy", "markupsafe", "cryptography", "uvloop", "hiredis") if name in mapped] == []


def test_every_command_explains_itself(tmp_path: Path) -> None:
    """Each command has a Portuguese help."""
    for command in ("demo", "up", "serve", "worker", "migrate", "doctor", "simulate", "config", "inbox", "queue"):
        ran = secretaria(command, "--help", cwd=tmp_path)
        assert ran.code == 0
        assert ran.out


def test_config_file_of_the_project_is_the_schema() -> None:
    """secretaria.toml at the top of the tree is exactly what ``config init`` writes."""
    assert Path("secretaria.toml").read_text(encoding="utf-8") == settings_template()


def test_config_show_hides_every_secret(shop: Shop, tmp_path: Path) -> None:
    """Secrets are shown as *** in the table and in the JSON."""
    for arguments in (("config", "show"), ("config", "show", "--json")):
        ran = secretaria(*arguments, cwd=tmp_path, environment=shop.environment)
        assert SECRET not in ran.out
        assert shop.environment["WHATICKET_TOKEN"] not in ran.out
        assert "***" in ran.out
    assert json.loads(ran.out)["environment"]["WEBHOOK_SECRET"] == "***"


def test_migrate_sql_prints_without_a_database(tmp_path: Path) -> None:
    """``migrate --sql`` is plain SQL on standard output."""
    ran = secretaria("migrate", "--sql", cwd=tmp_path)
    assert ran.code == 0
    assert "CREATE TABLE inbox_event" in ran.out


def test_explain_reads_every_sample_as_expected(tmp_path: Path) -> None:
    """Support people paste payloads into ``inbox explain``; each file gives one JSON line with the agreed keys."""
    expected = json.loads((FIXTURES / "expected.json").read_text())["cases"]
    ran = secretaria("inbox", "explain", "--json", *(str(FIXTURES / name) for name in expected), cwd=tmp_path)
    lines = [json.loads(line) for line in ran.out.splitlines()]
    assert ran.code == 0
    assert [line["outcome"] for line in lines] == [case["expect"] for case in expected.values()]
    keys = ["file", "outcome", "reason", "number", "text", "kind", "message_id", "timestamp"]
    assert all(list(line) == keys for line in lines)


def test_explain_reads_standard_input(tmp_path: Path) -> None:
    """A payload may be piped in; what is not JSON is rejected, not an error."""
    ran = secretaria("inbox", "explain", "-", "--json", cwd=tmp_path, stdin="isto não é json")
    assert json.loads(ran.out)["outcome"] == "rejected"


@pytest.mark.parametrize(
    ("kind", "statuses", "queued"),
    [
        ("texto", [202], [True]),
        ("rajada", [202, 202, 202], [True, True, True]),
        ("audio", [202], [True]),
        ("botao", [202], [True]),
        ("grupo", [202], [False]),
        ("fromme", [202], [False]),
        ("lid", [202], [True]),
        ("duplicado", [202, 202], [True, False]),
        ("editada", [202], [False]),
    ],
)
def test_simulate_posts_each_kind(
    shop: Shop, tmp_path: Path, kind: str, statuses: list[int], queued: list[bool]
) -> None:
    """Each kind is posted, signed, and gets the answer of the contract."""
    number = f"55209000020{len(kind):02}"
    arguments = ("simulate", kind, "--json", "--to", shop.url, "--override", f"numero={number}")
    ran = secretaria(*arguments, cwd=tmp_path, environment=shop.environment)
    answers = [json.loads(line) for line in ran.out.splitlines()]
    assert [answer["status"] for answer in answers] == statuses
    assert [answer["answer"]["queued"] for answer in answers] == queued
    assert ran.code == 0


def test_simulate_counts(shop: Shop, tmp_path: Path) -> None:
    """``--count`` sends so many different messages."""
    arguments = ("simulate", "texto", "--count", "3", "--json", "--to", shop.url, "--override", "numero=5520900003001")
    ran = secretaria(*arguments, cwd=tmp_path, environment=shop.environment)
    assert [json.loads(line)["answer"]["queued"] for line in ran.out.splitlines()] == [True, True, True]


def test_doctor_tells_which_step_of_the_way_failed(shop: Shop, tmp_path: Path) -> None:
    """With a model that only answers faults the way ends there, says what to look at, and is removed all the same."""
    shop.llm_faults.mode = "error_500"
    try:
        arguments = ("doctor", "--e2e", "--json", "--url", shop.url)
        ran = secretaria(*arguments, cwd=tmp_path, environment=shop.environment, seconds=120)
    finally:
        shop.llm_faults.mode = "answer"
    *_, last = [json.loads(line) for line in ran.out.splitlines()]
    assert (ran.code, last["name"], last["status"]) == (1, "rodada", "falha")
    assert last["mend"]
    assert shop.ledger.sent(PROBE_NUMBER) == ()


def test_doctor_proves_which_version_answered(shop: Shop, tmp_path: Path) -> None:
    """Service and workers are of the wanted one, before the event and after it; each step says what it took."""
    arguments = ("doctor", "--e2e", "--json", "--url", shop.url, "--version", __version__)
    ran = secretaria(*arguments, cwd=tmp_path, environment=shop.environment, seconds=120)
    steps = {line["name"]: line for line in map(json.loads, ran.out.splitlines())}
    assert (ran.code, {one["status"] for one in steps.values()}) == (0, {"ok"})
    assert {"versão do serviço", "versão dos workers", "saída", "quem respondeu"} <= steps.keys()
    assert steps["saída"]["seconds"] >= 0


def test_doctor_does_not_take_another_version_for_the_wanted_one(shop: Shop, tmp_path: Path) -> None:
    """Before anything is sent it says which runs."""
    arguments = ("doctor", "--e2e", "--json", "--url", shop.url, "--version", "99.0.0")
    ran = secretaria(*arguments, cwd=tmp_path, environment=shop.environment, seconds=60)
    (only,) = [json.loads(line) for line in ran.out.splitlines() if "limpeza" not in line]
    assert (ran.code, only["name"]) == (1, "versão do serviço")
    assert __version__ in only["found"]


def test_doctor_says_where_the_service_may_be(shop: Shop, tmp_path: Path) -> None:
    """In a container of its own nothing answers beside it: that is another thing than a service that refuses."""
    arguments = ("doctor", "--e2e", "--json", "--url", "http://127.0.0.1:1")
    ran = secretaria(*arguments, cwd=tmp_path, environment=shop.environment, seconds=60)
    (only,) = [json.loads(line) for line in ran.out.splitlines()]
    assert (ran.code, only["found"]) == (1, "nada responde em http://127.0.0.1:1")
    assert "docker compose exec api secretaria doctor --e2e" in only["mend"]


def test_doctor_keeps_its_time_limit(shop: Shop, tmp_path: Path) -> None:
    """A worker that is stopped answers nothing: the way ends when its time is over, not when its steps would give up."""
    worker = shop.pid_of("worker")
    os.kill(worker, signal.SIGSTOP)
    try:
        arguments = ("doctor", "--e2e", "--json", "--url", shop.url, "--timeout", "3")
        ran = secretaria(*arguments, cwd=tmp_path, environment=shop.environment, seconds=60)
    finally:
        os.kill(worker, signal.SIGCONT)
    *_, last = [json.loads(line) for line in ran.out.splitlines()]
    assert (ran.code, last["name"], last["status"]) == (1, "entrada", "falha")
    assert last["seconds"] < 10


def test_doctor_finds_what_is_wrong_and_how_to_mend_it(shop: Shop, tmp_path: Path) -> None:
    """Against dead engines the doctor names each with a command, and the rest is still examined."""
    dead = {"DATABASE_URL": "postgresql://u@127.0.0.1:1/x", "REDIS_URL": "redis://127.0.0.1:1/0"}
    ran = secretaria("doctor", "--json", cwd=tmp_path, environment={**shop.environment, **dead})
    found = {line["name"]: line for line in map(json.loads, ran.out.splitlines())}
    assert ran.code == 1
    assert [found[name]["status"] for name in ("postgresql", "redis", "workers")] == ["falha"] * 3
    assert all(found[name]["mend"] for name in ("postgresql", "redis", "workers"))
    assert (found["cópia conferida"]["status"], found["cópia conferida"]["mend"]) == (
        "aviso",
        "secretaria backup verify",
    )
    assert [found[name]["status"] for name in ("negócio", "whaticket", "orçamento", "modelo")] == ["ok"] * 4


def test_status_says_how_all_of_it_is(shop: Shop, tmp_path: Path) -> None:
    """Health, versions, queues and workers, for people and for programs; nothing is made up of what nobody keeps yet."""
    ran = secretaria("status", "--json", cwd=tmp_path, environment=shop.environment)
    seen = json.loads(ran.out)
    assert (ran.code, seen["status"]) == (0, "ok")
    assert {name: one["ok"] for name, one in seen["components"].items()} == dict.fromkeys(
        ("postgresql", "redis", "workers"), True
    )
    assert len(seen["components"]["workers"]["facts"]["heartbeat_age_seconds"]) == 1
    assert [one["queue"] for one in seen["queues"]] == ["inbox", "turns", "outbox"]
    assert seen["last_backup"] is None
    shown = secretaria("status", cwd=tmp_path, environment=shop.environment)
    assert "nenhum registro" in shown.out


def test_status_answers_without_engines(tmp_path: Path) -> None:
    """With nothing there it says so within the time of a health check, and ends with 1."""
    nowhere = {"DATABASE_URL": "postgresql://ninguem@/nada?host=/nonexistent", "REDIS_URL": "unix:///nonexistent/s"}
    ran = secretaria("status", "--json", cwd=tmp_path, environment=nowhere)
    seen = json.loads(ran.out)
    assert (ran.code, seen["status"], seen["queues"]) == (1, "unavailable", None)


def test_logs_tell_a_message_through_all_processes(shop: Shop, tmp_path: Path) -> None:
    """From the request to the last bubble, found by event or by conversation, each line as the schema says."""
    number = "5520900001072"
    event = text_event(number, "quanto custa a limpeza?", "L1", datetime.now(UTC), "Juliana Prates")
    _, answer = shop.phone.post(event)
    assert shop.ledger.wait_for(lambda sent: any(one.number == number for one in sent), timeout=60)
    deadline = time.monotonic() + 20
    told: list[dict[str, Any]] = []
    while time.monotonic() < deadline and "item_delivered" not in {line["message"] for line in told}:
        ran = secretaria(
            "logs", "--conversation", f"e:{answer['event']}", "--json", cwd=tmp_path, environment=shop.environment
        )
        told = [json.loads(line) for line in ran.out.splitlines()]
    assert {"webhook_received", "event_filed", "turn_settled", "item_delivered"} <= {line["message"] for line in told}
    assert {line["process"] for line in told} == {"serve", "worker"}
    valid = validator_for(json.loads(Path("docs/log-line.schema.json").read_text(encoding="utf-8")))
    assert [(line["message"], error.message) for line in told for error in valid.iter_errors(line)] == []
    assert number not in ran.out
    conversation = next(str(line["conversation_id"]) for line in told if line["message"] == "turn_settled")
    by_number = secretaria("logs", "--conversation", conversation, cwd=tmp_path, environment=shop.environment)
    assert all(word in by_number.out for word in ("webhook_received", "item_delivered", "milliseconds="))
    quiet = secretaria(
        "logs", "--conversation", conversation, "--level", "error", cwd=tmp_path, environment=shop.environment
    )
    assert quiet.out == ""


def test_serve_and_worker_by_hand_with_several_processes(shop: Shop, tmp_path: Path) -> None:
    """The two commands run without ``up`` as well; the scrape adds up the processes of each."""
    port, metrics_port = free_port(), free_port()
    environment = _environment_with_engines_of(shop)
    commands = [
        ("serve", "--port", str(port), "--processes", "2"),
        ("worker", "--processes", "2", "--threads", "4", "--metrics-port", str(metrics_port)),
    ]
    running = [
        subprocess.Popen([sys.executable, "-m", "secretaria", *command], env=environment, cwd=tmp_path)
        for command in commands
    ]
    try:
        _wait_for(f"http://127.0.0.1:{port}/readyz")
        _wait_for(f"http://127.0.0.1:{metrics_port}/metrics")
        for _ in range(20):
            httpx.get(f"http://127.0.0.1:{port}/webhook/whaticket", trust_env=False)
            httpx.post(f"http://127.0.0.1:{port}/webhook/whaticket", content=b"{}", trust_env=False)
        shown = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
        assert 'secretaria_webhook_received_total{status="unauthorized"} 20.0' in shown
        assert "secretaria_task_latency_seconds" in httpx.get(f"http://127.0.0.1:{metrics_port}/metrics").text
    finally:
        for process in running:
            process.terminate()
        codes = [process.wait(40) for process in running]
    assert set(codes) <= {0, -15}


def _environment_with_engines_of(shop: Shop) -> dict[str, str]:
    urls = EmbeddedEngines(Path(shop.environment["SECRETARIA_HOME"])).urls
    return {**shop.environment, "DATABASE_URL": urls.database_url, "REDIS_URL": urls.redis_url}


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            if httpx.get(url, trust_env=False, timeout=3).is_success:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    raise AssertionError(url)
