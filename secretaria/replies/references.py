"""The names by which operators speak of queues and of rows: ``e:<uuid>`` an event, ``t:12`` a turn, ``o:34`` a send."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import Session

from secretaria.conversations.models import Turn
from secretaria.errors import NotFound, UsageInvalid
from secretaria.inbox.models import InboxEvent
from secretaria.outbox.models import OutboxItem
from secretaria.queue.jobs import ANSWER_TURN, DELIVER_ITEM, FILE_EVENT
from secretaria.validation import nearest

INBOX, TURNS, OUTBOX = FILE_EVENT.queue, ANSWER_TURN.queue, DELIVER_ITEM.queue
QUEUES = (INBOX, TURNS, OUTBOX)
LETTERS = {"e": INBOX, "t": TURNS, "o": OUTBOX}
NUMBERED = re.compile(r"[1-9]\d{0,17}", re.ASCII)
HINT = "use e:<uuid> (evento), t:<número> (rodada) ou o:<número> (envio), como em: secretaria queue list"


@dataclass(frozen=True, slots=True)
class Reference:
    """The name of one row; ``key`` is its primary key."""

    queue: str
    key: UUID | int

    def __str__(self) -> str:
        letter = next(letter for letter, queue in LETTERS.items() if queue == self.queue)
        return f"{letter}:{self.key}"


def parse_reference(text: str) -> Reference:
    """Read what an operator typed; a UUID alone is an event.

    Raises:
        UsageInvalid: It names nothing.
    """
    letter, colon, key = text.strip().rpartition(":")
    queue = LETTERS.get(letter if colon else "e")
    if queue == INBOX:
        try:
            return Reference(queue, UUID(key))
        except ValueError:
            pass
    elif queue is not None and NUMBERED.fullmatch(key):
        return Reference(queue, int(key))
    raise UsageInvalid(f"{text!r} não é um identificador", HINT)


def chosen_queues(names: Sequence[str]) -> tuple[str, ...]:
    """Return the queues named, or all of them where none is.

    Raises:
        UsageInvalid: One does not exist.
    """
    for name in names:
        if name not in QUEUES:
            raise UsageInvalid(f"fila desconhecida: {name}{nearest(name, QUEUES)}", f"há {', '.join(QUEUES)}")
    return tuple(names) or QUEUES


def find_row(session: Session, reference: Reference) -> InboxEvent | Turn | OutboxItem:
    """Return the row a reference names.

    Raises:
        NotFound: There is none.
    """
    row: InboxEvent | Turn | OutboxItem | None
    if reference.queue == INBOX:
        row = session.get(InboxEvent, reference.key)
    elif reference.queue == TURNS:
        row = session.get(Turn, reference.key)
    else:
        row = session.get(OutboxItem, reference.key)
    if row is None:
        raise NotFound(f"{reference} não existe", "veja o que há: secretaria queue list")
    return row
