"""The certificate of the public address, from a real ACME issuer (pebble), put into a proxy that goes on serving."""

from __future__ import annotations

import json
import ssl
import time
from datetime import UTC, datetime

import pytest
from cryptography import x509

from secretaria.certificates.self_signed import self_signed
from tests.deploy.installation import Installation, OpenInstallation
from tests.deploy.standins import base_image, docker

HOST = "atendimento.exemplo.com.br"
ISSUER = {
    "pebble": {
        "listenAddress": "0.0.0.0:14000",
        "managementListenAddress": "0.0.0.0:15000",
        "certificate": "/issuer/issuer.pem",
        "privateKey": "/issuer/issuer.pem",
        "httpPort": 8080,
        "tlsPort": 8443,
        "ocspResponderURL": "",
        "externalAccountBindingRequired": False,
    }
}
# The issuer reaches the proxy by the public name, and the certificate service trusts the issuer's own address.
OVERLAY = """
services:
  issuer:
    image: BASE
    user: "10001:10001"
    entrypoint: ["pebble", "-config", "/issuer/pebble.json"]
    environment: {PEBBLE_VA_NOSLEEP: "1", PEBBLE_WFE_NONCEREJECT: "0"}
    volumes: ["./issuer:/issuer:ro"]
    networks: [public, outside]
  proxy:
    depends_on: {issuer: {condition: service_started}}
    networks: {public: {aliases: [HOST]}}
  certificate:
    environment: {REQUESTS_CA_BUNDLE: /issuer/issuer.pem}
    volumes: ["./issuer:/issuer:ro"]
"""


@pytest.fixture(scope="module")
def issued(open_shop: OpenInstallation) -> Installation:
    """Run an installation beside an issuer that can reach it by its public name."""
    opened = open_shop(PUBLIC_HOST=HOST, ACME_EMAIL="dona@exemplo.com.br", ACME_SERVER="https://issuer:14000/dir")
    folder = opened.folder / "issuer"
    folder.mkdir()
    (folder / "issuer.pem").write_bytes(self_signed("issuer", datetime.now(UTC)))
    (folder / "pebble.json").write_text(json.dumps(ISSUER), encoding="utf-8")
    (opened.folder / "docker-compose.issuer.yml").write_text(
        OVERLAY.replace("BASE", base_image()).replace("HOST", HOST), encoding="utf-8"
    )
    opened.files = (*opened.files, "docker-compose.issuer.yml")
    opened.start()
    return opened


def test_an_issued_certificate_replaces_the_first_one_without_a_restart(issued: Installation) -> None:
    """The proxy comes to show a certificate of the issuer for the public name, and is the process that it was."""
    proxy = issued.compose("ps", "--quiet", "proxy").strip()
    deadline = time.monotonic() + 60
    while "Pebble" not in (shown := shown_by(issued)).issuer.rfc4514_string() and time.monotonic() < deadline:
        time.sleep(0.3)
    assert "Pebble" in shown.issuer.rfc4514_string(), issued.compose("logs", "certificate", "issuer")
    names = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == [HOST]
    replaced = issued.inside("certificate", "stat", "-c", "%Y", "/var/lib/certificates/site.pem")
    begun = json.loads(docker("inspect", proxy))[0]
    assert datetime.fromisoformat(begun["State"]["StartedAt"]).timestamp() < float(replaced)
    assert begun["RestartCount"] == 0


def shown_by(installation: Installation) -> x509.Certificate:
    """Return the certificate that the proxy shows."""
    pem = ssl.get_server_certificate(("127.0.0.1", installation.https_port), timeout=5)
    return x509.load_pem_x509_certificate(pem.encode())
