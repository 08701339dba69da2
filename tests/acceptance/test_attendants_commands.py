"""``secretaria attendants`` as the owner types it, and the panel that obeys it."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pyotp

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


def test_a_second_step_begins_with_its_first_code(shop: Shop) -> None:
    """On a terminal alone: the key is shown, a code is asked for, and then the password is not enough until --off."""
    assert attendants(shop, "add", "davi", "--stdin", stdin=f"{PASSWORD}\n").code == 0
    assert attendants(shop, "second-step", "davi").code == 2
    recovery = re.findall(r"(?:\d{5}-){3}\d{5}", begun(shop, "davi"))
    assert len(recovery) == 10
    credentials = {"login": "davi", "password": PASSWORD}
    assert httpx.post(f"{shop.url}/auth/token", json=credentials, trust_env=False).status_code == 401
    with_code = {**credentials, "code": recovery[0]}
    assert httpx.post(f"{shop.url}/auth/token", json=with_code, trust_env=False).status_code == 200
    assert attendants(shop, "second-step", "davi", "--off").code == 0
    assert httpx.post(f"{shop.url}/auth/token", json=credentials, trust_env=False).status_code == 200


def begun(shop: Shop, login: str) -> str:
    """Type the first code on a terminal, and return all that was shown there."""
    ours, theirs = pty.openpty()
    ran = subprocess.Popen(
        [sys.executable, "-m", "secretaria", "attendants", "second-step", login],
        cwd=Path(shop.environment["SECRETARIA_HOME"]).parent,
        env={**os.environ, **shop.environment},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown, typed = "", False
    with os.fdopen(ours, "r+b", buffering=0) as terminal:
        while part := read_terminal(terminal.fileno()):
            shown += part
            key = re.search(r"^[A-Z2-7]{32}\s*$", shown, re.MULTILINE)
            if key and "digo: " in shown and not typed:
                terminal.write(pyotp.TOTP(key.group().strip()).at(datetime.now(UTC)).encode() + b"\n")
                typed = True
    assert ran.wait(30) == 0, shown
    return shown


def read_terminal(descriptor: int) -> str:
    """Return what was shown next, nothing once the command has ended (Linux says so with an error)."""
    try:
        return os.read(descriptor, 65536).decode(errors="replace")
    except OSError:
        return ""
