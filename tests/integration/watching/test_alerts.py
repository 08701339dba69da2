"""The alerts as Prometheus and Alertmanager read them: each rings beyond its threshold and not beside it, and says what to do."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from secretaria.cli.app import app

ROOT = Path(__file__).parents[3]
PROMETHEUS = ROOT / "docker/prometheus"
RULES = PROMETHEUS / "rules/secretaria.yml"
COMMAND = re.compile(r"`secretaria ([a-z ]+)")


def run(*command: str | Path, **environment: str) -> str:
    """Run a program of Debian's prometheus packages and return what it said."""
    ended = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **environment})
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def alerts() -> list[dict[str, Any]]:
    """Return the alerts as they are written."""
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"] if "alert" in rule]


def commands() -> set[str]:
    """Return every command of ours, groups with each of theirs."""
    root = typer.main.get_command(app)
    named = getattr(root, "commands", {})
    return {*named, *(f"{name} {inner}" for name, group in named.items() for inner in getattr(group, "commands", {}))}


def test_rules_are_what_prometheus_reads() -> None:
    """Prometheus takes the file."""
    assert "SUCCESS" in run("promtool", "check", "rules", RULES)


@pytest.mark.parametrize("file", sorted((PROMETHEUS / "tests").glob("*.yml")), ids=lambda path: path.stem)
def test_each_alert_rings_beyond_its_threshold_and_not_beside_it(file: Path) -> None:
    """Prometheus's own rule tests."""
    run("promtool", "test", "rules", file)


def test_no_alert_is_without_a_test_of_both_kinds() -> None:
    """Each one is shown ringing and silent."""
    shown = "".join(file.read_text(encoding="utf-8") for file in (PROMETHEUS / "tests").glob("*.yml"))
    cases = re.findall(r'alertname="(\w+)".*?value: ([01])}', shown, re.DOTALL)
    assert {alert["alert"]: {"0", "1"} for alert in alerts()} == {
        name: {value for other, value in cases if other == name} for name, _ in cases
    }


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: str(alert["alert"]))
def test_each_alert_says_what_to_do(alert: dict[str, Any]) -> None:
    """It has a severity, a sentence, and a page whose commands are commands of ours."""
    assert alert["labels"]["severity"] in {"critical", "warning"}
    assert alert["annotations"]["summary"].endswith(".")
    page = ROOT / alert["annotations"]["runbook"]
    written = page.read_text(encoding="utf-8")
    assert page.stem == alert["alert"]
    assert f"(`{alert['labels']['severity']}`)" in written
    for heading in ("## O que significa", "## Como olhar", "## O que fazer"):
        assert heading in written
    named = [match.strip().split() for match in COMMAND.findall(written)]
    known = commands()
    assert [words for words in named if words[0] not in known and " ".join(words[:2]) not in known] == []


def test_no_page_is_left_of_an_alert_that_is_gone() -> None:
    """A page with a capital is an alert's; the others in the folder are guides."""
    assert {page.stem for page in (ROOT / "docs/operacao").glob("[A-Z]*.md")} == {alert["alert"] for alert in alerts()}


@pytest.mark.parametrize("url", ["https://avisos.exemplo/gancho?canal='a'&chave=x", ""], ids=["address", "no address"])
@pytest.mark.parametrize("token", ["ficha-'a'-0001,ficha-antiga", ""], ids=["token", "no token"])
def test_alertmanager_takes_its_configuration(url: str, token: str, tmp_path: Path) -> None:
    """With an address for notices, with the token of our service, with both and with neither; a rotating token is one."""
    keys = {"MONITORING_WEBHOOK_URL": url, "ALERTS_TOKEN": token}
    written = run("sh", PROMETHEUS / "start-alertmanager.sh", "--print", **keys)
    config = tmp_path / "alertmanager.yml"
    config.write_text(written, encoding="utf-8")
    assert "SUCCESS" in run("amtool", "check-config", config)
    told = {one["name"]: one.get("webhook_configs", []) for one in yaml.safe_load(written)["receivers"]}
    assert [one["url"] for one in told["monitoring"]] == ([url] if url else [])
    owner = [(one["url"], one["http_config"]["authorization"]["credentials"]) for one in told["owner"]]
    assert owner == ([("http://api:8000/alerts", "ficha-'a'-0001")] if token else [])


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: str(alert["alert"]))
def test_every_alert_finds_its_way(alert: dict[str, Any], tmp_path: Path) -> None:
    """All go to the address for notices; what somebody must act on now goes to the owner's WhatsApp too."""
    config, severity = tmp_path / "alertmanager.yml", alert["labels"]["severity"]
    config.write_text(run("sh", PROMETHEUS / "start-alertmanager.sh", "--print"), encoding="utf-8")
    labels = (f"alertname={alert['alert']}", f"severity={severity}")
    found = run("amtool", "config", "routes", "test", f"--config.file={config}", *labels)
    assert found.strip() == ("owner,monitoring" if severity == "critical" else "monitoring")
