"""What certbot is asked, and what is made of its answer."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from secretaria.certificates.issuing import CertificateRefused, Order, certbot_command, obtain


@pytest.fixture
def order(tmp_path: Path) -> Order:
    """Ask an issuer of one's own."""
    return Order("atendimento.exemplo.com.br", "dona@exemplo.com.br", "https://emissor.exemplo/dir", tmp_path, 8089)


def test_a_certificate_that_is_good_is_left_alone(order: Order) -> None:
    """An issuer's patience is counted in certificates a week."""
    command = certbot_command(order)
    assert "--keep-until-expiring" in command
    assert command[command.index("--server") + 1] == order.server


def test_without_a_directory_the_issuer_is_certbots_own(order: Order) -> None:
    """Nothing is said of a server, so it is Let's Encrypt."""
    assert "--server" not in certbot_command(Order(order.host, order.email, "", order.folder, order.port))


def test_chain_and_key_are_handed_over_in_one(order: Order) -> None:
    """This is how the proxy reads them."""
    live = order.folder / "live" / "site"
    live.mkdir(parents=True)
    (live / "fullchain.pem").write_bytes(b"chain\n")
    (live / "privkey.pem").write_bytes(b"key\n")
    assert obtain(order, [sys.executable, "-c", ""]) == b"chain\nkey\n"


def test_a_refusal_is_told_with_the_issuers_reason(order: Order) -> None:
    """The operator reads what was wrong, and where to look."""
    with pytest.raises(CertificateRefused, match="DNS problem") as refused:
        obtain(order, [sys.executable, "-c", "import sys; sys.exit('DNS problem')"])
    assert "porta 80" in refused.value.hint
