"""Use cases of the entrance: log in, go on with a refresh token, prove who is calling, leave."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loguru import logger
from sqlalchemy import Engine

from secretaria.attendants import store
from secretaria.attendants.accounts import AccountsRoom, change_password
from secretaria.attendants.models import Attendant
from secretaria.attendants.passwords import is_outdated, rehash, verify_password
from secretaria.attendants.roles import Role
from secretaria.attendants.second_step import bare_code, is_of_application, proved_step, recovery_hash
from secretaria.attendants.sessions import RefreshReused, Sessions
from secretaria.attendants.tokens import Access, TokenInvalid, read_access, sign_access
from secretaria.audit.trail import Actor, note, note_alone
from secretaria.clock import Clock
from secretaria.database.transaction import transaction
from secretaria.errors import ConfigurationError, Rejected, SecretariaError

if TYPE_CHECKING:
    from secretaria.attendants.throttle import LoginThrottle  # limits is slow to import, and wanted at the first login

PANEL = "panel"
NOBODY = "desconhecido"  # what was typed may be a password in the wrong field


class CredentialsWrong(Rejected):
    """No open account has this login, password and code; which of them is wrong, or whether one is missing, is not told."""

    def __init__(self) -> None:
        super().__init__(
            "login ou senha incorretos", "confira e tente de novo; contas com segundo passo precisam também do código"
        )


class EntranceClosed(ConfigurationError):
    """Nobody can enter, because there is nothing to sign sessions with."""

    def __init__(self) -> None:
        super().__init__("o painel está fechado: falta JWT_SECRET", "crie um com: secretaria config init")


class TooManyLogins(SecretariaError):
    """Somebody at this address has typed wrong passwords too often.

    Attributes:
        wait_seconds: Until the next try is looked at.
    """

    def __init__(self, wait_seconds: int) -> None:
        super().__init__("tentativas demais; espere alguns minutos", "outra pessoa do endereço pode estar tentando")
        self.wait_seconds = wait_seconds


@dataclass(frozen=True, slots=True)
class Entrance:
    """What entering works with.

    Attributes:
        keys: Values of ``JWT_SECRET`` in force, the first of them signs; none closes the entrance.
    """

    engine: Engine
    clock: Clock
    sessions: Sessions
    throttle: LoginThrottle
    keys: Sequence[str]


@dataclass(frozen=True, slots=True)
class Person:
    """Who is calling, proved for this one request.

    Attributes:
        password_expired: Whether nothing but a new password is accepted.
    """

    attendant_id: int
    login: str
    name: str
    role: Role
    session_id: str
    password_expired: bool


@dataclass(frozen=True, slots=True)
class Pass:
    """What somebody who entered is given: a token for ten minutes, and one to get the next."""

    person: Person
    access: str
    refresh: str


def log_in(entrance: Entrance, login: str, password: str, address: str, code: str = "") -> Pass:
    """Let somebody in under a new session.

    Args:
        entrance: What entering works with.
        login: As it was typed.
        password: As it was typed.
        address: The true peer, by which tries are counted.
        code: Of the application or for recovery, as it was typed; looked at where the account asks for one.

    Raises:
        EntranceClosed: There is no ``JWT_SECRET``.
        TooManyLogins: Too many wrong passwords came before.
        CredentialsWrong: No open account has these.
        SessionsUnavailable: Redis is away.
    """
    _require_keys(entrance)
    return _enter(entrance, login, password, address, lambda attendant: _take_code(entrance, attendant, code, address))


def _enter(
    entrance: Entrance, login: str, password: str, address: str, second_step: Callable[[Attendant], bool]
) -> Pass:
    """Look at what was typed and open a session; the second step is asked for where the password is right."""
    folded = store.fold_login(login)
    entrance.throttle.take_try(folded, address)
    with transaction(entrance.engine) as session:
        attendant = store.find_attendant(session, folded)
    is_open = attendant is not None and attendant.disabled_at is None
    right = verify_password(attendant.password_hash if attendant and is_open else None, password)
    if attendant is None or not right or not second_step(attendant):
        entrance.throttle.count_wrong(address)
        logger.bind(address=address).warning("login_refused")
        _note(entrance, attendant.login if attendant else NOBODY, address, "session.refused")
        raise CredentialsWrong
    entrance.throttle.forget_tries(folded, address)
    if is_outdated(attendant.password_hash):
        _keep_newer_hash(entrance, attendant, password)
    opened, refresh = entrance.sessions.begin(attendant.id or 0, attendant.version)
    logger.bind(attendant_id=attendant.id, address=address).info("login_accepted")
    _note(entrance, folded, address, "session.opened")
    return _pass(entrance, attendant, opened.session_id, refresh)


def go_on(entrance: Entrance, refresh: str, *, used: bool = True) -> Pass:
    """Exchange a refresh token for the next pass.

    Args:
        entrance: What entering works with.
        refresh: As it was sent.
        used: Whether the session is used by this, and so lives longer.

    Raises:
        TokenInvalid: The session has ended, or the account has changed since.
        RefreshReused: The token was copied; the session has ended now.
        SessionsUnavailable: Redis is away.
    """
    _require_keys(entrance)
    try:
        session, following = entrance.sessions.rotate(refresh, used=used)
    except RefreshReused as reused:
        logger.bind(attendant_id=reused.attendant_id).error("refresh_token_reused")
        _note(entrance, f"attendant:{reused.attendant_id}", "", "session.copied")
        raise
    attendant = _open_attendant(entrance, session.attendant_id, session.version)
    if attendant is None:
        entrance.sessions.end(session.session_id)
        raise TokenInvalid
    return _pass(entrance, attendant, session.session_id, following)


def prove(entrance: Entrance, token: str, *, used: bool = True) -> Person:
    """Prove who is calling: the token, the session in Redis and the account in PostgreSQL must all agree.

    Args:
        entrance: What entering works with.
        token: As it was sent.
        used: Whether the session is used by this, and so lives longer.

    Raises:
        TokenInvalid: One of the three does not hold.
        SessionsUnavailable: Redis is away.
    """
    access = read_access(token, entrance.keys, entrance.clock.now())
    session = entrance.sessions.found(access.session_id, used=used)
    if (session.attendant_id, session.version) != (access.attendant_id, access.version):
        raise TokenInvalid
    attendant = _open_attendant(entrance, access.attendant_id, access.version)
    if attendant is None:
        raise TokenInvalid
    return _person(attendant, access.session_id)


def is_still_in(entrance: Entrance, person: Person) -> bool:
    """Say whether the session of somebody who entered lives on, without prolonging it.

    Raises:
        SessionsUnavailable: Redis is away.
        DatabaseUnavailable: PostgreSQL is.
    """
    session = entrance.sessions.peek(person.session_id)
    return session is not None and _open_attendant(entrance, session.attendant_id, session.version) is not None


def renew_password(entrance: Entrance, person: Person, current: str, new: str, address: str) -> Pass:
    """Change one's own password; every session of the person ends, and a new one begins here.

    Raises:
        TooManyLogins: Too many wrong passwords came before.
        CredentialsWrong: The current one is not right.
        PasswordWeak: The new one would be guessed.
        SessionsUnavailable: Redis is away.
    """
    entrance.throttle.take_try(person.login, address)
    with transaction(entrance.engine) as session:
        attendant = store.load_attendant(session, person.attendant_id)
    if attendant is None or not verify_password(attendant.password_hash, current):
        entrance.throttle.count_wrong(address)
        raise CredentialsWrong
    actor = Actor(person.login, PANEL, address)
    change_password(AccountsRoom(entrance.engine, entrance.clock, entrance.sessions, actor), person.login, new)
    entrance.throttle.forget_tries(person.login, address)
    proved = attendant.second_step  # by the session that asks
    return _enter(entrance, person.login, new, address, lambda now: now.second_step == proved)


def leave(entrance: Entrance, person: Person, *, everywhere: bool = False) -> None:
    """End the session of this request, or all of the person's; copied tokens are void with it."""
    if everywhere:
        entrance.sessions.end_all(person.attendant_id)
    else:
        entrance.sessions.end(person.session_id)


def _take_code(entrance: Entrance, attendant: Attendant, code: str, address: str) -> bool:
    """Use up a code, and say whether it was good; an account without a second step needs none."""
    if attendant.second_step is None:
        return True
    if is_of_application(bare_code(code)):
        if not entrance.throttle.may_try_code(attendant.login):
            logger.bind(attendant_id=attendant.id, address=address).error("second_step_guessed")
            return False
        step = proved_step(attendant.second_step, code, entrance.clock.now())
        with transaction(entrance.engine) as session:
            return step is not None and store.take_step(session, attendant, step)
    kept = recovery_hash(code)
    with transaction(entrance.engine) as session:
        taken = kept is not None and store.take_recovery_code(session, attendant, kept)
        if taken:
            actor = Actor(attendant.login, PANEL, address)
            note(session, actor, "session.recovery_code_used", "panel", at=entrance.clock.now())
    return taken


def _note(entrance: Entrance, login: str, address: str, action: str) -> None:
    """Keep who entered or tried to (Marco Civil, article 15); the entry is what the law asks for, so none is skipped."""
    note_alone(entrance.engine, Actor(login, PANEL, address), action, "panel", at=entrance.clock.now())


def _require_keys(entrance: Entrance) -> None:
    if not entrance.keys:
        raise EntranceClosed


def _open_attendant(entrance: Entrance, attendant_id: int, version: int) -> Attendant | None:
    with transaction(entrance.engine) as session:
        attendant = store.load_attendant(session, attendant_id)
    if attendant is None or attendant.disabled_at is not None or attendant.version != version:
        return None
    return attendant


def _keep_newer_hash(entrance: Entrance, attendant: Attendant, password: str) -> None:
    """Hash anew with today's parameters; the password is the same, so no session is void."""
    kept = rehash(password)
    with transaction(entrance.engine) as session:
        current = store.lock_attendant(session, attendant.login)
        if current is not None and current.password_hash == attendant.password_hash:
            current.password_hash = kept
            session.add(current)


def _pass(entrance: Entrance, attendant: Attendant, session_id: str, refresh: str) -> Pass:
    access = Access(attendant.id or 0, session_id, attendant.version)
    token = sign_access(access, entrance.keys[0], entrance.clock.now())
    return Pass(_person(attendant, session_id), token, refresh)


def _person(attendant: Attendant, session_id: str) -> Person:
    return Person(
        attendant_id=attendant.id or 0,
        login=attendant.login,
        name=attendant.name,
        role=Role(attendant.role),
        session_id=session_id,
        password_expired=attendant.password_expired,
    )
