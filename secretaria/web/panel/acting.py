"""Who acts in the panel, as the audit names them."""

from __future__ import annotations

from secretaria.attendants.entering import PANEL, Person
from secretaria.audit.trail import Actor
from secretaria.web.addresses import peer, site_of
from secretaria.web.panel.showing import Http


def actor_of(request: Http) -> Actor:
    """Return the person who was let in, with the address of the request."""
    person: Person = request.state.person
    return Actor(person.login, PANEL, site_of(peer(request)))
