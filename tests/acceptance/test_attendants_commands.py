"""``secretaria attendants`` as the owner types it, and the panel that obeys it."""

from __future__ import annotations

import json
from pathlib import Path

import httpx

from tests.acceptance.commands import Ran, secretaria
from tests.acceptance.conftest import Shop

PASSWORD = "palavras raras de uma só pessoa"


def attendants(shop: Shop, *arguments: str, stdin: str = "") -> Ran:
    """Run one of the commands in the folder of the shop."""
    home = Path(shop.environment["SECRETARIA_HOME"]).parent
    return secretaria("attendants", *arguments, cwd=home, environment=shop.environment, stdin=stdin)


def test_who_is_added_enters_and_who_is_disabled_does_not(shop: Shop) -> None:
    """The password comes by the pipe, the list shows no secret, and closing an account is felt at once."""
    assert attendants(shop, "add", "dona", "--role", "owner", "--stdin", stdin=f"{PASSWORD}\n").code == 0
    assert attendants(shop, "add", "ana", "--stdin", stdin=f"{PASSWORD}\n").code == 0
    listed = attendants(shop, "list", "--json")
    team = {json.loads(line)["login"]: json.loads(line)["role"] for line in listed.out.splitlines()}
    assert team.items() >= {"ana": "attendant", "dona": "owner"}.items()
    assert "argon2" not in listed.out
    credentials = {"login": "ana", "password": PASSWORD}
    token = httpx.post(f"{shop.url}/auth/token", json=credentials, trust_env=False).json()["access_token"]
    assert attendants(shop, "disable", "ana").code == 0
    bearing = {"Authorization": f"Bearer {token}"}
    assert httpx.get(f"{shop.url}/auth/me", headers=bearing, trust_env=False).status_code == 401


def test_a_password_is_never_an_argument(shop: Shop) -> None:
    """Without a terminal and without --stdin the command says what to do, and does nothing."""
    refused = attendants(shop, "add", "bia")
    assert refused.code == 2
    assert "--stdin" in refused.err


def test_a_drawn_password_is_shown_once(shop: Shop) -> None:
    """It goes to standard output alone, so that a pipe can take it."""
    drawn = attendants(shop, "add", "caio", "--role", "viewer", "--random")
    assert drawn.code == 0
    assert len(drawn.out.strip()) >= 20
