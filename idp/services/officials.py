"""Officials: accounts that a department's directory vouches for. The only writer of links between entries and accounts.

An official's account is another one than the citizen's that the same person may have: what somebody does in office is not what he does for
himself, and a directory proves no identity code. It has no code, so nothing but its directory (and the factors enrolled beside) opens it. It is
found by (directory, immutable id), never by a name: names are given to the next person.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from idp import handles
from idp.clock import Clock
from idp.errors import Conflict, InvalidInput
from idp.model.audit import AuditEvent, AuditRecord, Event
from idp.model.directory import Entry
from idp.ports.accounts import AccountRow, AccountStore, NewAccount
from idp.ports.officials import LinkRow, OfficialStore
from idp.services import profiles
from idp.services.account_records import AccountRecords
from idp.services.audit import AuditLog
from idp.services.roles import Office, RoleService
from idp.services.vault import Vault
from policies.officials.roles import RoleRule, Wanted, wanted

KIND: Final = "official"

Close = Callable[[str, str], None]
"""Closes an account (id) because its directory says so (reason); ends its sessions, and tells the departments."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What an operator declared for one directory: its mapping, the day that unit codes mean, and the level of its people.

    ``units_within`` are the units that entries may name themselves, each with what is below; ``unit`` is for those that name none.
    """

    rules: tuple[RoleRule, ...] = ()
    units_as_of: str = ""
    identity_level: int = 1
    unit: str = ""
    units_within: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Changes:
    """What a comparison did, or would do, to one person: role names that begin and end."""

    begin: tuple[str, ...] = field(default=())
    end: tuple[str, ...] = field(default=())


class OfficialService:
    """Admits, follows and lets go."""

    def __init__(
        self,
        store: OfficialStore,
        accounts: AccountStore,
        roles: RoleService,
        terms: Mapping[str, Terms],
        vault: Vault,
        audit: AuditLog,
        clock: Clock,
        close: Close,
        reopen: Callable[[str], None],
    ) -> None:
        """Take collaborators; ``terms`` are by directory, ``close`` and ``reopen`` lock and unlock an account on its directory's word."""
        self._store = store
        self._accounts = accounts
        self._roles = roles
        self._terms = terms
        self._records = AccountRecords(vault)
        self._audit = audit
        self._clock = clock
        self._close = close
        self._reopen = reopen

    def account_of(self, directory: str, link: str) -> AccountRow | None:
        """Return the account of an entry, whether it still is a live one or not."""
        row = self._store.by_link(directory, link)
        return self._accounts.get(row.account_id) if row is not None else None

    def admitted(self, directory: str, entry: Entry, groups: frozenset[str]) -> AccountRow:
        """Return the account of an entry whose password was right: made at the first sign-in, brought up to date at each."""
        row = self._store.by_link(directory, entry.link) or self._admit(directory, entry)
        if row.ended_at is not None:
            self.take_back(row)
        self.bring_up_to_date(row, entry)
        self.follow_roles(row, entry, groups, reason="sign_in")
        account = self._accounts.get(row.account_id)
        if account is not None and account.state == "locked":
            # The directory's own lock may have outlived its ground, as when a comparison was cut off; no other lock ends here.
            self._reopen(account.id)
            account = self._accounts.get(account.id)
        if account is None:
            raise Conflict("the account of this entry is gone")
        return account

    def links(self, directory: str) -> list[LinkRow]:
        """Return every link of a directory, ended ones too."""
        return self._store.of_directory(directory)

    def bring_up_to_date(self, row: LinkRow, entry: Entry) -> None:
        """Let office and profile be what the directory says now."""
        office = self.office(row.directory, entry)
        if office != (row.unit_code, row.unit_from):
            self._store.move(row.directory, row.link, office, self._record(Event.OFFICIAL_UPDATE, row, "office"))
        before = self._accounts.get(row.account_id)
        if before is None or before.kind != KIND:
            return
        account = self._records.account(before)
        after = _laid_over(account.profile, entry)
        if after != dict(account.profile):
            kept = {name: one for name, one in account.sources.items() if after.get(name) == account.profile.get(name)}
            sealed = self._records.sealed_profile(before.id, after, kept)
            fresh = replace(before, profile=sealed, updated_at=self._clock.now())
            # Whoever changed it meanwhile has read the same directory a moment ago.
            self._accounts.change_profile(before, fresh, self._record(Event.OFFICIAL_UPDATE, row, "profile"))

    def called_for(self, directory: str, entry: Entry, groups: frozenset[str]) -> tuple[Wanted, ...]:
        """Return the roles that the mapping of a directory gives to a person with these groups now."""
        terms = self._terms[directory]
        units = {
            rule.unit: unit
            for rule in terms.rules
            if (unit := self._roles.meant(rule.unit, terms.units_as_of)) is not None
        }
        own = self.office(directory, entry)
        # Under "": what an entry names itself counts only within bounds, also where a rule names the same unit.
        if own[0]:
            units[""] = own
        return wanted(terms.rules, groups, units, "", self._clock.now())

    def office(self, directory: str, entry: Entry) -> Office:
        """Return the office that an entry names, ("", "") for none and for one that is not this directory's to name."""
        terms = self._terms[directory]
        found = self._roles.meant(entry.unit, terms.units_as_of)
        if found is None or (entry.unit != terms.unit and not self._roles.is_within(found, terms.units_within)):
            return "", ""
        return found

    def follow_roles(
        self, row: LinkRow, entry: Entry, groups: frozenset[str], *, reason: str, dry_run: bool = False
    ) -> Changes:
        """Let the roles of this source be what the directory calls for now; returns what begins and ends."""
        called_for = self.called_for(row.directory, entry, groups)
        act = self._roles.due if dry_run else partial(self._roles.follow, reason=reason)
        change = act(row.account_id, _source(row), called_for)
        begin, end = (tuple(sorted(one.key.role for one in part)) for part in (change.begin, change.end))
        return Changes(begin, end)

    def let_go(self, row: LinkRow, why: str) -> None:
        """End a link with its roles; where it was the last one, close the account first: a door that is shut late was open."""
        others = [
            one
            for one in self._store.of_account(row.account_id)
            if (one.directory, one.link) != (row.directory, row.link)
        ]
        if not others:
            self._close(row.account_id, why)
        self._roles.end_all(row.account_id, _source(row), reason=why)
        record = self._record(Event.OFFICIAL_LEAVE, row, why)
        self._store.end(row.directory, row.link, self._clock.now(), why, record)

    def take_back(self, row: LinkRow) -> None:
        """Make an ended link live again: the directory has its person in good standing."""
        if self._store.revive(row.directory, row.link, self._record(Event.OFFICIAL_RETURN, row, "listed_again")):
            self._reopen(row.account_id)

    def _admit(self, directory: str, entry: Entry) -> LinkRow:
        now, account_id = self._clock.now(), handles.new_id()
        sealed = self._records.sealed_profile(account_id, _profile(entry))
        level = self._terms[directory].identity_level
        account = AccountRow(account_id, KIND, "active", None, None, level, None, 0, None, sealed, now, now)
        row = LinkRow(directory, entry.link, account_id, *self.office(directory, entry), now)
        try:
            self._store.admit(NewAccount(account, ()), row, self._record(Event.OFFICIAL_ADMIT, row, "first_sign_in"))
        except Conflict:
            # Two first sign-ins at once: the other one was faster.
            other = self._store.by_link(directory, entry.link)
            if other is None:
                raise
            return other
        return row

    def _record(self, event: Event, row: LinkRow, reason: str) -> AuditRecord:
        return self._audit.record(
            AuditEvent(
                event,
                reason=reason,
                actor="system",
                account_id=row.account_id,
                target=f"account:{row.account_id}",
                detail={"directory": row.directory},
            )
        )


def office_of(found: Sequence[LinkRow]) -> Office | None:
    """Return the office of an official by his live links, ("", "") where no directory names one; None for somebody without links."""
    named = next((row for row in found if row.unit_code), found[0] if found else None)
    return (named.unit_code, named.unit_from) if named is not None else None


_COLUMNS: Final = frozenset(
    {"name", "family_name", "given_name", "middle_name", "email", "phone_number", "preferred_username"}
)
"""What a directory fills; the rest of a profile is the person's own."""
_CONFIRMED: Final = ("email", "phone_number")


def _profile(entry: Entry) -> dict[str, object]:
    """Return what of an entry is fit for an account; a telephone number that is none must not keep its owner out."""
    found: dict[str, object] = {}
    for column in sorted(_COLUMNS & entry.profile.keys()):
        with suppress(InvalidInput):
            found[column] = profiles.COLUMNS[column](column, entry.profile[column].strip())
    return {column: value for column, value in found.items() if value}


def _laid_over(current: Mapping[str, object], entry: Entry) -> dict[str, object]:
    """Return a profile with the directory's columns over it; a new address or number is not the one that was confirmed."""
    fresh = _profile(entry)
    stale = {f"{column}_verified" for column in _CONFIRMED if current.get(column) != fresh.get(column)}
    kept = {name: value for name, value in current.items() if name not in _COLUMNS and name not in stale}
    return kept | fresh


def _source(row: LinkRow) -> str:
    """Return who calls for the roles that follow from an entry: of two entries of one person each has its own."""
    return f"directory:{row.directory}:{row.link}"
