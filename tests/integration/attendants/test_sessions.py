"""A family of refresh tokens: each is used once, a copy ends them all."""

from __future__ import annotations

import pytest
import redis

from secretaria.attendants.sessions import OF_ATTENDANT, RefreshReused, Sessions, SessionsUnavailable
from secretaria.attendants.tokens import TokenInvalid
from secretaria.clock import HeldClock
from secretaria.queue.broker import build_redis


def test_a_refresh_token_is_exchanged_for_the_next(sessions: Sessions) -> None:
    """The session stays, its token changes."""
    opened, first = sessions.begin(7, 1)
    same, second = sessions.rotate(first)
    assert (same.session_id, second != first) == (opened.session_id, True)
    assert sessions.rotate(second)[0] == opened


def test_the_last_one_within_ten_seconds_gets_the_same_successor(sessions: Sessions, clock: HeldClock) -> None:
    """Two tabs, or a lost answer, are no theft."""
    _, first = sessions.begin(7, 1)
    _, second = sessions.rotate(first)
    clock.advance(10)
    assert sessions.rotate(first)[1] == second


def test_the_last_one_later_ends_the_family(sessions: Sessions, clock: HeldClock) -> None:
    """After ten seconds somebody else must have it."""
    opened, first = sessions.begin(7, 1)
    _, second = sessions.rotate(first)
    clock.advance(11)
    with pytest.raises(RefreshReused):
        sessions.rotate(first)
    with pytest.raises(TokenInvalid):
        sessions.rotate(second)
    with pytest.raises(TokenInvalid):
        sessions.touch(opened.session_id)


def test_two_generations_back_ends_the_family_at_once(sessions: Sessions) -> None:
    """The ten seconds are for the last one only."""
    _, first = sessions.begin(7, 1)
    _, second = sessions.rotate(first)
    sessions.rotate(second)
    with pytest.raises(RefreshReused):
        sessions.rotate(first)


def test_an_invented_secret_harms_nobody(sessions: Sessions) -> None:
    """Who only knows the id of a session cannot end it."""
    opened, first = sessions.begin(7, 1)
    with pytest.raises(TokenInvalid):
        sessions.rotate(f"{opened.session_id}.{'ab' * 32}")
    assert sessions.rotate(first)[0] == opened


@pytest.mark.parametrize("refresh", ["", ".", "a", "a.b", "a.zz", "é.00", "a." + "00" * 31])
def test_what_is_no_refresh_token_is_refused(sessions: Sessions, refresh: str) -> None:
    """None of these is an error of ours."""
    with pytest.raises(TokenInvalid):
        sessions.rotate(refresh)


def test_a_session_ends_unused_after_half_an_hour(sessions: Sessions, valkey: redis.Redis) -> None:
    """Redis itself forgets it."""
    opened, _ = sessions.begin(7, 1)
    assert 0 < valkey.ttl(f"secretaria:session:{opened.session_id}") <= 1800


def test_a_session_ends_after_twelve_hours_however_used(sessions: Sessions, clock: HeldClock) -> None:
    """Use does not make it longer than a day's work."""
    opened, _ = sessions.begin(7, 1)
    clock.advance(12 * 3600)
    with pytest.raises(TokenInvalid):
        sessions.touch(opened.session_id)


def test_all_sessions_of_one_person_end_and_no_others(sessions: Sessions) -> None:
    """Disabling somebody leaves the rest at work."""
    mine = [sessions.begin(7, 1)[0] for _ in range(3)]
    other, _ = sessions.begin(8, 1)
    sessions.end_all(7)
    for session in mine:
        with pytest.raises(TokenInvalid):
            sessions.touch(session.session_id)
    assert sessions.touch(other.session_id) == other


def test_redis_holds_no_token(sessions: Sessions, valkey: redis.Redis) -> None:
    """Whoever reads Redis cannot enter with what is there."""
    opened, first = sessions.begin(7, 1)
    _, second = sessions.rotate(first)
    kept = repr([valkey.hgetall(key) for key in valkey.keys("secretaria:session:*") if valkey.type(key) == b"hash"])
    assert first.partition(".")[2] not in kept
    assert second.partition(".")[2] not in kept
    assert valkey.smembers(f"{OF_ATTENDANT}7") == {opened.session_id.encode()}


def test_a_redis_that_is_away_lets_nobody_in(clock: HeldClock) -> None:
    """Not knowing is no reason to trust."""
    client = build_redis("unix:///nonexistent/valkey.sock", timeout_seconds=0.2)
    with pytest.raises(SessionsUnavailable):
        Sessions(client, clock).touch("qualquer")
    client.close()
