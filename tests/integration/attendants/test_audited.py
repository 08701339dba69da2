"""What is done to accounts, and who entered, is in the audit; no secret is."""

from __future__ import annotations

from contextlib import suppress

import pytest

from secretaria.attendants.accounts import AccountsRoom, LastOwner, add_attendant, change_role, disable_attendant
from secretaria.attendants.entering import CredentialsWrong, Entrance, log_in
from secretaria.attendants.roles import Role
from secretaria.audit.trail import read_trail
from tests.integration.attendants.conftest import PASSWORD, TESTER

HERE = "192.0.2.7"


def test_a_change_of_role_shows_both_roles(accounts: AccountsRoom) -> None:
    """Who, what, before and after."""
    add_attendant(accounts, login="ana", name="", role=Role.ATTENDANT, password=PASSWORD)
    change_role(accounts, "ana", Role.VIEWER)
    entry = read_trail(accounts.engine, action="attendant.role_changed")[0]
    assert (entry.actor, entry.before, entry.after) == (
        TESTER.name,
        {"login": "ana", "role": "attendant", "open": True},
        {"login": "ana", "role": "viewer", "open": True},
    )


def test_what_was_refused_was_not_done_and_is_not_noted(accounts: AccountsRoom) -> None:
    """An entry is kept with its change, or not at all."""
    with pytest.raises(LastOwner):
        disable_attendant(accounts, "dona")
    assert read_trail(accounts.engine, action="attendant.disabled") == []


def test_entering_and_failing_to_are_noted_with_the_address(entrance: Entrance) -> None:
    """Of an unknown login not even the letters are kept: it may be a password in the wrong field."""
    for login in ("dona", "uma-senha-no-campo-errado"):
        with suppress(CredentialsWrong):
            log_in(entrance, login, "não é esta a senha", HERE)
    log_in(entrance, "dona", PASSWORD, HERE)
    trail = [(one.action, one.actor, one.place) for one in read_trail(entrance.engine, action="session")]
    assert trail == [
        ("session.opened", "dona", HERE),
        ("session.refused", "desconhecido", HERE),
        ("session.refused", "dona", HERE),
    ]
