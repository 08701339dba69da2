"""The second step at the entrance: each code once, told like a wrong password, and ended or begun for all sessions."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pyotp
import pytest

from secretaria.attendants.accounts import AccountsRoom, CodeWrong, drop_second_step, require_second_step
from secretaria.attendants.entering import CredentialsWrong, Entrance, TooManyLogins, log_in, prove, renew_password
from secretaria.attendants.second_step import new_key
from secretaria.attendants.tokens import TokenInvalid
from secretaria.audit.trail import read_trail
from secretaria.clock import HeldClock
from secretaria.database.transaction import transaction
from tests.integration.attendants.conftest import PASSWORD

HERE = "192.0.2.7"
KEY = new_key()


@pytest.fixture
def recovery(accounts: AccountsRoom, clock: HeldClock) -> Sequence[str]:
    """Ask the owner for codes from half a minute ago on, and hand over the recovery codes."""
    codes = require_second_step(accounts, "dona", KEY, shown(clock))
    clock.advance(30)
    return codes


def shown(clock: HeldClock, key: str = KEY) -> str:
    """Return what the application shows."""
    return pyotp.TOTP(key).at(clock.now())


def other_than(code: str) -> str:
    """Return a code that the application does not show, nor did or will in half a minute."""
    return f"{(int(code) + 1) % 10**6:06}"


@pytest.mark.usefixtures("recovery")
def test_a_code_opens_once(entrance: Entrance, clock: HeldClock) -> None:
    """Who looked over the shoulder comes too late, and the next code opens again."""
    log_in(entrance, "dona", PASSWORD, HERE, shown(clock))
    with pytest.raises(CredentialsWrong):
        log_in(entrance, "dona", PASSWORD, HERE, shown(clock))
    clock.advance(30)
    assert log_in(entrance, "dona", PASSWORD, HERE, shown(clock)).person.login == "dona"


def test_the_code_that_began_it_opens_nothing(entrance: Entrance, accounts: AccountsRoom, clock: HeldClock) -> None:
    """It was used up by the beginning."""
    require_second_step(accounts, "dona", KEY, shown(clock))
    with pytest.raises(CredentialsWrong):
        log_in(entrance, "dona", PASSWORD, HERE, shown(clock))


@pytest.mark.usefixtures("recovery")
def test_missing_and_wrong_codes_are_told_like_a_wrong_password(entrance: Entrance, clock: HeldClock) -> None:
    """Nobody learns that the password was right, and the code of a wrong password is not used up."""
    told = []
    code = shown(clock)
    for password, typed in ((PASSWORD, ""), (PASSWORD, other_than(code)), ("não é esta a senha", code)):
        with pytest.raises(CredentialsWrong) as refused:
            log_in(entrance, "dona", password, HERE, typed)
        told.append((refused.value.message, refused.value.hint))
    assert len(set(told)) == 1
    assert log_in(entrance, "dona", PASSWORD, HERE, code).person.login == "dona"


@pytest.mark.usefixtures("recovery")
def test_wrong_codes_are_counted_like_wrong_passwords(entrance: Entrance, clock: HeldClock) -> None:
    """The sixth try is not looked at, even if it is right."""
    for _ in range(5):
        with pytest.raises(CredentialsWrong):
            log_in(entrance, "dona", PASSWORD, HERE, other_than(shown(clock)))
    with pytest.raises(TooManyLogins):
        log_in(entrance, "dona", PASSWORD, HERE, shown(clock))


def test_codes_guessed_from_many_addresses_are_no_longer_looked_at(
    entrance: Entrance, clock: HeldClock, recovery: Sequence[str]
) -> None:
    """Whoever has the password may not try a million codes; the owner still enters with a recovery code."""
    for _ in range(10):
        entrance.throttle.may_try_code("dona")
    with pytest.raises(CredentialsWrong):
        log_in(entrance, "dona", PASSWORD, HERE, shown(clock))
    log_in(entrance, "dona", PASSWORD, HERE, recovery[0])
    assert log_in(entrance, "dona", PASSWORD, HERE, shown(clock)).person.login == "dona"


def test_a_recovery_code_opens_once_and_is_noted(entrance: Entrance, recovery: Sequence[str]) -> None:
    """The others stay good."""
    log_in(entrance, "dona", PASSWORD, HERE, recovery[3])
    with pytest.raises(CredentialsWrong):
        log_in(entrance, "dona", PASSWORD, HERE, recovery[3])
    log_in(entrance, "dona", PASSWORD, HERE, recovery[4])
    noted = read_trail(entrance.engine, action="session.recovery_code_used")
    assert [(one.actor, one.place) for one in noted] == [("dona", HERE)] * 2


@pytest.mark.parametrize("kind", ["application", "recovery"])
def test_of_two_with_the_same_code_one_enters(
    entrance: Entrance, clock: HeldClock, recovery: Sequence[str], kind: str
) -> None:
    """Both looked at the same moment."""
    code = shown(clock) if kind == "application" else recovery[0]
    outcomes: list[bool] = []
    together = threading.Barrier(2)

    def enter() -> None:
        together.wait(10)
        try:
            log_in(entrance, "dona", PASSWORD, HERE, code)
        except CredentialsWrong:
            outcomes.append(False)
        else:
            outcomes.append(True)

    both = [threading.Thread(target=enter) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert sorted(outcomes) == [False, True]


def test_beginning_and_ending_it_end_the_sessions_and_are_noted(
    entrance: Entrance, accounts: AccountsRoom, clock: HeldClock
) -> None:
    """As a new password does; afterwards the password is enough, and no recovery code is left."""
    before = log_in(entrance, "dona", PASSWORD, HERE)
    require_second_step(accounts, "dona", KEY, shown(clock))
    with pytest.raises(TokenInvalid):
        prove(entrance, before.access)
    clock.advance(30)
    during = log_in(entrance, "dona", PASSWORD, HERE, shown(clock))
    drop_second_step(accounts, "dona")
    with pytest.raises(TokenInvalid):
        prove(entrance, during.access)
    assert log_in(entrance, "dona", PASSWORD, HERE).person.login == "dona"
    trail = [one.action for one in read_trail(entrance.engine, action="attendant.second_step")]
    assert trail == ["attendant.second_step_dropped", "attendant.second_step_required"]


def test_a_wrong_first_code_changes_nothing(entrance: Entrance, accounts: AccountsRoom, clock: HeldClock) -> None:
    """Nobody is locked out by an application that was set up badly."""
    with pytest.raises(CodeWrong):
        require_second_step(accounts, "dona", KEY, other_than(shown(clock)))
    assert log_in(entrance, "dona", PASSWORD, HERE).person.login == "dona"


def test_another_application_ends_the_earlier_one(
    entrance: Entrance, accounts: AccountsRoom, clock: HeldClock, recovery: Sequence[str]
) -> None:
    """Its codes, and the recovery codes that came with it."""
    newer = new_key()
    require_second_step(accounts, "dona", newer, shown(clock, newer))
    clock.advance(30)
    for old in (shown(clock), recovery[0]):
        with pytest.raises(CredentialsWrong):
            log_in(entrance, "dona", PASSWORD, HERE, old)
    assert log_in(entrance, "dona", PASSWORD, HERE, shown(clock, newer)).person.login == "dona"


@pytest.mark.usefixtures("recovery")
def test_a_new_password_needs_no_second_code(entrance: Entrance, clock: HeldClock) -> None:
    """The session that asks proved one already; the next entry is asked again."""
    mine = log_in(entrance, "dona", PASSWORD, HERE, shown(clock))
    new = "palavras novas e bem raras"
    renewed = renew_password(entrance, mine.person, PASSWORD, new, HERE)
    assert prove(entrance, renewed.access).login == "dona"
    with pytest.raises(CredentialsWrong):
        log_in(entrance, "dona", new, HERE)


def test_neither_key_nor_codes_rest_readable(entrance: Entrance, recovery: Sequence[str]) -> None:
    """A copy of the database gives no second step."""
    with transaction(entrance.engine) as session:
        rows = session.connection().exec_driver_sql(
            "SELECT a::text FROM attendant a UNION ALL SELECT r::text FROM recovery_code r"
        )
        kept = "\n".join(row[0] for row in rows)
    assert len(kept.splitlines()) == 1 + len(recovery)
    assert not any(secret in kept for secret in (KEY, *recovery, *(code.replace("-", "") for code in recovery)))
