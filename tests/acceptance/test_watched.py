"""A running shop watched by a real Prometheus, Alertmanager and exporters: every name is live, and an alert arrives."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import yaml
from sqlalchemy import make_url

from secretaria.local.engines import EmbeddedEngines
from secretaria.simulation.phone import text_event
from secretaria.whaticket.probing import PROBE_NUMBER
from tests.acceptance.commands import free_port, secretaria
from tests.acceptance.conftest import Shop, open_shop
from tests.certificates import site_over_tls
from tests.collector import Span, span_collector
from tests.labels import NUMERIC_BOUNDS, label_values, personal

DOCKER = Path(__file__).parents[2] / "docker"
PATIENCE_SECONDS = 90.0
SAID = "canario, meu cpf 529.982.247-25 e email zilda.canario@exemplo.com"
OWNER, ALERTS_TOKEN = "5520900001090", "ficha-dos-alertas-0001"
NAME = re.compile(r"\b(?:secretaria|redis|pg|container|probe)[a-z0-9_:]*|\bup\b")
ELSEWHERE = {  # of cAdvisor, which no package brings; its own recorded scrape has both, with the label name
    "container_cpu_usage_seconds_total",
    "container_memory_working_set_bytes",
}


@dataclass
class Watch:
    """What watches the shop.

    Attributes:
        url: Prometheus.
        told: The notices that reached the address for them.
        spans: What the processes of the shop told a collector.
        near_its_end: An address whose certificate ends in ten days; that of ``expired`` has, that of ``fresh`` will not yet.
    """

    shop: Shop
    url: str
    told: list[dict[str, Any]] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    near_its_end: str = ""
    expired: str = ""
    fresh: str = ""

    def ask(self, path: str, **parameters: str) -> Any:  # noqa: ANN401  # whatever Prometheus's API answers
        """Ask Prometheus."""
        answer = httpx.get(f"{self.url}/api/v1/{path}", params=parameters, timeout=10, trust_env=False)
        assert answer.is_success, answer.text
        return answer.json()["data"]

    def value(self, expression: str) -> float | None:
        """Return the one value of an expression; None while there is none."""
        found = self.ask("query", query=expression)["result"]
        return float(found[0]["value"][1]) if found else None


@pytest.fixture(scope="module")
def watch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watch]:
    """Open a shop, and watch it with the files that a server gets; only the addresses and the pace are changed."""
    folder = tmp_path_factory.mktemp("watched")
    with ExitStack() as stack:
        spans: list[Span] = []
        settings = {
            "ALERTS_TOKEN": ALERTS_TOKEN,
            "SECRETARIA__ALERTS__OWNER_NUMBER": OWNER,
            "SECRETARIA__BACKUP__DAILY": "true",  # its age is only shown where copies are made
            "SECRETARIA__TRACES__ENDPOINT": stack.enter_context(span_collector(spans)),
        }
        shop = stack.enter_context(open_shop(**settings))
        watch = Watch(shop, f"http://127.0.0.1:{free_port()}", spans=spans)
        receiver = stack.enter_context(_receiver(watch.told))
        alertmanager = free_port()
        exporters = _start_exporters(stack, shop)
        config = folder / "prometheus.yml"
        watch.near_its_end = stack.enter_context(site_over_tls(folder, ends_in=timedelta(days=10)))
        watch.expired = stack.enter_context(site_over_tls(folder, ends_in=-timedelta(days=2)))
        watch.fresh = stack.enter_context(site_over_tls(folder, ends_in=timedelta(days=60)))
        looked_at = [watch.near_its_end, watch.expired, watch.fresh]
        (folder / "public_url.yml").write_text(yaml.safe_dump([{"targets": looked_at}]), encoding="utf-8")
        config.write_text(_prometheus_config(shop, alertmanager, exporters), encoding="utf-8")
        _start(
            stack,
            "sh",
            str(DOCKER / "prometheus/start-alertmanager.sh"),
            f"--storage.path={folder}/alerts",
            f"--web.listen-address=127.0.0.1:{alertmanager}",
            "--cluster.listen-address=",
            ALERTMANAGER="prometheus-alertmanager",
            MONITORING_WEBHOOK_URL=receiver,
            ALERTS_TOKEN=ALERTS_TOKEN,
            OWNER_ALERTS_URL=f"{shop.url}/alerts",
        )
        listen = watch.url.removeprefix("http://")
        _start(
            stack,
            "prometheus",
            f"--config.file={config}",
            f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address={listen}",
            "--enable-feature=exemplar-storage",
        )
        until(lambda: httpx.get(f"{watch.url}/-/ready", trust_env=False).is_success, "Prometheus is ready")
        yield watch


def test_every_target_is_up(watch: Watch) -> None:
    """The service and the exporters are scraped."""
    jobs = {"secretaria", "postgresql", "redis", "certificate"}
    until(lambda: _healthy(watch) == jobs, "all targets up", lambda: str(watch.ask("targets")["activeTargets"]))


def test_what_a_customer_waited_is_seen(watch: Watch) -> None:
    """One message is answered, and its time is in Prometheus, stage by stage."""
    number = "5520900001071"
    watch.shop.phone.post(text_event(number, "quanto custa a limpeza?", "W1", datetime.now(UTC), "Juliana Prates"))
    assert watch.shop.ledger.wait_for(lambda sent: any(one.number == number for one in sent), timeout=60)
    until(lambda: watch.value("sum(secretaria_reply_seconds_count)") == 1.0, "one reply was measured")
    for stage in ("filed", "waited", "picked_up", "context", "llm", "guards", "delivered"):
        assert watch.value(f'sum(secretaria_stage_seconds_count{{stage="{stage}"}})') == 1.0, stage
    assert watch.value('secretaria_turns_total{state="answered"}') == 1.0


def test_a_slow_bucket_leads_to_the_message_in_it(watch: Watch) -> None:
    """Prometheus keeps, for stages that processes of two kinds measured, the id that the webhook answered with."""
    number = "5520900001073"
    event = text_event(number, "quanto custa a limpeza?", "W3", datetime.now(UTC), "Marina Prates")
    _, answer = watch.shop.phone.post(event)
    begun = datetime.now(UTC).timestamp() - 60

    def shown(series: str) -> set[str]:
        found = watch.ask("query_exemplars", query=series, start=str(begun), end=str(begun + 600))
        return {one["labels"]["correlation_id"] for series in found for one in series["exemplars"]}

    asked = ("webhook_latency_seconds_bucket", 'stage_seconds_bucket{stage="llm"}', "reply_seconds_bucket")

    def missing() -> list[str]:
        return [series for series in asked if answer["event"] not in shown(f"secretaria_{series}")]

    until(lambda: missing() == [], "the event stands in its buckets", lambda: str(missing()))


def test_one_trace_is_a_messages_way_through_all_processes(watch: Watch) -> None:
    """From the request to the bubble, under the id that the webhook answered with; of the customer nothing."""
    number = "5520900001074"
    event = text_event(number, "quanto custa a limpeza?", "W4", datetime.now(UTC), "Zilda Canario")
    _, answer = watch.shop.phone.post(event)
    trace = UUID(answer["event"]).bytes

    def way() -> dict[str, Span]:
        return {span.name: span for span in watch.spans if span.trace_id == trace}

    stages = {"webhook", "filed", "waited", "picked_up", "context", "llm", "guards", "delivered"}
    until(lambda: set(way()) == stages, "all stages were told", lambda: str(sorted(way())))
    spans = way()
    request = spans.pop("webhook")
    assert request.parent_span_id == b""
    assert {span.parent_span_id for span in spans.values()} == {request.span_id}
    ends = [spans[stage].end_time_unix_nano for stage in ("filed", "waited", "llm", "guards", "delivered")]
    assert ends == sorted(ends)
    assert not [word for word in (number, "Zilda", "limpeza") if word in str(watch.spans)]


def test_every_expression_is_of_names_that_live(watch: Watch) -> None:
    """Each expression of dashboards and rules is one that Prometheus reads, over series that it has."""
    until(lambda: watch.value("secretaria:reply_late:ratio_6h") is not None, "the rules were evaluated")
    live = {*watch.ask("label/__name__/values"), *ELSEWHERE}
    asked = expressions()
    assert len(asked) > 60
    for expression in asked:
        watch.ask("query", query=expression)
        missing = {name for name in NAME.findall(_without_labels(expression)) if name not in live}
        assert missing == set(), expression


def test_a_certificate_near_its_end_is_seen(watch: Watch) -> None:
    """The alert waits for its hour about those that end or have ended, and about nothing of one that lives."""
    rings = 'ALERTS{alertname="CertificadoVencendo"}'
    until(
        lambda: (
            {one["metric"]["instance"] for one in watch.ask("query", query=rings)["result"]}
            == {watch.near_its_end, watch.expired}
        ),
        "the alert is pending",
        lambda: str(watch.ask("query", query="probe_ssl_earliest_cert_expiry - time()")["result"]),
    )


def test_no_label_of_anything_that_is_watched_is_a_person(watch: Watch) -> None:
    """Prometheus's own list of values, and the port of a worker that has answered a customer by itself, know nobody."""
    number, port = "5520900001072", free_port()
    urls = EmbeddedEngines(Path(watch.shop.environment["SECRETARIA_HOME"])).urls
    engines = {"DATABASE_URL": urls.database_url, "REDIS_URL": urls.redis_url}
    with ExitStack() as stack:
        command = (sys.executable, "-m", "secretaria", "worker", "--metrics-port", str(port))
        _start(stack, *command, **watch.shop.environment, **engines)
        until(lambda: watch.value("secretaria_workers_alive") == 2.0, "it lives")
        other = watch.shop.pid_of("worker")
        stack.callback(os.kill, other, signal.SIGCONT)
        os.kill(other, signal.SIGSTOP)
        event = text_event(number, f"{SAID}, quanto custa a limpeza?", "W2", datetime.now(UTC), "Zilda Canario")
        watch.shop.phone.post(event)
        sent = re.compile(r"secretaria_whaticket_send_success_total [1-9]")
        until(lambda: bool(sent.search(_metrics_of(port))), "that worker said something")
        shown = _metrics_of(port)
    names = [name for name in watch.ask("labels") if name not in NUMERIC_BOUNDS]
    watched = {value for name in names for value in watch.ask(f"label/{name}/values")}
    assert personal(watched | label_values(shown), [number, "zilda", "canario"]) == {}


def test_doctor_walks_the_whole_way_and_leaves_nothing(watch: Watch, tmp_path: Path) -> None:
    """A signed event of nobody comes out at the look-alike and is seen by Prometheus; no row and no real send is left of it."""
    arguments = ("doctor", "--e2e", "--json", "--url", watch.shop.url, "--prometheus", watch.url)
    ran = secretaria(*arguments, cwd=tmp_path, environment=watch.shop.environment, seconds=150)
    found = [json.loads(line) for line in ran.out.splitlines()]
    steps = (
        "métrica antes",
        "prometheus antes",
        "webhook",
        "entrada",
        "rodada",
        "modelo",
        "saída",
        "métrica",
        "prometheus",
    )
    assert {line["name"]: line["status"] for line in found} == dict.fromkeys((*steps, "limpeza"), "ok"), (
        ran.out + ran.err
    )
    assert ran.code == 0
    assert all(" s)" in line["found"] for line in found[:-1])
    assert watch.shop.ledger.sent(PROBE_NUMBER) == ()


@pytest.fixture(scope="module")
def rang(watch: Watch) -> dict[str, Any]:
    """Let the worker stand still until the notice has arrived, and return the alert in it."""
    worker = watch.shop.pid_of("worker")
    os.kill(worker, signal.SIGSTOP)
    try:
        until(lambda: bool(_told_of(watch, "FalhaDeSaude", "workers")), "the notice arrived", lambda: str(watch.told))
        assert watch.value("secretaria_workers_alive") == 0.0
        until(lambda: bool(watch.shop.ledger.sent(OWNER)), "the owner was told")
    finally:
        os.kill(worker, signal.SIGCONT)
    return _told_of(watch, "FalhaDeSaude", "workers")[0]


def test_an_alert_arrives_when_the_workers_stop(rang: dict[str, Any]) -> None:
    """The health check fails, and the notice arrives with what to do."""
    assert rang["annotations"]["summary"] == "O exame de saúde encontrou workers fora do ar no último minuto."
    assert (DOCKER.parent / rang["annotations"]["runbook"]).is_file()


def test_the_owner_hears_of_it_on_whatsapp(watch: Watch, rang: dict[str, Any]) -> None:
    """One message at Whaticket for the same alert, beside the address for notices, though every worker stood still."""
    told = [sent.body for sent in watch.shop.ledger.sent(OWNER) if rang["annotations"]["summary"] in sent.body]
    assert len([body for body in told if f"*{rang['labels']['alertname']}*" in body]) == 1
    assert f"O que fazer: {rang['annotations']['runbook']}" in told[0]


def expressions() -> list[str]:
    """Return every expression of the dashboards and of the rules."""
    shown = [
        target["expr"]
        for file in (DOCKER / "grafana/dashboards").glob("*.json")
        for panel in json.loads(file.read_text(encoding="utf-8"))["panels"]
        for target in panel["targets"]
    ]
    rules = yaml.safe_load((DOCKER / "prometheus/rules/secretaria.yml").read_text(encoding="utf-8"))
    return [*shown, *(rule["expr"] for group in rules["groups"] for rule in group["rules"])]


def _metrics_of(port: int) -> str:
    return httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text


def _without_labels(expression: str) -> str:
    return re.sub(r'"[^"]*"', "", expression)


def _told_of(watch: Watch, alert: str, component: str) -> list[dict[str, Any]]:
    found = [one for notice in list(watch.told) for one in notice["alerts"]]
    wanted = {"alertname": alert, "component": component}
    return [one for one in found if wanted.items() <= one["labels"].items() and one["status"] == "firing"]


def _healthy(watch: Watch) -> set[str]:
    return {one["labels"]["job"] for one in watch.ask("targets")["activeTargets"] if one["health"] == "up"}


def until(come_true: Callable[[], bool], what: str, told: Callable[[], str] = str) -> None:
    """Wait for something, as long as a busy machine may take."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            if come_true():
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.2)
    raise AssertionError(f"{what}: {told()}")


def _prometheus_config(shop: Shop, alertmanager: int, exporters: dict[str, int]) -> str:
    """Return the configuration of a server with the addresses of this machine, at the pace of a test."""
    config = yaml.safe_load((DOCKER / "prometheus/prometheus.yml").read_text(encoding="utf-8"))
    config["global"] = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(DOCKER / "prometheus/rules/*.yml")]
    config["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"] = [f"127.0.0.1:{alertmanager}"]
    targets = {"secretaria": shop.url.removeprefix("http://")}
    targets |= {job: f"127.0.0.1:{port}" for job, port in exporters.items()}
    config["scrape_configs"] = [one for one in config["scrape_configs"] if one["job_name"] in targets]
    for scrape in config["scrape_configs"]:
        if scrape["job_name"] == "certificate":
            scrape["relabel_configs"][-1]["replacement"] = targets["certificate"]
        else:
            scrape.pop("dns_sd_configs", None)
            scrape["static_configs"] = [{"targets": [targets[scrape["job_name"]]]}]
    for scrape in config["scrape_configs"]:
        scrape["scrape_interval"] = scrape["scrape_timeout"] = "5s" if scrape["job_name"] != "secretaria" else "2s"
    return yaml.safe_dump(config)


def _start_exporters(stack: ExitStack, shop: Shop) -> dict[str, int]:
    ports = {"postgresql": free_port(), "redis": free_port(), "certificate": free_port()}
    urls = EmbeddedEngines(Path(shop.environment["SECRETARIA_HOME"])).urls
    database = make_url(urls.database_url)
    _start(
        stack,
        "prometheus-postgres-exporter",
        f"--web.listen-address=127.0.0.1:{ports['postgresql']}",
        DATA_SOURCE_NAME=f"user={database.username} dbname={database.database} sslmode=disable "
        f"host={database.query['host']} port={database.query['port']}",
    )
    socket = urls.redis_url.partition("?")[0]
    _start(
        stack,
        "prometheus-redis-exporter",
        f"-redis.addr={socket}",
        f"-web.listen-address=127.0.0.1:{ports['redis']}",
    )
    _start(
        stack,
        "prometheus-blackbox-exporter",
        f"--config.file={DOCKER}/prometheus/blackbox.yml",
        f"--web.listen-address=127.0.0.1:{ports['certificate']}",
    )
    return ports


def _start(stack: ExitStack, *command: str, **environment: str) -> None:
    """Start a program that ends with the test."""
    process = subprocess.Popen(
        command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )

    def end() -> None:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    stack.callback(end)


class _receiver:  # noqa: N801  # reads as what it is: with _receiver(told) as address
    """An address for notices on loopback."""

    def __init__(self, told: list[dict[str, Any]]) -> None:
        class Notices(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                told.append(json.loads(body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Notices)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> str:
        self._thread.start()
        return f"http://127.0.0.1:{self._server.server_port}/avisos"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)
