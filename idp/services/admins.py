"""Grants of administration: the only writer. Whether somebody may make one is ``policies.delegation``'s to say; here it is written down.

A grant is an act of an office: it stays when the person who made it loses theirs. Whoever takes a right away may take along what was made
by it (``everything_from``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from idp import handles
from idp.clock import Clock
from idp.errors import InvalidInput, NotFound
from idp.model.audit import AuditEvent, AuditRecord, Event
from idp.ports.administration import AdminStore, GrantQuery, Revocation
from idp.services.audit import AuditLog
from idp.services.units import UnitService
from policies.delegation import TOP, Actor, AdminGrant, Ground, Proposal
from policies.units import UnitKey


class AdminService:
    """Reads, makes and ends grants. Nothing is remembered between two questions: a right that was taken away is gone at once."""

    def __init__(self, store: AdminStore, units: UnitService, audit: AuditLog, clock: Clock) -> None:
        """Take collaborators."""
        self._store = store
        self._units = units
        self._audit = audit
        self._clock = clock

    def actor(self, principal: str) -> Actor:
        """Return a principal with what was granted to it."""
        return Actor(principal, self._store.of_principal(principal), is_person=principal.startswith("account:"))

    def rights(self, actor: Actor) -> tuple[str, ...]:
        """Return the grants that count at this moment, each with the unit for which it stands today, in one order."""
        now, ground = self._clock.now(), self.ground()
        return tuple(sorted(f"{one.id} {ground.standing(one.unit)}" for one in actor.grants if one.is_live(now)))

    def held(self, principal: str) -> tuple[AdminGrant, ...]:
        """Return the grants of a principal that count now or will."""
        now = self._clock.now()
        return tuple(one for one in self._store.of_principal(principal) if one.ends is None or now < one.ends)

    def is_staff(self, account_id: str) -> bool:
        """Tell whether an account holds a grant (``ports.staff.StaffRegister``)."""
        return bool(self.held(f"account:{account_id}"))

    def ground(self) -> Ground:
        """Return the tree of units as it is today."""
        return Ground(self._units.latest(), self._units.today())

    def everybody(self) -> Mapping[str, tuple[AdminGrant, ...]]:
        """Return every grant that was ever made, by principal."""
        found: dict[str, list[AdminGrant]] = {}
        for grant in self._store.everything():
            found.setdefault(grant.principal, []).append(grant)
        return {principal: tuple(grants) for principal, grants in found.items()}

    def standing(self) -> tuple[AdminGrant, ...]:
        """Return the grants over units that were not revoked and have not run out."""
        now = self._clock.now()
        found = (one for one in self._store.everything() if one.unit != TOP and one.revoked_at is None)
        return tuple(one for one in found if one.ends is None or now < one.ends)

    def unit(self, code: str) -> UnitKey:
        """Return the unit that has a code today, ``TOP`` for ``*``; raises ``InvalidInput``."""
        if code == TOP.code:
            return TOP
        unit = self._units.register.on(code, self._units.today())
        if unit is None:
            raise InvalidInput("names no unit that is in force today", code="unknown_unit", field="unit")
        return unit.key

    def get(self, grant_id: str) -> AdminGrant:
        """Return a grant, revoked or not; raises ``NotFound``."""
        found = self._store.get(grant_id)
        if found is None:
            raise NotFound("no such grant")
        return found

    def search(self, query: GrantQuery) -> list[AdminGrant]:
        """Return grants in order of id."""
        return self._store.search(query)

    def grant(
        self, proposal: Proposal, *, by: str, reason: str, needs: Sequence[str] = (), approved_by: str = ""
    ) -> AdminGrant:
        """Write a grant down, if what it rests on (``needs``, ids of grants) still counts.

        Raises ``Refused`` where it does not, ``Conflict`` for a role that the principal has there already.
        """
        now = self._clock.now()
        grant = AdminGrant(
            handles.new_id(),
            proposal.principal,
            proposal.role,
            proposal.unit,
            max(proposal.begins, now),
            proposal.ends,
            by,
            now,
            approved_by,
            reason,
        )
        self._store.add(grant, needs, self._record(Event.ADMIN_GRANT, grant, by, reason, approved_by))
        return grant

    def revoke(
        self, grants: Iterable[AdminGrant], *, by: str, reason: str, needs: Sequence[str] = (), approved_by: str = ""
    ) -> int:
        """Take grants away in one transaction; returns how many had not been taken before. Raises ``Refused`` as ``grant`` does."""
        which = [Revocation(one.id, self._record(Event.ADMIN_REVOKE, one, by, reason, approved_by)) for one in grants]
        return self._store.revoke(which, needs, now=self._clock.now(), by=by, reason=reason)

    def everything_from(self, grant: AdminGrant) -> tuple[AdminGrant, ...]:
        """Return what a principal granted alone, and what these did, and so on, of what was not revoked: the line that goes with a betrayal."""
        live = [one for one in self._store.everything() if one.revoked_at is None]
        found: dict[str, AdminGrant] = {}
        waiting = [grant.principal]
        seen: set[str] = set()
        while waiting:
            granter = waiting.pop()
            if granter in seen:
                continue
            seen.add(granter)
            made = [one for one in live if one.granted_by == granter and not one.approved_by]
            found |= {one.id: one for one in made if one.id != grant.id}
            waiting.extend(one.principal for one in made)
        return tuple(found.values())

    def _record(self, event: Event, grant: AdminGrant, by: str, reason: str, approved_by: str) -> AuditRecord:
        kind, _, name = grant.principal.partition(":")
        detail = {
            "principal": grant.principal,
            "role": grant.role.value,
            "unit": grant.unit.code,
            "unit_from": grant.unit.valid_from,
            "begins": grant.begins,
            "ends": grant.ends,
            **({"approved_by": approved_by} if approved_by else {}),
        }
        return self._audit.record(
            AuditEvent(
                event,
                reason=reason,
                actor=by,
                account_id=name if kind == "account" else None,
                client_id=name if kind == "client" else None,
                target=f"grant:{grant.id}",
                detail=detail,
            )
        )
