"""Roles of officials: the only writer of assignments, and what of them is released.

An assignment is (role, unit, from, to, by whom, source). Units are named by code and beginning, as codes are used again for other places; what is
released names today's unit, followed through the register, and nothing where a unit was divided or dissolved: who inherits such a right
is a decision, not a computation.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from idp import handles
from idp.clock import Clock
from idp.model.audit import AuditEvent, AuditRecord, Event
from idp.ports.officials import AssignmentRow, RoleStore
from idp.services.audit import AuditLog
from idp.services.units import UnitService
from policies.officials.roles import Difference, Held, RoleKey, Wanted, difference
from policies.units import BEGINNING, UnitReference

_TRIES: Final = 3

Office = tuple[str, str]
"""A unit by code and beginning; the beginning is "" for an agency that the register does not hold."""


@dataclass(frozen=True, slots=True)
class RoleView:
    """A role as it is shown: ``unit`` is today's claim of the unit, None where it has no single successor."""

    role: str
    unit: Mapping[str, object] | None
    valid_from: int
    valid_to: int | None
    source: str


class RoleService:
    """Follows what directories call for, and releases what is in force."""

    def __init__(
        self,
        store: RoleStore,
        units: UnitService,
        unit_names: Mapping[str, str],
        office_of: Callable[[str], Office | None],
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        """Take collaborators; ``unit_names`` are names of agencies outside the register, ``office_of`` the office of an account."""
        self._store = store
        self._units = units
        self._names = unit_names
        self._office_of = office_of
        self._audit = audit
        self._clock = clock

    def meant(self, code: str, as_of: str = "") -> Office | None:
        """Return the unit that a code means, as it was on a day and is today; None for none, and for one that was divided or dissolved."""
        if not code:
            return None
        found = self._units.meant(UnitReference(code, as_of))
        if len(found) == 1:
            return found[0].code, found[0].valid_from
        return (code, "") if code in self._names else None

    def is_within(self, office: Office, bounds: Collection[str]) -> bool:
        """Tell whether a unit of today is one of ``bounds`` or below one: by the register, or by the parts of an agency's code."""
        code = office[0]
        above = (
            {unit.code for unit in self._units.register.ancestors(code, self._units.today())} if office[1] else set()
        )
        parts = code.split(".")
        agencies = {".".join(parts[:length]) for length in range(1, len(parts) + 1)} if not office[1] else {code}
        return not (above | agencies).isdisjoint(bounds)

    def follow(self, account_id: str, source: str, called_for: Sequence[Wanted], *, reason: str) -> Difference:
        """Begin and end assignments of one source until they are what is called for; returns what was done."""
        for _ in range(_TRIES):
            change = self.due(account_id, source, called_for)
            if change.is_empty or self._change(account_id, source, change, reason):
                return change
        # Whoever was faster each time looked at the same directory: the next sign-in or comparison sees to the rest.
        return Difference((), ())

    def due(self, account_id: str, source: str, called_for: Sequence[Wanted]) -> Difference:
        """Return what ``follow`` would do."""
        held = [_held(row) for row in self._store.held(account_id) if row.source == source]
        return difference(held, called_for, self._clock.now())

    def end_all(self, account_id: str, source: str, *, reason: str) -> int:
        """End every assignment of one source; returns how many."""
        return len(self.follow(account_id, source, (), reason=reason).end)

    def in_force(self, account_id: str) -> list[RoleView]:
        """Return the assignments in force, by role and unit."""
        now = self._clock.now()
        return [
            RoleView(row.role, self._claim((row.unit_code, row.unit_from)), row.valid_from, row.valid_to, row.source)
            for row in self._store.held(account_id)
            if row.valid_from <= now and (row.valid_to is None or now < row.valid_to)
        ]

    def is_staff(self, account_id: str) -> bool:
        """Tell whether the account is an official's: it has an office or a role. The same work for an id that is nobody's."""
        office, held = self._office_of(account_id), self._store.held(account_id)
        return office is not None or bool(held)

    def released(self, account_id: str) -> dict[str, object]:
        """Return ``roles`` and ``office`` (the claim ``unit``) of an official; empty for everybody else.

        A role at the office itself is its bare name; one at another unit is ``role@code:edition``, which no check for the bare name mistakes.
        """
        office = self._office_of(account_id)
        home = self._claim(office) if office is not None else None
        views = self.in_force(account_id)
        names = {_name(view.role, view.unit, home) for view in views if view.unit is not None}
        claims: dict[str, object] = {"roles": sorted(names)} if names else {}
        return claims | ({"office": home} if home is not None else {})

    def _claim(self, office: Office) -> Mapping[str, object] | None:
        code, begun = office
        if not begun:
            return {"code": code, "name": self._names[code], "edition": BEGINNING} if code in self._names else None
        return self._units.claim(str(UnitReference(code, begun)))

    def _change(self, account_id: str, source: str, change: Difference, reason: str) -> bool:
        now = self._clock.now()
        begin = [_row(account_id, source, one, now) for one in change.begin]
        records = [self._record(Event.ROLE_BEGIN, account_id, source, one.key, reason) for one in change.begin]
        records += [self._record(Event.ROLE_END, account_id, source, one.key, reason) for one in change.end]
        return self._store.change(begin, [one.id for one in change.end], now, reason, records)

    def _record(self, event: Event, account_id: str, source: str, key: RoleKey, reason: str) -> AuditRecord:
        detail = {"role": key.role, "unit": key.unit_code, "edition": key.unit_from, "source": source}
        target = f"account:{account_id}"
        return self._audit.record(
            AuditEvent(event, reason=reason, actor="system", account_id=account_id, target=target, detail=detail)
        )


def _row(account_id: str, source: str, one: Wanted, now: int) -> AssignmentRow:
    began = max(one.valid_from, now)
    return AssignmentRow(
        handles.new_id(), account_id, *one.key, began, one.valid_to, granted_by=source, source=source, created_at=now
    )


def _held(row: AssignmentRow) -> Held:
    return Held(row.id, RoleKey(row.role, row.unit_code, row.unit_from), row.valid_from, row.valid_to)


def _name(role: str, unit: Mapping[str, object], home: Mapping[str, object] | None) -> str:
    return role if unit == home else f"{role}@{unit['code']}:{unit['edition']}"
