"""The menu of the panel: which pages there are, in their order, and who sees them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from secretaria.attendants.roles import Role
from secretaria.web.access import RANK


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the menu.

    Attributes:
        path: Address of the page.
        label: How it is called.
        icon: Its symbol in ``static/icons.svg``.
        role: The least that is needed to open it; the route declares the same.
    """

    path: str
    label: str
    icon: str
    role: Role = Role.VIEWER


MENU = (
    Item("/painel/conversas", "Conversas", "chat"),
    Item("/painel/agenda", "Agenda", "calendar"),
    Item("/painel/secretaria", "Secretária", "voice"),
    Item("/painel/base", "Base de conhecimento", "book"),
    Item("/painel/indicadores", "Indicadores", "chart"),
    Item("/painel/operacao", "Operação", "gauge"),
    Item("/painel/equipe", "Equipe", "people", Role.OWNER),
    Item("/painel/auditoria", "Auditoria", "trail", Role.OWNER),
)
HOME = MENU[0].path


def menu_for(role: Role) -> Sequence[Item]:
    """Return the lines that somebody of a role sees."""
    return [item for item in MENU if RANK[role] >= RANK[item.role]]
