"""What the model reads of the tools: which there are, the same for every customer; and what stands for this one."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from secretaria.agenda import store
from secretaria.agenda.models import Action
from secretaria.agenda.offers import SLOT_ACTIONS, standing_offers
from secretaria.agenda.slots import Slot
from secretaria.agenda.spoken import written_name
from secretaria.knowledge.business import BusinessCard
from secretaria.knowledge.lookups import Lookup
from secretaria.tools.desk import AGENDA_TOOLS
from secretaria.tools.telling import told_booking, told_slots

AGENDA_TEXT = """\
- horarios (tool_kind, tool_unit, tool_date, tool_time, tool_period): diz o que está livre. Só ofereça o que ele disser.
- agendar (tool_kind, tool_unit, tool_date, tool_time, tool_person): quando o cliente escolhe um horário que você ofereceu.
- remarcar (tool_booking, tool_unit, tool_date, tool_time): muda uma marcação do próprio cliente; primeiro ofereça.
- cancelar (tool_booking): quando o cliente diz que não vai, ou pede para cancelar.
- confirmar (tool_booking): quando o cliente confirma que vai.
Tipos: {kinds}. Sem tipo dito, vale {default}. Unidades: {units}. Datas AAAA-MM-DD, pelo calendário; horas HH:MM.
Só diga que marcou, remarcou, cancelou ou confirmou depois que a ferramenta disser que está feito."""
QUERY_OF = {"texto": "um texto curto", "inteiro": "só números", "codigo": "um código"}
FIELD_OF = {"data": "tool_date", "hora": "tool_time", "unidade": "tool_unit", "tipo": "tool_kind"}


def tool_names(card: BusinessCard) -> tuple[str, ...]:
    """Return the names of the tools a business has: of its agenda, then its own look-ups."""
    agenda = AGENDA_TOOLS if card.agenda is not None else ()
    return (*agenda, *(lookup.name for lookup in card.lookups))


def describe_tools(card: BusinessCard) -> str:
    """Return the part of the prompt that says which tools there are; empty where a business has none."""
    lines = [_lookup_line(lookup) for lookup in card.lookups]
    if card.agenda is not None:
        kinds, units = card.agenda.kinds, card.hours.units
        lines.append(AGENDA_TEXT.format(kinds=", ".join(kinds), default=kinds[0], units=", ".join(units)))
    return "\n".join(lines)


def agenda_lines(
    session: Session, card: BusinessCard, contact_id: int, conversation_id: int, now: datetime
) -> tuple[str, ...]:
    """Return this contact's bookings ahead and the offers that stand, one fact a line; nobody else's."""
    if card.agenda is None:
        return ()
    if not store.stands(session, contact_id, conversation_id, now):
        return ()
    zone = card.identity.timezone
    lines = []
    for booking in store.bookings_ahead(session, contact_id, now):
        reminded = " Um lembrete já foi enviado." if store.was_reminded(session, booking) else ""
        lines.append(f"marcação do cliente: {told_booking(booking, zone, now)}.{reminded}")
    standing = standing_offers(session, conversation_id, contact_id, now)
    for action, said in ((Action.BOOK, "oferecido"), (Action.MOVE, "oferecido para remarcar")):
        offered = [one for one in standing if one.action == action and one.action in SLOT_ACTIONS]
        slots = [Slot(one.kind, one.unit, one.starts_at, one.ends_at, one.slot_id, 0) for one in offered]
        if slots:
            kinds = ", ".join(sorted({written_name(slot.kind) for slot in slots}))
            lines.append(f"{said} ({kinds}), falta o cliente escolher:\n{told_slots(slots, zone)}")
    return tuple(lines)


def _lookup_line(lookup: Lookup) -> str:
    free = lookup.free_parameter
    fields = [FIELD_OF[kind] for kind in lookup.parameters.values() if kind in FIELD_OF]
    if free is not None:
        fields.insert(0, f"tool_query: {written_name(free)}, {QUERY_OF[lookup.parameters[free]]}")
    return f"- {lookup.name} ({', '.join(fields)}): {lookup.description}"
