"""Changes that are made in memory first, by the same services: a registry of clients and grants over what is stored, which write nothing.

So a configuration is checked as a whole, by the rules that single acts are checked by, before one transaction writes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from clients.errors import ClientConflict
from clients.model import Client
from clients.repository import ClientEvent, ClientRepository
from idp.errors import Conflict
from idp.model.audit import AuditRecord
from idp.ports.administration import AdminStore, GrantQuery, Revocation
from idp.ports.configuration import ClientWrite, GrantWrite
from policies.delegation import AdminGrant


class StagedClients:
    """``clients.repository.ClientRepository`` over another one; ``writes`` are the steps in order."""

    def __init__(self, stored: ClientRepository) -> None:
        """Take what is stored, as it is now."""
        self._base = stored.version()
        self._clients = {one.client_id: one for one in stored.changed_since(0)}
        self.writes: list[ClientWrite] = []

    def version(self) -> int:
        """Return the version of the last step."""
        return self._base + len(self.writes)

    def changed_since(self, version: int) -> list[Client]:
        """Return the clients that changed after a version."""
        if version >= self._base:
            return [one.client for one in self.writes[version - self._base :]]
        found = [one for one in self._clients.values() if one.version > version]
        return sorted(found, key=lambda one: one.version)

    def add(self, client: Client, event: ClientEvent) -> Client:
        """Take a new client in; raises ``ClientConflict``."""
        if client.client_id in self._clients:
            raise ClientConflict(f"the client id {client.client_id!r} is taken")
        return self._step(client, event, 0)

    def replace(self, client: Client, event: ClientEvent) -> Client:
        """Replace a client; raises ``ClientConflict``."""
        if self._clients[client.client_id].version != client.version:
            raise ClientConflict(f"the client {client.client_id!r} was changed")
        return self._step(client, event, client.version)

    def _step(self, client: Client, event: ClientEvent, before: int) -> Client:
        made = replace(client, version=self.version() + 1)
        self.writes.append(ClientWrite(made, event, before))
        self._clients[client.client_id] = made
        return made


class StagedGrants:
    """``ports.administration.AdminStore`` over another one, as far as an operator's configuration needs it."""

    def __init__(self, stored: AdminStore, now: int) -> None:
        """Take what is stored; grants that have run out do not count."""
        self._stored = stored
        self._live = {one.id: one for one in stored.everything() if _counts(one, now)}
        self.writes: list[GrantWrite] = []

    def everything(self) -> tuple[AdminGrant, ...]:
        """Return the grants that count or will."""
        return tuple(self._live.values())

    def of_principal(self, principal: str) -> tuple[AdminGrant, ...]:
        """Return those of a principal."""
        return tuple(one for one in self._live.values() if one.principal == principal)

    def get(self, grant_id: str) -> AdminGrant | None:
        """Return one."""
        return self._live.get(grant_id)

    def search(self, query: GrantQuery) -> list[AdminGrant]:
        """Return what is stored: nothing here searches."""
        return self._stored.search(query)

    def add(self, grant: AdminGrant, needs: Sequence[str], record: AuditRecord) -> None:  # noqa: ARG002 - the port's
        """Take a grant in; raises ``Conflict`` for one that is there."""
        twin = (grant.principal, grant.role, grant.unit)
        if any((one.principal, one.role, one.unit) == twin for one in self._live.values()):
            raise Conflict("the principal has this role over this unit already", code="taken")
        self._live[grant.id] = grant
        self.writes.append(GrantWrite(grant, record, is_end=False))

    def revoke(
        self,
        which: Sequence[Revocation],
        needs: Sequence[str],  # noqa: ARG002 - the port's
        *,
        now: int,  # noqa: ARG002 - the port's
        by: str,  # noqa: ARG002 - the port's
        reason: str,  # noqa: ARG002 - the port's
    ) -> int:
        """End grants."""
        for one in which:
            self.writes.append(GrantWrite(self._live.pop(one.grant_id), one.record, is_end=True))
        return len(which)


def _counts(grant: AdminGrant, now: int) -> bool:
    return grant.revoked_at is None and (grant.ends is None or now < grant.ends)
