"""The province's indicator, over the audit log, the register of clients and that of units."""

from __future__ import annotations

from collections.abc import Callable

from clients.model import Client
from idp.services.indicators import Indicators, Place
from idp.services.units import UnitService, owner_of
from idp.storage.indicators import SqlIndicatorStore
from idp.wiring.auditing import Auditing
from policies.units import Unit


def indicators_of(wiring: Auditing) -> Indicators:
    """Return what counts and reports the indicator."""
    seal = wiring.vault.seal("indicators")
    return Indicators(
        SqlIndicatorStore(wiring.database),
        wiring.clock,
        seal.seal,
        seal.unseal,
        wiring.audit_tree.size,
        placing(wiring.clients.find, wiring.units),
        wiring.settings.audit.suppress_below,
    )


def placing(find: Callable[[str], Client | None], units: UnitService) -> Callable[[str, str], Place]:
    """Return how a system is placed on a date: by the unit that its owner was then, under the name that it had then."""

    def place(client_id: str, day: str) -> Place:
        client = find(client_id)
        if client is None:
            return Place(client_id, "", "")
        owner = owner_of(client)
        found: tuple[Unit | None, ...] = (units.register.on(owner.code, day),)
        if owner.since and owner.since <= day:
            found = units.register.meant(owner.code, owner.since, day)
        unit = found[0] if len(found) == 1 else None
        return Place(client.name("vi"), unit.code if unit else owner.code, unit.full_name if unit else owner.code)

    return place
