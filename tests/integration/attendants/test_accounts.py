"""Accounts: who may be added, and what each change ends."""

from __future__ import annotations

import threading

import pytest

from secretaria.attendants import store
from secretaria.attendants.accounts import (
    AccountsRoom,
    AttendantUnknown,
    LastOwner,
    LoginInvalid,
    LoginTaken,
    add_attendant,
    change_password,
    change_role,
    disable_attendant,
    enable_attendant,
)
from secretaria.attendants.passwords import PasswordWeak
from secretaria.attendants.roles import Role
from secretaria.attendants.tokens import TokenInvalid
from secretaria.database.transaction import transaction

PASSWORD = "outras palavras que ninguém diz"


def add(room: AccountsRoom, login: str, role: Role = Role.ATTENDANT) -> int:
    """Open an account."""
    return add_attendant(room, login=login, name="", role=role, password=PASSWORD).id or 0


def test_a_login_is_the_same_however_it_is_typed(accounts: AccountsRoom) -> None:
    """People do not remember capitals."""
    with pytest.raises(LoginTaken):
        add(accounts, " DONA ")


@pytest.mark.parametrize("login", ["", "a", "com espaço", "ação", "a" * 101, "x\ny", "<b>"])
def test_a_login_nobody_could_type_is_refused(accounts: AccountsRoom, login: str) -> None:
    """It would also be shown in tables and logs."""
    with pytest.raises(LoginInvalid):
        add(accounts, login)


@pytest.mark.parametrize(
    "password", ["", "curta", "senha123456789", "passwordpassword", "123456789012", "a" * 40, "x" * 257]
)
def test_a_password_that_is_tried_first_is_refused(accounts: AccountsRoom, password: str) -> None:
    """Long is not enough where everybody has it."""
    with pytest.raises(PasswordWeak):
        change_password(accounts, "dona", password)


@pytest.mark.parametrize("change", ["role", "password", "disable"])
def test_every_change_ends_the_sessions(accounts: AccountsRoom, change: str) -> None:
    """The next request already feels it."""
    somebody = add(accounts, "ana")
    opened, _ = accounts.sessions.begin(somebody, 1)
    match change:
        case "role":
            change_role(accounts, "ana", Role.VIEWER)
        case "password":
            change_password(accounts, "ana", "ainda outras palavras raras")
        case _:
            disable_attendant(accounts, "ana")
    with pytest.raises(TokenInvalid):
        accounts.sessions.touch(opened.session_id)


def test_a_change_voids_sessions_that_redis_did_not_hear_of(accounts: AccountsRoom) -> None:
    """The version of the account is in every token."""
    add(accounts, "ana")
    change_role(accounts, "ana", Role.VIEWER)
    with transaction(accounts.engine) as session:
        found = store.find_attendant(session, "ana")
    assert found is not None
    assert found.version == 2


@pytest.mark.parametrize(
    "change", [lambda room: disable_attendant(room, "dona"), lambda room: change_role(room, "dona", Role.VIEWER)]
)
def test_the_last_owner_stays(accounts: AccountsRoom, change: object) -> None:
    """Nobody could ever let one in again."""
    assert callable(change)
    with pytest.raises(LastOwner):
        change(accounts)


def test_of_two_owners_who_close_each_other_one_stays(accounts: AccountsRoom) -> None:
    """Both looked at the same moment; one of them has to lose."""
    add(accounts, "socio", Role.OWNER)
    refused: list[str] = []

    def close(login: str) -> None:
        try:
            disable_attendant(accounts, login)
        except LastOwner:
            refused.append(login)

    both = [threading.Thread(target=close, args=(login,)) for login in ("dona", "socio")]
    for one in both:
        one.start()
    for one in both:
        one.join()
    with transaction(accounts.engine) as session:
        still_open = [one.login for one in store.list_attendants(session) if one.disabled_at is None]
    assert (len(refused), len(still_open)) == (1, 1)


def test_a_closed_account_can_be_opened_again(accounts: AccountsRoom) -> None:
    """People come back from leave."""
    add(accounts, "ana")
    disable_attendant(accounts, "ana")
    enable_attendant(accounts, "ana")
    with transaction(accounts.engine) as session:
        found = store.find_attendant(session, "ana")
    assert found is not None
    assert found.disabled_at is None


def test_who_is_not_there_cannot_be_changed(accounts: AccountsRoom) -> None:
    """The error names the login."""
    with pytest.raises(AttendantUnknown, match="ninguem"):
        disable_attendant(accounts, "ninguem")
