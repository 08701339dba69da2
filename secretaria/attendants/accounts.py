"""Use cases over accounts: open one, change its role or password, close it; each change voids its sessions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from secretaria.attendants import store
from secretaria.attendants.models import Attendant
from secretaria.attendants.passwords import hash_password
from secretaria.attendants.roles import Role
from secretaria.attendants.second_step import new_recovery_codes, proved_step, recovery_hash, seal_key
from secretaria.attendants.sessions import Sessions
from secretaria.audit.trail import Actor, note
from secretaria.clock import Clock
from secretaria.database.transaction import transaction
from secretaria.errors import Conflict, NotFound, UsageInvalid

LOGIN = re.compile(r"[a-z0-9][a-z0-9._@+-]{1,99}")
LONGEST_NAME = 100


class LoginTaken(Conflict):
    """Somebody enters with this login already."""


class LoginInvalid(UsageInvalid):
    """The login has characters that nobody could type everywhere."""


class AttendantUnknown(NotFound):
    """Nobody has this login."""


class CodeWrong(UsageInvalid):
    """The application shows other codes than this key gives."""

    def __init__(self) -> None:
        super().__init__("o código não confere; nada mudou", "acerte a hora do aparelho e comece de novo")


class LastOwner(Conflict):
    """Without this owner nobody could manage the team."""


@dataclass(frozen=True, slots=True)
class AccountsRoom:
    """What the accounts work with.

    Attributes:
        sessions: Where the sessions of a changed account end.
        actor: Who changes the accounts, for the audit.
    """

    engine: Engine
    clock: Clock
    sessions: Sessions
    actor: Actor


def add_attendant(
    room: AccountsRoom, *, login: str, name: str, role: Role, password: str, expired: bool = False
) -> Attendant:
    """Open an account.

    Args:
        room: Where accounts live.
        login: What will be typed to enter.
        name: How the person is called in the panel.
        role: What the person may do.
        password: The first one.
        expired: Whether it must be changed at the first entry.

    Raises:
        LoginInvalid: The login could not be typed.
        LoginTaken: There is such an account already.
        PasswordWeak: The password would be guessed.
    """
    folded = store.fold_login(login)
    if not LOGIN.fullmatch(folded):
        raise LoginInvalid(f"o login {login!r} não serve", "use letras sem acento, números, ponto, hífen ou @")
    attendant = Attendant(
        login=folded,
        name=name.strip()[:LONGEST_NAME] or folded,
        role=role,
        password_hash=hash_password(password),
        password_expired=expired,
        created_at=room.clock.now(),
    )
    try:
        with transaction(room.engine) as session:
            session.add(attendant)
            session.flush()
            note(
                session, room.actor, "attendant.added", _target(attendant), at=room.clock.now(), after=_shown(attendant)
            )
    except IntegrityError as error:
        raise LoginTaken(
            f"já existe quem entre com {folded}", "veja a equipe com: secretaria attendants list"
        ) from error
    return attendant


def change_role(room: AccountsRoom, login: str, role: Role) -> None:
    """Let an attendant do more, or less, from the next request on.

    Raises:
        AttendantUnknown: There is no such account.
        LastOwner: Nobody else could manage the team.
    """
    with _changed(room, login, "attendant.role_changed") as (attendant, other_owners):
        if attendant.role == Role.OWNER and role is not Role.OWNER:
            _refuse_last_owner(other_owners)
        attendant.role = role


def change_password(room: AccountsRoom, login: str, password: str, *, expired: bool = False) -> None:
    """Give an attendant another password.

    Raises:
        AttendantUnknown: There is no such account.
        PasswordWeak: The password would be guessed.
    """
    kept = hash_password(password)
    with _changed(room, login, "attendant.password_changed") as (attendant, _):
        attendant.password_hash, attendant.password_expired = kept, expired


def require_account(room: AccountsRoom, login: str) -> None:
    """Refuse a login that nobody has, before anything is asked for it.

    Raises:
        AttendantUnknown: There is no such account.
    """
    with transaction(room.engine) as session:
        if store.find_attendant(session, login) is None:
            raise _unknown(login)


def require_second_step(room: AccountsRoom, login: str, key: str, code: str) -> Sequence[str]:
    """Ask an attendant for a code of an application at every entry; an earlier application and its codes end.

    Args:
        room: Where accounts live.
        login: Of the account.
        key: Of the application.
        code: What the application shows, which proves that it has the key; it is used up by this.

    Returns:
        Recovery codes, of which only hashes are kept.

    Raises:
        AttendantUnknown: There is no such account.
        CodeWrong: The application has another key, or another time.
    """
    sealed, codes = seal_key(key), new_recovery_codes()
    step = proved_step(sealed, code, room.clock.now())
    if step is None:
        raise CodeWrong
    hashes = [kept for kept in map(recovery_hash, codes) if kept]
    with _changed(room, login, "attendant.second_step_required", recovery_hashes=hashes) as (attendant, _):
        attendant.second_step, attendant.last_step = sealed, step
    return codes


def drop_second_step(room: AccountsRoom, login: str) -> None:
    """Let the password of an attendant be enough again.

    Raises:
        AttendantUnknown: There is no such account.
    """
    with _changed(room, login, "attendant.second_step_dropped", recovery_hashes=[]) as (attendant, _):
        attendant.second_step, attendant.last_step = None, None


def disable_attendant(room: AccountsRoom, login: str) -> None:
    """Close an account; it stays for the audit, and its sessions end at once.

    Raises:
        AttendantUnknown: There is no such account.
        LastOwner: Nobody else could manage the team.
    """
    with _changed(room, login, "attendant.disabled") as (attendant, other_owners):
        if attendant.role == Role.OWNER:
            _refuse_last_owner(other_owners)
        attendant.disabled_at = attendant.disabled_at or room.clock.now()


def enable_attendant(room: AccountsRoom, login: str) -> None:
    """Open a closed account again.

    Raises:
        AttendantUnknown: There is no such account.
    """
    with _changed(room, login, "attendant.enabled") as (attendant, _):
        attendant.disabled_at = None


@contextmanager
def _changed(
    room: AccountsRoom, login: str, action: str, *, recovery_hashes: Sequence[str] | None = None
) -> Iterator[tuple[Attendant, list[Attendant]]]:
    """Change one account under its lock; its version voids the sessions even where Redis does not hear of it."""
    with transaction(room.engine) as session:
        owners = store.lock_owners(session)
        attendant = store.lock_attendant(session, login)
        if attendant is None:
            raise _unknown(login)
        before = _shown(attendant)
        yield attendant, [owner for owner in owners if owner.id != attendant.id]
        if recovery_hashes is not None:
            store.replace_recovery_codes(session, attendant, recovery_hashes)
        attendant.version += 1
        session.add(attendant)
        after = _shown(attendant)
        note(session, room.actor, action, _target(attendant), at=room.clock.now(), before=before, after=after)
    room.sessions.end_all(attendant.id or 0)


def _unknown(login: str) -> AttendantUnknown:
    return AttendantUnknown(
        f"ninguém entra com {store.fold_login(login)}", "veja a equipe com: secretaria attendants list"
    )


def _target(attendant: Attendant) -> str:
    return f"attendant:{attendant.id}"


def _shown(attendant: Attendant) -> dict[str, object]:
    return {"login": attendant.login, "role": attendant.role, "open": attendant.disabled_at is None}


def _refuse_last_owner(others: Sequence[Attendant]) -> None:
    if not others:
        raise LastOwner(
            "é a última pessoa com o papel owner", "dê esse papel a outra antes: secretaria attendants role"
        )
