"""One worker at a time per conversation: a lease with a fencing token, and the gate a reply passes to be written."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from loguru import logger
from sqlalchemy import Engine, tuple_, update
from sqlmodel import Session, col

from secretaria.clock import Clock
from secretaria.conversations.models import Conversation
from secretaria.database.compiled import CompiledStatement
from secretaria.database.transaction import transaction
from secretaria.errors import Unavailable

LEASE_SECONDS = 12.0  # what a killed worker's customer waits before another takes over, so it is short and renewed
RENEW_SECONDS = 3.0


TAKE_LEASE = CompiledStatement("""
    UPDATE conversation SET lease_token = lease_token + 1, lease_until = :until
    WHERE id = :conversation_id AND (lease_until IS NULL OR lease_until < :now)
    RETURNING lease_token
""")


def take_lease(session: Session, conversation_id: int, *, now: datetime, seconds: float) -> int | None:
    """Take the conversation for a number of seconds.

    Returns:
        The new fencing token, the conversation being locked until the transaction ends; None while another worker has it.
    """
    known = {"conversation_id": conversation_id, "now": now, "until": now + timedelta(seconds=seconds)}
    taken = TAKE_LEASE.first(session, known)
    return None if taken is None else int(taken.lease_token)


PASS_GATE = CompiledStatement("""
    UPDATE conversation SET lease_until = NULL
    WHERE id = :conversation_id AND lease_token = :token AND mode = 'automatic'
      AND NOT EXISTS (SELECT FROM secretary_pause)
      AND last_inbound_seq = COALESCE(:inbound_seq, last_inbound_seq)
    RETURNING last_inbound_seq
""")


def pass_gate(session: Session, conversation_id: int, *, token: int, inbound_seq: int | None) -> int | None:
    """Release the lease if it is still ours, nobody else has the word and, where asked, nothing newer has come.

    While the secretary is paused for all nothing passes either.

    Args:
        session: The transaction that will also write the reply.
        conversation_id: Whose turn this is.
        token: The fencing token of the lease.
        inbound_seq: The newest customer message the draft knows of; None to say it even if there is a newer one.

    Returns:
        The customer's newest message where the reply may be written, the conversation being locked until the
        transaction ends; None where it may not.
    """
    known = {"conversation_id": conversation_id, "token": token, "inbound_seq": inbound_seq}
    passed = PASS_GATE.first(session, known)
    return None if passed is None else int(passed.last_inbound_seq)


def release_lease(session: Session, conversation_id: int, *, token: int) -> bool:
    """Give the conversation back.

    Returns:
        Whether the lease was still ours.
    """
    release = (
        update(Conversation)
        .where(col(Conversation.id) == conversation_id, col(Conversation.lease_token) == token)
        .values(lease_until=None)
        .returning(col(Conversation.id))
    )
    return session.execute(release).first() is not None


class LeaseKeeper:
    """Renews the leases this process holds, all in one thread, so that a lease may be short and a draft may be slow."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._held: dict[int, int] = {}
        self._changed = threading.Lock()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    @contextmanager
    def hold(self, conversation_id: int, token: int) -> Iterator[None]:
        """Keep a lease alive for the length of the block; one that was lost is not taken back."""
        with self._changed:
            self._held[conversation_id] = token
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="leases", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._changed:
                if self._held.get(conversation_id) == token:  # an overtaken worker must not let go of its successor's
                    del self._held[conversation_id]

    def stop(self) -> None:
        """Let go of every lease; they run out by themselves."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()

    def renew(self) -> None:
        """Push the end of every held lease away from now.

        Raises:
            DatabaseUnavailable: PostgreSQL is away; the leases may run out, and the gate will say so.
        """
        with self._changed:
            held = dict(self._held)
        if not held:
            return
        until = self._clock.now() + timedelta(seconds=LEASE_SECONDS)
        ours = tuple_(col(Conversation.id), col(Conversation.lease_token)).in_(held.items())
        renew = update(Conversation).where(ours)
        with transaction(self._engine) as session:
            session.execute(renew.values(lease_until=until), execution_options={"synchronize_session": False})

    def _run(self) -> None:
        while not self._stopped.wait(RENEW_SECONDS):
            try:
                self.renew()
            except Unavailable:
                logger.warning("leases_not_renewed")
            except Exception as error:  # noqa: BLE001  # the thread that keeps the others' work must not end
                logger.opt(exception=error).error("leases_not_renewed")
