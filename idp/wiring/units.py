"""Reorganisations of units, and the list of everything that hangs on a unit."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

from idp.clock import local_day
from idp.flows.housekeeping import Task
from idp.ports.unit_holders import UnitHolders
from idp.services.reorganisations import Reorganisations
from idp.storage.reorganisations import SqlReorganisationStore, SqlUnitReferences
from idp.storage.units import SqlUnitStore
from idp.wiring.federation import FederationDesk
from policies.delegation.ground import SAME
from policies.units import Holding, UnitReference

_SETTLE_EVERY = 60


@dataclass(frozen=True, slots=True)
class Holders:
    """One kind of holder, told by a function."""

    tell: Callable[[], Iterable[Holding]]

    def holdings(self) -> Iterable[Holding]:
        """Return what hangs on units."""
        return self.tell()


class UnitChanges(FederationDesk):
    """What a reorganisation needs."""

    @cached_property
    def reorganisations(self) -> Reorganisations:
        """Reorganisations of units."""
        store = SqlUnitStore(self.database)
        return Reorganisations(
            SqlReorganisationStore(self.database, store),
            store,
            self.units,
            self.unit_holders(),
            self.audit,
            self.clock,
        )

    def unit_holders(self) -> tuple[UnitHolders, ...]:
        """Return every kind of holder; another is one line."""
        references = SqlUnitReferences(self.database)
        return (
            Holders(self._owned_clients),
            Holders(self._administered),
            Holders(lambda: _residences(references)),
            Holders(lambda: _vouched(references)),
            Holders(self.held_offices),
            Holders(self.mandated_units),
        )

    def unit_tasks(self) -> tuple[Task, ...]:
        """Return the regular task that tells the audit log what moved on a reorganisation's day."""
        return (Task("reorganisations", _SETTLE_EVERY, self.reorganisations.settle),)

    def _owned_clients(self) -> Iterable[Holding]:
        for client in self.clients.all():
            yield Holding("client", client.client_id, client.unit, local_day(client.unit_at or client.created_at))

    def _administered(self) -> Iterable[Holding]:
        for grant in self.admins.standing():
            holder = f"{grant.principal} {grant.role}"
            yield Holding("role", holder, grant.unit.code, grant.unit.valid_from, follows=SAME)


def _residences(references: SqlUnitReferences) -> Iterable[Holding]:
    for text, count in references.residences():
        reference = UnitReference.stored(text)
        yield Holding("residence", "", reference.code, reference.since, count)


def _vouched(references: SqlUnitReferences) -> Iterable[Holding]:
    for code, entity_id, moment in references.vouched():
        yield Holding("subordinate", entity_id, code, local_day(moment))
