"""Entering: what opens, what does not, and that nobody can tell why."""

from __future__ import annotations

import threading
from contextlib import suppress
from unittest import mock

import pytest
import redis
from argon2 import PasswordHasher

from secretaria.attendants import passwords, store
from secretaria.attendants.accounts import AccountsRoom
from secretaria.attendants.entering import (
    CredentialsWrong,
    Entrance,
    EntranceClosed,
    TooManyLogins,
    go_on,
    leave,
    log_in,
    prove,
    renew_password,
)
from secretaria.attendants.passwords import EntranceCrowded
from secretaria.attendants.roles import Role
from secretaria.attendants.tokens import TokenInvalid
from secretaria.clock import HeldClock
from secretaria.database.transaction import transaction
from tests.integration.attendants.conftest import PASSWORD

HERE, ELSEWHERE = "192.0.2.7", "198.51.100.9"


def wrong(entrance: Entrance, times: int, address: str = HERE) -> None:
    """Type wrong passwords."""
    for number in range(times):
        with suppress(CredentialsWrong):
            log_in(entrance, "dona", f"chute número {number}", address)


def test_the_right_password_opens(entrance: Entrance) -> None:
    """The token proves who it is."""
    given = log_in(entrance, "Dona", PASSWORD, HERE)
    assert prove(entrance, given.access).login == "dona"


def test_each_entry_has_a_session_of_its_own(entrance: Entrance) -> None:
    """A session id known before the entry opens nothing after it."""
    first, second = log_in(entrance, "dona", PASSWORD, HERE), log_in(entrance, "dona", PASSWORD, HERE)
    assert first.person.session_id != second.person.session_id


def test_unknown_and_wrong_are_told_alike_after_the_same_work(entrance: Entrance) -> None:
    """Neither the words nor the hashing tell whether there is such an account."""
    told, hashed = [], []
    real = PasswordHasher.verify
    for login in ("dona", "ninguem"):
        with (
            mock.patch.object(PasswordHasher, "verify", autospec=True, side_effect=real) as verify,
            pytest.raises(CredentialsWrong) as refused,
        ):
            log_in(entrance, login, "uma senha que não é", HERE)
        told.append((refused.value.message, refused.value.hint))
        hashed.append(verify.call_count)
    assert told[0] == told[1]
    assert hashed == [1, 1]


def test_a_closed_account_does_not_open(entrance: Entrance, accounts: AccountsRoom) -> None:
    """Nor is it told apart from a wrong password."""
    with transaction(accounts.engine) as session:
        owner = store.lock_attendant(session, "dona")
        assert owner is not None
        owner.disabled_at = accounts.clock.now()
    with pytest.raises(CredentialsWrong):
        log_in(entrance, "dona", PASSWORD, HERE)


def test_the_sixth_try_is_not_looked_at(entrance: Entrance) -> None:
    """Five wrong ones in a quarter of an hour are enough, even if the sixth is right."""
    wrong(entrance, 5)
    with pytest.raises(TooManyLogins) as refused:
        log_in(entrance, "dona", PASSWORD, HERE)
    assert 0 < refused.value.wait_seconds <= 900


def test_who_guesses_does_not_lock_the_owner_out(entrance: Entrance) -> None:
    """From another address the right password still opens."""
    wrong(entrance, 5)
    assert log_in(entrance, "dona", PASSWORD, ELSEWHERE).person.login == "dona"


def test_one_address_cannot_try_many_accounts(entrance: Entrance) -> None:
    """Thirty wrong ones close the address, whoever they were for."""
    for _ in range(30):
        entrance.throttle.count_wrong(HERE)
    with pytest.raises(TooManyLogins):
        log_in(entrance, "dona", PASSWORD, HERE)


def test_tries_side_by_side_do_not_outrun_the_count(entrance: Entrance) -> None:
    """Of twenty at once at most five are looked at."""
    with mock.patch.object(PasswordHasher, "verify", autospec=True, side_effect=PasswordHasher.verify) as verify:

        def guess() -> None:
            with suppress(CredentialsWrong, TooManyLogins, EntranceCrowded):
                log_in(entrance, "dona", "um chute qualquer", HERE)

        guesses = [threading.Thread(target=guess) for _ in range(20)]
        for one in guesses:
            one.start()
        for one in guesses:
            one.join()
    assert verify.call_count <= 5


def test_a_crowd_is_sent_away_instead_of_queued(entrance: Entrance) -> None:
    """The threads of the service belong to the webhook first."""
    with mock.patch.object(passwords, "_LINE", threading.BoundedSemaphore(1)) as line:
        line.acquire()
        with pytest.raises(EntranceCrowded):
            log_in(entrance, "dona", PASSWORD, HERE)


def test_a_refresh_goes_on_with_the_role_of_now(entrance: Entrance) -> None:
    """The account is read again, not remembered."""
    given = log_in(entrance, "dona", PASSWORD, HERE)
    again = go_on(entrance, given.refresh)
    assert (again.person.role, again.person.session_id) == (Role.OWNER, given.person.session_id)


@pytest.mark.parametrize("everywhere", [False, True])
def test_a_copied_token_dies_with_its_session(entrance: Entrance, *, everywhere: bool) -> None:
    """Leaving voids what was copied before."""
    given = log_in(entrance, "dona", PASSWORD, HERE)
    leave(entrance, given.person, everywhere=everywhere)
    with pytest.raises(TokenInvalid):
        prove(entrance, given.access)
    with pytest.raises(TokenInvalid):
        go_on(entrance, given.refresh)


def test_a_flushed_redis_logs_everybody_out(entrance: Entrance, valkey: redis.Redis) -> None:
    """Absent means refused."""
    given = log_in(entrance, "dona", PASSWORD, HERE)
    valkey.flushall()
    with pytest.raises(TokenInvalid):
        prove(entrance, given.access)


def test_a_session_survives_its_access_token(entrance: Entrance, clock: HeldClock) -> None:
    """After ten minutes only the refresh token goes on."""
    given = log_in(entrance, "dona", PASSWORD, HERE)
    clock.advance(11 * 60)
    with pytest.raises(TokenInvalid):
        prove(entrance, given.access)
    assert prove(entrance, go_on(entrance, given.refresh).access).login == "dona"


def test_a_disabled_person_is_out_even_if_redis_kept_the_session(
    entrance: Entrance, accounts: AccountsRoom, clock: HeldClock
) -> None:
    """PostgreSQL has the last word."""
    given = log_in(entrance, "dona", PASSWORD, HERE)
    with transaction(entrance.engine) as session:
        owner = store.lock_attendant(session, "dona")
        assert owner is not None
        owner.disabled_at = clock.now()
    with pytest.raises(TokenInvalid):
        prove(entrance, given.access)
    with pytest.raises(TokenInvalid):
        go_on(entrance, given.refresh)
    assert accounts.sessions is entrance.sessions


def test_a_new_password_ends_the_other_sessions(entrance: Entrance) -> None:
    """Who renews stays in, with a new session."""
    other, mine = log_in(entrance, "dona", PASSWORD, HERE), log_in(entrance, "dona", PASSWORD, HERE)
    renewed = renew_password(entrance, mine.person, PASSWORD, "palavras novas e bem raras", HERE)
    assert prove(entrance, renewed.access).login == "dona"
    with pytest.raises(TokenInvalid):
        prove(entrance, other.access)


def test_a_password_is_renewed_only_by_who_knows_it(entrance: Entrance) -> None:
    """A copied session is not enough."""
    mine = log_in(entrance, "dona", PASSWORD, HERE)
    with pytest.raises(CredentialsWrong):
        renew_password(entrance, mine.person, "não é esta a senha", "palavras novas e bem raras", HERE)


def test_an_older_hash_is_made_anew_at_the_entry(entrance: Entrance) -> None:
    """Parameters grow, and nobody has to change a password for it."""
    older = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    with transaction(entrance.engine) as session:
        owner = store.lock_attendant(session, "dona")
        assert owner is not None
        owner.password_hash = older
    given = log_in(entrance, "dona", PASSWORD, HERE)
    with transaction(entrance.engine) as session:
        owner = store.find_attendant(session, "dona")
    assert owner is not None
    assert not passwords.is_outdated(owner.password_hash)
    assert prove(entrance, given.access).login == "dona"


def test_without_a_key_the_entrance_is_closed(entrance: Entrance) -> None:
    """Empty means closed, not open."""
    closed = Entrance(entrance.engine, entrance.clock, entrance.sessions, entrance.throttle, [])
    with pytest.raises(EntranceClosed):
        log_in(closed, "dona", PASSWORD, HERE)
