"""An entrance over the embedded engines, with one owner behind it."""

from __future__ import annotations

import pytest
import redis
from sqlalchemy import Engine

from secretaria.attendants.accounts import AccountsRoom, add_attendant
from secretaria.attendants.entering import Entrance
from secretaria.attendants.roles import Role
from secretaria.attendants.sessions import Sessions
from secretaria.attendants.throttle import LoginThrottle
from secretaria.audit.trail import Actor
from secretaria.clock import HeldClock

KEY = "chave-de-teste-com-mais-de-32-bytes-1"
PASSWORD = "quatro palavras bem inventadas"
TESTER = Actor("teste", "cli", "maquina")


@pytest.fixture
def sessions(valkey: redis.Redis, clock: HeldClock) -> Sessions:
    """Keep sessions in an empty Valkey."""
    return Sessions(valkey, clock)


@pytest.fixture
def accounts(engine: Engine, clock: HeldClock, sessions: Sessions) -> AccountsRoom:
    """Open the accounts, with one owner in them."""
    room = AccountsRoom(engine, clock, sessions, TESTER)
    add_attendant(room, login="dona", name="Dona Inventada", role=Role.OWNER, password=PASSWORD)
    return room


@pytest.fixture
def entrance(accounts: AccountsRoom, valkey: redis.Redis) -> Entrance:
    """Open the entrance that the owner knows the password of."""
    return Entrance(accounts.engine, accounts.clock, accounts.sessions, LoginThrottle(valkey), [KEY])
