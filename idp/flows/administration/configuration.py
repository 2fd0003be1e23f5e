"""Configuration as code: what is in the database as one document, and the way from here to another one, in one transaction.

The local operator's. A document names all that it knows of; what it does not name stays, unless it is to be pruned.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from clients.documents import to_metadata
from clients.errors import ClientConflict, RegistrationRefused
from clients.metadata import Values
from clients.model import Client
from clients.registry import ClientRegistry
from clients.repository import ClientRepository
from idp.clock import Clock
from idp.errors import InvalidInput
from idp.flows.administration.staging import StagedClients, StagedGrants
from idp.ports.administration import AdminStore
from idp.ports.configuration import ConfigurationStore
from idp.services.admins import AdminService
from policies.delegation import TOP, AdminGrant, Proposal, Role
from policies.units import UnitKey

FORMAT: Final = "dinhdanh-configuration/1"
OPERATOR: Final = "operator:local"
_MOST: Final = 20_000
_STATES: Final = ("active", "suspended")
_NOT_COMPARED: Final = frozenset(
    {"created_at", "updated_at", "client_id_issued_at", "client_secret_expires_at", "expires_at", "introduced_by"}
)
_TWIN: Final = ("principal", "role", "unit", "unit_from")

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the difference: ``add``, ``update``, ``remove``; for each field the value before and after."""

    act: str
    kind: str
    name: str
    fields: Mapping[str, tuple[object, object]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Applied:
    """The difference, and the secrets of new clients, shown this once."""

    changes: tuple[Change, ...]
    secrets: Mapping[str, str]


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
        clock: Clock,
    ) -> None:
        """Take what is stored, the store of a whole configuration, how the services are made over a store, and what asks a sector's document."""
        self._check = check
        self._clients = clients
        self._grants = grants
        self._store = store
        self._registry_over = registry_over
        self._admins_over = admins_over
        self._clock = clock

    def export(self) -> dict[str, Any]:
        """Return the document: every client that an operator keeps (no secret, nor its digest), every grant that counts."""
        clients = self._registry_over(StagedClients(self._clients)).all()
        grants = StagedGrants(self._grants, self._clock.now()).everything()
        return {
            "format": FORMAT,
            "clients": [shown(one) for one in clients if not one.introduced_by],
            "admins": [granted(one) for one in grants],
        }

    def apply(self, document: Document, *, reason: str, prune: bool = False, dry_run: bool = False) -> Applied:
        """Make the database hold what a document says; returns what changed (or would).

        Raises ``InvalidInput``, ``RegistrationRefused`` and ``Conflict``; then nothing was written.
        """
        _check(document)
        staged, grants = StagedClients(self._clients), StagedGrants(self._grants, self._clock.now())
        work = _Work(self._registry_over(staged), self._admins_over(grants), self._check, reason)
        if "clients" in document:
            work.clients(document["clients"], prune=prune)
        if "admins" in document:
            work.admins(document["admins"], grants.everything(), self._clock.now(), prune=prune)
        if work.changes and not dry_run:
            self._store.write(staged.writes, grants.writes, now=self._clock.now(), by=OPERATOR, reason=reason)
        return Applied(tuple(work.changes), {} if dry_run else work.secrets)


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
        if state != after.state and state in _STATES:
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


def differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[object, object]]:
    """Return the fields that two documents differ in, with both values."""
    names = sorted(before.keys() | after.keys())
    return {name: (before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)}


def _twin(one: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(one[name] for name in _TWIN)


def _name(one: Mapping[str, Any]) -> str:
    return f"{one['principal']} {one['role']} {one['unit']}"


def _check(document: Document) -> None:
    if document.get("format") != FORMAT:
        raise InvalidInput(f"must be {FORMAT}", field="format")
    if unknown := sorted(document.keys() - {"format", "clients", "admins"}):
        raise InvalidInput(f"knows no {', '.join(unknown)}", field="document")
    for kind, names in (("clients", ("client_id",)), ("admins", ("principal", "role", "unit"))):
        rows = document.get(kind, [])
        if not isinstance(rows, list) or len(rows) > _MOST:
            raise InvalidInput(f"must be a list of at most {_MOST}", field=kind)
        for place, one in enumerate(rows):
            if not isinstance(one, dict) or not all(isinstance(one.get(name), str) and one[name] for name in names):
                raise InvalidInput(f"must be an object with {', '.join(names)}", field=f"{kind}[{place}]")
        found = [tuple(one[name] for name in names) for one in rows]
        if len(set(found)) != len(found):
            raise InvalidInput("names something twice", field=kind)
