"""Everything held about a person, as JSON for a machine and as a page that a person can read."""

from __future__ import annotations

import base64
import html
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Engine, select
from sqlmodel import Session, col
from sqlmodel import select as choose

from secretaria.audit.models import AuditEntry
from secretaria.audit.trail import Actor, note
from secretaria.database.transaction import transaction
from secretaria.privacy import keyed_hash
from secretaria.rights.erasure import find_contact
from secretaria.rights.holdings import EVENTS, about, events_about, links, tables

TITLES = {
    "contact": "Cadastro", "conversation": "Conversas", "turn": "Rodadas de atendimento", "message": "Mensagens", "reply": "Respostas e análises",
    "outbox_item": "Envios", "delivery_attempt": "Tentativas de envio", "outbox_log": "História dos envios", "booking": "Agendamentos",
    "booking_change": "Mudanças de agendamento", "agenda_offer": "Horários oferecidos", "reminder": "Lembretes", "customer_fact": "O que foi lembrado",
    "episode": "Resumos", "transcription": "Áudios ouvidos", "llm_reservation": "Consumo do modelo", "llm_spending": "Consumo do modelo",
    "recording": "Gravações para avaliação", "inbox_event": "Dados brutos recebidos", "audit": "Registros de auditoria",
    "internal_note": "Anotações da equipe", "feed_entry": "Acontecimentos",
}  # fmt: skip
STYLE = "body{font:15px system-ui;max-width:60rem;margin:2rem auto;padding:0 1rem}table{border-collapse:collapse;width:100%}td,th{border:1px solid #ccc;padding:.3rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}.contact{background:#eef}"


@dataclass(frozen=True, slots=True)
class Dossier:
    """What is held about one person.

    Attributes:
        number: The number as it is kept.
        made_at: When it was gathered.
        rows: Rows by table; ``audit`` holds who looked at, exported or changed something of the person.
    """

    number: str
    made_at: datetime
    rows: Mapping[str, Sequence[Mapping[str, Any]]]

    def as_json(self) -> str:
        """Return it for a machine."""
        told = {"number": self.number, "made_at": self.made_at.isoformat(), "held": self.rows}
        return json.dumps(told, ensure_ascii=False, indent=2, default=_plain)

    def as_html(self) -> str:
        """Return it as one page without anything from elsewhere."""
        parts = [
            "<!doctype html><html lang='pt-BR'><meta charset='utf-8'><title>Dados pessoais</title>",
            f"<style>{STYLE}</style><h1>Dados guardados sobre {html.escape(self.number)}</h1>",
            f"<p>Reunidos em {self.made_at:%d/%m/%Y %H:%M} (UTC), nos termos do art. 18 da LGPD.</p>",
        ]
        for name, rows in self.rows.items():
            if rows:
                parts.append(f"<h2>{html.escape(TITLES.get(name, name))} ({len(rows)})</h2>")
                parts.append(_conversation(rows) if name == "message" else _table(rows))
        return "".join(parts) + "</html>\n"


def export_person(engine: Engine, written: str, *, actor: Actor, now: datetime) -> Dossier:
    """Gather everything held about a number, and note that it was.

    Raises:
        PersonNotFound: Nothing is held about it.
        DatabaseUnavailable: PostgreSQL is away.
    """
    with transaction(engine) as session:
        contact = find_contact(session, written)
        subject = keyed_hash(contact.identity_key)
        held = {name: _rows(session, name, about(name, contact.id or 0)) for name in links()}
        held[EVENTS] = _rows(session, EVENTS, events_about(session, contact.id or 0, contact.number))
        mentions = session.exec(
            choose(AuditEntry).where(col(AuditEntry.subject) == subject).order_by(col(AuditEntry.id))
        )
        held["audit"] = [entry.model_dump() for entry in mentions]
        counted = {name: len(rows) for name, rows in held.items() if rows}
        note(session, actor, "person.exported", f"h:{subject[:8]}", at=now, subject=subject, after=counted)
        return Dossier(contact.number, now, held)


def _rows(session: Session, name: str, condition: Any) -> list[dict[str, Any]]:  # noqa: ANN401  # a condition of SQLAlchemy
    table = tables()[name]
    found = session.execute(select(table).where(condition).order_by(*table.primary_key.columns))
    return [dict(row) for row in found.mappings()]


def _plain(value: object) -> object:
    if isinstance(value, bytes | memoryview):
        return _readable(bytes(value))
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, uuid.UUID) else repr(value)


def _readable(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return f"base64:{base64.b64encode(value).decode()}"


def _conversation(rows: Sequence[Mapping[str, Any]]) -> str:
    who = {"contact": "Cliente", "secretary": "Secretária", "attendant": "Atendente"}
    lines = "".join(
        f"<tr class='{html.escape(str(row['author']))}'><td>{row['sent_at']:%d/%m/%Y %H:%M}</td>"
        f"<td>{who.get(str(row['author']), '')}</td><td>{html.escape(str(row['text'] or ''))}</td></tr>"
        for row in rows
    )
    return f"<table><tr><th>Quando (UTC)<th>Quem<th>O quê</tr>{lines}</table>"


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    columns = [name for name in rows[0] if any(row[name] not in (None, "", [], {}) for row in rows)]
    head = "".join(f"<th>{html.escape(name)}" for name in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(_shown(row[name]))}" for name in columns) + "</tr>" for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str | int | float):
        return str(value)
    return (
        json.dumps(value, ensure_ascii=False, default=_plain) if isinstance(value, list | dict) else str(_plain(value))
    )
