"""Configuration as code: what is in the database as one document, and the way from here to another one, in one transaction.

The local operator's. A document names all that it knows of; what it does not name stays, unless it is to be pruned.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from clients.documents import to_metadata
from clients.errors import ClientConflict, RegistrationRefused
from clients.metadata import Values
from clients.model import Client
from clients.registry import ClientRegistry
from clients.repository import ClientRepository
from idp.clock import Clock
from idp.errors import InvalidInput
from idp.flows.administration.configuration_changes import Change, differing
from idp.flows.administration.configuration_document import FORMAT, check
from idp.flows.administration.configuration_parts import Parts
from idp.flows.administration.staging import StagedClients, StagedGrants
from idp.ports.administration import AdminStore
from idp.ports.configuration import ConfigurationStore
from idp.services.admins import AdminService
from policies.delegation import TOP, AdminGrant, Proposal, Role
from policies.units import UnitKey

OPERATOR: Final = "operator:local"
_NOT_COMPARED: Final = frozenset(
    {"created_at", "updated_at", "client_id_issued_at", "client_secret_expires_at", "expires_at", "introduced_by"}
)
_TWIN: Final = ("principal", "role", "unit", "unit_from")

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Applied:
    """The difference, the secrets of new clients, shown this once, and what of the document was passed over, by its place."""

    changes: tuple[Change, ...]
    secrets: Mapping[str, str]
    passed_over: tuple[str, ...] = ()


class Configuration:
    """Exports and applies."""

    def __init__(
        self,
        clients: ClientRepository,
        grants: AdminStore,
        store: ConfigurationStore,
        registry_over: Callable[[ClientRepository], ClientRegistry],
        admins_over: Callable[[AdminStore], AdminService],
        check: Callable[[Values], None],
        parts: Parts,
        clock: Clock,
    ) -> None:
        """Take what is stored, the store of it all, how services are made over a store, what asks a sector's document, the other parts."""
        self._check = check
        self._clients = clients
        self._grants = grants
        self._store = store
        self._registry_over = registry_over
        self._admins_over = admins_over
        self._parts = parts
        self._clock = clock

    def export(self) -> dict[str, Any]:
        """Return the document: every client that an operator keeps (no secret, nor its digest), every grant that counts, and the parts."""
        clients = self._registry_over(StagedClients(self._clients)).all()
        grants = StagedGrants(self._grants, self._clock.now()).everything()
        return {
            "format": FORMAT,
            "clients": [shown(one) for one in clients if not one.introduced_by],
            "admins": [_shown_grant(one, self._clock.now()) for one in grants],
            **self._parts.export(),
        }

    def apply(self, document: Document, *, reason: str, prune: bool = False, dry_run: bool = False) -> Applied:
        """Make the database hold what a document says; returns what changed (or would).

        Raises ``InvalidInput``, ``RegistrationRefused`` and ``Conflict``; then nothing was written.
        """
        check(document)
        staged, grants = StagedClients(self._clients), StagedGrants(self._grants, self._clock.now())
        registry = self._registry_over(staged)
        work = _Work(registry, self._admins_over(grants), self._check, reason)
        if "clients" in document:
            work.clients(document["clients"], prune=prune)
        if "admins" in document:
            work.admins(document["admins"], grants.everything(), self._clock.now(), prune=prune)
        known = frozenset(one.client_id for one in registry.all() if one.state != "removed")
        more = self._parts.staged(document, known.__contains__, reason, prune=prune)
        changes = (*work.changes, *more.changes)
        if changes and not dry_run:
            now = self._clock.now()
            self._store.write(staged.writes, grants.writes, more.writes, now=now, by=OPERATOR, reason=reason)
            self._parts.ended(more, reason)
        return Applied(changes, {} if dry_run else work.secrets, tuple(more.passed_over))


class _Work:
    """One application in the making."""

    def __init__(
        self, registry: ClientRegistry, admins: AdminService, check: Callable[[Values], None], reason: str
    ) -> None:
        self._check = check
        self._registry = registry
        self._admins = admins
        self._reason = reason
        self.changes: list[Change] = []
        self.secrets: dict[str, str] = {}

    def clients(self, wanted: list[dict[str, Any]], *, prune: bool) -> None:
        """Register, replace, suspend, resume, and remove what is not wanted."""
        before = {one.client_id: one for one in self._registry.all() if not one.introduced_by}
        for place, one in enumerate(wanted):
            try:
                self._client(one, before.get(one["client_id"]))
            except RegistrationRefused as error:
                raise InvalidInput(str(error), field=f"clients[{place}]") from error
            except ClientConflict as error:
                raise InvalidInput("was removed: its id is never used again", field=f"clients[{place}]") from error
        for client_id in sorted(before.keys() - {one["client_id"] for one in wanted}) if prune else ():
            self._registry.set_state(client_id, "removed", actor=OPERATOR, note=self._reason)
            self.changes.append(Change("remove", "client", client_id))

    def admins(self, wanted: list[dict[str, Any]], held: tuple[AdminGrant, ...], now: int, *, prune: bool) -> None:
        """Grant, and revoke what is not wanted; one with another end is ended and made anew."""
        before = {_twin(granted(one)): one for one in held}
        for place, one in enumerate(wanted):
            try:
                self._grant(one, before.pop(_twin(self._dated(one)), None), now)
            except (InvalidInput, ValueError) as error:
                raise InvalidInput(str(error), field=f"admins[{place}]") from error
        for grant in before.values() if prune else ():
            self._admins.revoke([grant], by=OPERATOR, reason=self._reason)
            self.changes.append(Change("remove", "admin", _name(granted(grant))))

    def _client(self, document: dict[str, Any], before: Client | None) -> None:
        client_id, state = document["client_id"], document.get("state", "active")
        self._check(self._registry.checked(document, is_operator=True).values)
        if before is None:
            sector = {"sector": document["sector_id"]} if document.get("sector_id") else {}
            after, secret, _ = self._registry.register({**document, **sector}, is_operator=True, note=self._reason)
            if secret is not None and not document.get("client_secret"):
                self.secrets[client_id] = secret
        else:
            after = self._registry.update(client_id, document, note=self._reason)
        if state != after.state:
            after = self._registry.set_state(client_id, state, note=self._reason)
        fields = differing(shown(before) if before is not None else {}, shown(after))
        if before is None or fields:
            self.changes.append(Change("update" if before is not None else "add", "client", client_id, fields))

    def _grant(self, one: dict[str, Any], before: AdminGrant | None, now: int) -> None:
        dated = self._dated(one)
        ends = one.get("ends")
        if before is not None and before.ends == ends:
            return
        if before is not None:
            self._admins.revoke([before], by=OPERATOR, reason=self._reason)
        unit = UnitKey(dated["unit"], dated["unit_from"])
        begins = max(int(one.get("begins") or 0), now)
        if ends is not None and ends <= begins:
            raise InvalidInput("ends before it begins")
        proposal = Proposal(one["principal"], Role(one["role"]), unit, begins, ends)
        self._admins.grant(proposal, by=OPERATOR, reason=self._reason)
        fields = {"ends": (before.ends, ends)} if before is not None else {}
        self.changes.append(Change("update" if before is not None else "add", "admin", _name(dated), fields))

    def _dated(self, one: dict[str, Any]) -> dict[str, Any]:
        """Return the grant with the day of its unit; without one in the document the code is read as of today."""
        if one["unit"] == TOP.code or one.get("unit_from"):
            return {**one, "unit_from": one.get("unit_from", "") if one["unit"] != TOP.code else ""}
        return {**one, "unit_from": self._admins.unit(one["unit"]).valid_from}


def shown(client: Client) -> dict[str, Any]:
    """Return a client as the document names it."""
    return {name: value for name, value in to_metadata(client).items() if name not in _NOT_COMPARED}


def _shown_grant(one: AdminGrant, now: int) -> dict[str, Any]:
    """Return a grant as it is exported: one that has begun begins where it is applied, so the moment of the past is nobody's wish."""
    return {**granted(one), "begins": one.begins if one.begins > now else None}


def granted(one: AdminGrant) -> dict[str, Any]:
    """Return a grant as the document names it."""
    return {
        "principal": one.principal,
        "role": one.role.value,
        "unit": one.unit.code,
        "unit_from": one.unit.valid_from,
        "begins": one.begins,
        "ends": one.ends,
    }


def _twin(one: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(one[name] for name in _TWIN)


def _name(one: Mapping[str, Any]) -> str:
    return f"{one['principal']} {one['role']} {one['unit']}"


__all__ = ["Applied", "Change", "Configuration"]
