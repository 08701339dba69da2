"""What every answer carries, who counts as inside, and whose word about addresses is believed."""

from __future__ import annotations

import httpx
import pytest

from tests.integration.web.conftest import Start

INSIDE_ONLY = ("/metrics", "/healthz", "/schema/openapi.json")
METRICS_TOKEN = "token-das-metricas-0001"


@pytest.mark.parametrize("path", ["/livez", "/metrics", "/nada", "/auth/me", "/webhook/whaticket"])
def test_every_answer_is_hardened(site: httpx.Client, path: str) -> None:
    """Errors too."""
    headers = site.get(path).headers
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "Strict-Transport-Security" not in headers


def test_behind_tls_browsers_are_told_to_stay_there(start: Start) -> None:
    """The proxy says which way the request came."""
    client = start(SECRETARIA__SERVER__TRUSTED_PROXIES='["127.0.0.1"]')
    answer = client.get("/livez", headers={"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.5"})
    assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]


@pytest.mark.parametrize("path", INSIDE_ONLY)
def test_from_inside_everything_is_shown(site: httpx.Client, path: str) -> None:
    """Prometheus needs no session."""
    assert site.get(path).status_code in (200, 503)


@pytest.mark.parametrize("path", INSIDE_ONLY)
def test_from_outside_it_is_not_there(start: Start, path: str) -> None:
    """Through the proxy, the address that it vouches for counts."""
    client = start(SECRETARIA__SERVER__TRUSTED_PROXIES='["127.0.0.1"]', METRICS_TOKEN=METRICS_TOKEN)
    outside = {"X-Forwarded-For": "203.0.113.5"}
    assert client.get(path, headers=outside).status_code == 404
    assert client.get(path, headers={**outside, "Authorization": "Bearer errado"}).status_code == 404
    shown = client.get(path, headers={**outside, "Authorization": f"Bearer {METRICS_TOKEN}"})
    assert shown.status_code in (200, 503)


@pytest.mark.parametrize("name", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
def test_a_forwarded_request_is_not_inside_where_no_proxy_is_configured(site: httpx.Client, name: str) -> None:
    """It came through a proxy that nobody told us of."""
    assert site.get("/metrics", headers={name: "127.0.0.1"}).status_code == 404


def test_a_stranger_cannot_name_an_inside_address(start: Start) -> None:
    """What stands left of the address that our proxy saw is only what the stranger wrote."""
    client = start(SECRETARIA__SERVER__TRUSTED_PROXIES='["127.0.0.1"]')
    assert client.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1, 203.0.113.5"}).status_code == 404


@pytest.mark.parametrize(
    "headers",
    [{"X-HTTP-Method-Override": "GET"}, {"X-Original-URL": "/livez"}, {"X-Rewrite-URL": "/livez"}],
)
def test_no_header_changes_the_method_or_the_path(site: httpx.Client, headers: dict[str, str]) -> None:
    """The request line is what counts."""
    assert site.post("/nada", headers=headers).status_code == 404


def test_the_panel_answers_under_its_own_names_only(start: Start) -> None:
    """A page of another name that was pointed at us is refused; events and probes come under any name."""
    client = start(SECRETARIA__SERVER__HOSTS='["painel.exemplo.com.br"]')
    named, other = {"Host": "painel.exemplo.com.br"}, {"Host": "outro.exemplo.com"}
    assert client.get("/auth/me", headers=named).status_code == 401
    assert client.get("/auth/me", headers=other).status_code == 400
    assert client.get("/livez", headers=other).status_code == 200
    assert client.post("/webhook/whaticket", headers=other).status_code == 401


def test_no_other_site_may_read_an_answer(site: httpx.Client) -> None:
    """Nothing is shared across origins, asked for or not."""
    foreign = {"Origin": "https://outro.exemplo.com", "Access-Control-Request-Method": "GET"}
    for answer in (site.get("/auth/me", headers=foreign), site.options("/auth/me", headers=foreign)):
        assert [name for name in answer.headers if name.startswith("access-control-")] == []
