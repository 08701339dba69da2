"""Sessions in Redis: an allow-list, each with one refresh token that is used once; absent means refused.

A session is a family of refresh tokens. The one in force is exchanged for the next; the one before it, within ten seconds,
gets the same successor again (two tabs, a lost answer); any older one that comes back was copied, and ends the family.
Of a token only its SHA-256 is kept. The successor is kept for those ten seconds too, encrypted by the token before it.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import redis

from secretaria.attendants.tokens import TokenInvalid
from secretaria.clock import Clock
from secretaria.errors import Unavailable

PREFIX = "secretaria:session:"
OF_ATTENDANT = "secretaria:sessions:"
IDLE, LONGEST = timedelta(minutes=30), timedelta(hours=12)  # ASVS 7.3
GRACE_SECONDS = 10
SECRET_BYTES = 32

OPEN = """
redis.call('HSET', KEYS[1], 'attendant', ARGV[1], 'version', ARGV[2], 'opened', ARGV[3], 'refresh', ARGV[4])
redis.call('EXPIRE', KEYS[1], ARGV[5])
redis.call('SADD', KEYS[2], ARGV[6])
redis.call('EXPIRE', KEYS[2], ARGV[7])
"""

TOUCH = """
local kept = redis.call('HMGET', KEYS[1], 'attendant', 'version', 'opened')
if not kept[1] then return {} end
local left = tonumber(kept[3]) + tonumber(ARGV[2]) - tonumber(ARGV[1])
if left <= 0 then
    redis.call('DEL', KEYS[1], KEYS[2])
    return {}
end
redis.call('EXPIRE', KEYS[1], math.min(left, tonumber(ARGV[3])))
redis.call('EXPIRE', KEYS[2], math.min(left, tonumber(ARGV[3])))
return {kept[1], kept[2]}
"""

ROTATE = """
local presented, following, sealed, now, grace = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local kept = redis.call('HMGET', KEYS[1], 'refresh', 'previous', 'rotated', 'sealed')
if not kept[1] then return {'absent', ''} end
if presented == kept[1] then
    redis.call('HSET', KEYS[1], 'refresh', following, 'previous', presented, 'rotated', now, 'sealed', sealed)
    redis.call('SADD', KEYS[2], presented)
    redis.call('EXPIRE', KEYS[2], math.max(redis.call('TTL', KEYS[1]), 1))
    return {'rotated', ''}
end
if presented == kept[2] and now - tonumber(kept[3]) <= grace then return {'repeated', kept[4]} end
if redis.call('SISMEMBER', KEYS[2], presented) == 0 then return {'absent', ''} end
redis.call('DEL', KEYS[1], KEYS[2])
return {'reused', ''}
"""

Found = TypeVar("Found")


class SessionsUnavailable(Unavailable):
    """Redis does not answer, so nobody can be let in."""

    def __init__(self) -> None:
        super().__init__("as sessões não podem ser conferidas agora", "confira o Redis: secretaria doctor")


class RefreshReused(TokenInvalid):
    """A refresh token came back after its successors were used: it was copied, and the whole family has ended."""

    def __init__(self, attendant_id: int) -> None:
        super().__init__()
        self.attendant_id = attendant_id


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session as Redis has it."""

    session_id: str
    attendant_id: int
    version: int


class Sessions:
    """The sessions of an installation."""

    def __init__(
        self, client: redis.Redis, clock: Clock, *, idle: timedelta = IDLE, longest: timedelta = LONGEST
    ) -> None:
        """Build the allow-list.

        Args:
            client: With a time-out that a request can bear to lose.
            clock: Tells how old a session is.
            idle: How long a session lives without being used.
            longest: How long it lives however much it is used.
        """
        self._client, self._clock = client, clock
        self._idle, self._longest = int(idle.total_seconds()), int(longest.total_seconds())
        self._open, self._touch, self._rotate = map(client.register_script, (OPEN, TOUCH, ROTATE))

    def begin(self, attendant_id: int, version: int) -> tuple[OpenSession, str]:
        """Open a session under a new id.

        Returns:
            The session and its first refresh token.
        """
        session_id, secret = secrets.token_urlsafe(16), secrets.token_bytes(SECRET_BYTES)
        keys = [PREFIX + session_id, f"{OF_ATTENDANT}{attendant_id}"]
        arguments = (attendant_id, version, self._now(), _digest(secret), self._idle, session_id, self._longest)
        self._ask(lambda: self._open(keys=keys, args=arguments))
        return OpenSession(session_id, attendant_id, version), _written(session_id, secret)

    def touch(self, session_id: str) -> OpenSession:
        """Return a session that is used now.

        Raises:
            TokenInvalid: It has ended.
            SessionsUnavailable: Nobody knows.
        """
        keys = _keys(session_id)
        kept = self._ask(lambda: self._touch(keys=keys, args=[self._now(), self._longest, self._idle]))
        if not kept:
            raise TokenInvalid
        return OpenSession(session_id, int(kept[0]), int(kept[1]))

    def peek(self, session_id: str) -> OpenSession | None:
        """Return a session without using it, None once it has ended: who only watches is not at work.

        Raises:
            SessionsUnavailable: Nobody knows.
        """
        names = ["attendant", "version", "opened"]
        attendant, version, opened = self._ask(lambda: self._client.hmget(PREFIX + session_id, names))
        if attendant is None or version is None or opened is None or int(opened) + self._longest <= self._now():
            return None
        return OpenSession(session_id, int(attendant), int(version))

    def found(self, session_id: str, *, used: bool) -> OpenSession:
        """Return a session that lives; where it is not used by this, the time until it ends runs on.

        Raises:
            TokenInvalid: It has ended.
            SessionsUnavailable: Nobody knows.
        """
        session = self.touch(session_id) if used else self.peek(session_id)
        if session is None:
            raise TokenInvalid
        return session

    def rotate(self, refresh: str, *, used: bool = True) -> tuple[OpenSession, str]:
        """Exchange a refresh token for the next one.

        Args:
            refresh: As it was sent.
            used: Whether a person does something; an open page renews itself without.

        Returns:
            The session and the refresh token that is in force now.

        Raises:
            TokenInvalid: It is not one of a session that lives.
            RefreshReused: It was used long ago; the session has ended with this call.
            SessionsUnavailable: Nobody knows.
        """
        session_id, presented = _read(refresh)
        session = self.found(session_id, used=used)
        following = secrets.token_bytes(SECRET_BYTES)
        arguments = (_digest(presented), _digest(following), _sealed(following, presented), self._now(), GRACE_SECONDS)
        outcome, sealed = self._ask(lambda: self._rotate(keys=_keys(session_id), args=arguments))
        if outcome == b"rotated":
            return session, _written(session_id, following)
        if outcome == b"repeated":
            return session, _written(session_id, _opened(sealed, presented))
        if outcome == b"reused":
            raise RefreshReused(session.attendant_id)
        raise TokenInvalid

    def end(self, session_id: str) -> None:
        """End one session at once."""
        self._ask(lambda: self._client.delete(*_keys(session_id)))

    def end_all(self, attendant_id: int) -> None:
        """End every session of an attendant at once."""
        key = f"{OF_ATTENDANT}{attendant_id}"

        def end() -> None:
            ids = [m.decode() if isinstance(m, bytes) else m for m in self._client.smembers(key)]
            self._client.delete(key, *(name for session_id in ids for name in _keys(session_id)))

        self._ask(end)

    def count(self) -> int:
        """Return how many sessions live.

        Raises:
            SessionsUnavailable: Nobody knows.
        """
        names = self._ask(lambda: list(self._client.scan_iter(match=f"{PREFIX}*", count=1000)))
        return sum(not name.endswith(b":used") for name in names)

    def _now(self) -> int:
        return int(self._clock.now().timestamp())

    def _ask(self, ask: Callable[[], Found]) -> Found:
        try:
            return ask()
        except (redis.RedisError, OSError) as error:
            raise SessionsUnavailable from error


def _keys(session_id: str) -> list[str]:
    return [PREFIX + session_id, f"{PREFIX}{session_id}:used"]


def _written(session_id: str, secret: bytes) -> str:
    return f"{session_id}.{secret.hex()}"


def _read(refresh: str) -> tuple[str, bytes]:
    session_id, _, written = refresh.partition(".")
    try:
        secret = bytes.fromhex(written)
    except ValueError:
        raise TokenInvalid from None
    if not session_id.isascii() or len(secret) != SECRET_BYTES:
        raise TokenInvalid
    return session_id, secret


def _digest(secret: bytes) -> str:
    return hashlib.sha256(secret).hexdigest()


def _sealed(following: bytes, presented: bytes) -> str:
    """Hide a token by one that is not kept: a one-time pad as long as the token itself."""
    pad = hashlib.sha256(b"successor of " + presented).digest()
    return bytes(a ^ b for a, b in zip(following, pad, strict=True)).hex()


def _opened(sealed: bytes, presented: bytes) -> bytes:
    return bytes.fromhex(_sealed(bytes.fromhex(sealed.decode()), presented))
