"""Identity codes and accounts: the only writer of both.

A code is what a person types and what departments ask for; the account behind it has an opaque id of ours. Values are
sealed, and found again through a keyed blind index of (entity type, scheme, value): a reader of the database learns
neither the codes nor whether one is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, Final

from idp import handles
from idp.clock import Clock, local_day
from idp.errors import Conflict, NotFound, Refused
from idp.model.account import Account, CodeEntry, Source
from idp.model.audit import AuditEvent, AuditRecord, Event
from idp.ports.accounts import AccountRow, AccountStore, CredentialRow, Merge, NewAccount, StateChange
from idp.services import drafts
from idp.services.account_names import AccountNames
from idp.services.account_records import AccountRecords
from idp.services.audit import AuditLog
from idp.services.drafts import Draft
from idp.services.provenance import sources_after
from idp.services.vault import Vault
from policies.identity_codes import SCHEMES, EntityType
from policies.units import UnitReference

OPERATOR: Final = "operator:local"

_STEPS: Final[Mapping[str, tuple[tuple[str, ...], Event]]] = {
    "locked": (("active",), Event.ACCOUNT_LOCK),
    "active": (("locked",), Event.ACCOUNT_UNLOCK),
    "closed": (("active", "locked"), Event.ACCOUNT_CLOSE),
}
"""From which states a state can be reached; nothing leads out of ``closed`` and ``merged``."""


class AccountService:
    """Adds, finds, changes and merges accounts."""

    def __init__(self, store: AccountStore, vault: Vault, audit: AuditLog, clock: Clock) -> None:
        """Take collaborators."""
        self._store = store
        self._audit = audit
        self._clock = clock
        self._records = AccountRecords(vault)
        self.lookup = self._records.lookup
        names = AccountNames(store, self.lookup)
        self.typed, self.named, self.named_by = names.typed, names.named, names.named_by

    def draft(self, values: Mapping[str, Any]) -> Draft:
        """Check the contract's account columns; raises ``InvalidInput`` that names the column and the fix."""
        return drafts.checked(values, self.today())

    def prepare(
        self, draft: Draft, credentials: tuple[CredentialRow, ...] = (), reason: str = "registered"
    ) -> NewAccount:
        """Return the rows of a draft, sealed, under a new account id; the credentials' account id is filled in."""
        now, account_id = self._clock.now(), handles.new_id()
        sources = {name: Source(told_by, now) for name, told_by in draft.sources.items()}
        account = AccountRow(
            account_id,
            draft.kind,
            "active",
            None,
            None,
            draft.identity_level,
            self._residence(draft.unit),
            int(draft.is_sample),
            draft.external_id,
            self._records.sealed_profile(account_id, draft.profile, sources),
            now,
            now,
        )
        code = self._records.code_row(account_id, draft.code, now, reason)
        return NewAccount(account, (code,), tuple(replace(one, account_id=account_id) for one in credentials))

    def add(self, draft: Draft, credentials: tuple[CredentialRow, ...] = (), *, actor: str = OPERATOR) -> str:
        """Store a draft and return the new account's id.

        Raises ``Conflict`` when the code is somebody's, whose is not said.
        """
        lookup = self.lookup(draft.code)
        if self._store.holder(lookup) is not None:
            raise taken()
        new = self.prepare(draft, credentials)
        event = AuditEvent(
            Event.ACCOUNT_ADD,
            actor=actor,
            account_id=new.account.id,
            target=f"account:{new.account.id}",
            detail={"scheme": draft.code.scheme.value, "sample": draft.is_sample},
        )
        try:
            self._store.add(new, self._audit.record(event))
        except Conflict as error:
            raise (taken() if self._store.holder(lookup) else _external_taken()) from error
        return new.account.id

    def update(self, account_id: str, values: Mapping[str, Any], *, reason: str, actor: str = OPERATOR) -> None:
        """Replace the profile, level, unit and external id by the account columns given; the code columns are not read.

        Raises ``InvalidInput`` that names the column, ``NotFound``, and ``Conflict`` when somebody changed the account
        meanwhile.
        """
        before = self._live(account_id)
        account = self._records.account(before)
        current = next((entry for entry in self.codes(account.id) if entry.valid_to is None), None)
        if current is None:
            raise Refused("the account has no current code: add one first")
        draft, now = self.draft({**values, "code_type": current.scheme, "code": current.value}), self._clock.now()
        after = replace(
            before,
            profile=self._records.sealed_profile(account.id, draft.profile, sources_after(account, draft, now)),
            identity_level=draft.identity_level,
            unit_code=self._residence(draft.unit, before.unit_code),
            external_id=draft.external_id,
            updated_at=now,
        )
        record = self._record(Event.ACCOUNT_UPDATE, account.id, actor, reason, f"account:{account.id}")
        try:
            done = self._store.change_profile(before, after, record)
        except Conflict as error:
            raise _external_taken() from error
        if not done:
            raise Conflict("the account was changed by somebody else meanwhile: look at it again")

    def for_sign_in(self, raw: str) -> Account | None:
        """Return the account of a typed code, persons before businesses with the same digits.

        None for anything else.
        """
        account_id = self.typed(raw).account_id
        row = self._store.get(account_id) if account_id is not None else None
        return self._records.account(row) if row is not None else None

    def find(self, code_or_id: str, scheme: str | None = None) -> Account:
        """Return the account of a current code or of an id, following merges; raises ``NotFound``. See ``named``."""
        return self.get(self.named(code_or_id, scheme))

    def get(self, account_id: str) -> Account:
        """Return an account by id, following merges; raises ``NotFound``."""
        return self._records.account(self._live(account_id))

    def resolve(self, account_id: str) -> str:
        """Return the id of the account that an account is today, following merges; raises ``NotFound``."""
        return self._live(account_id).id

    def codes(self, account_id: str) -> list[CodeEntry]:
        """Return the history of an account's codes, newest first, opened: treat as personal data."""
        return self._records.code_entries(self._store.codes(account_id))

    def is_agency(self, account_id: str) -> bool:
        """Tell whether an account has an agency's code today; a tax code beside it changes nothing."""
        held = (one.scheme for one in self._store.codes(account_id) if one.valid_to is None)
        return any(SCHEMES[scheme].entity_type is EntityType.AGENCY for scheme in held)

    def change_state(self, account_id: str, state: str, *, reason: str, actor: str = OPERATOR) -> None:
        """Lock, unlock (``active``) or close an account.

        Raises ``NotFound``, and ``Refused`` where no step leads there.
        """
        account = self.get(account_id)
        before, event = _STEPS[state]
        record = self._record(event, account.id, actor, reason, f"account:{account.id}")
        change = StateChange(account.id, before, state, reason or None, self._clock.now())
        if not self._store.change_state(change, record):
            raise Refused(f"the account is {account.state}: it can become {state} only from {' or '.join(before)}")

    def restore(self, account_id: str, *, reason: str, actor: str = OPERATOR) -> None:
        """Bring back an account that was closed, locked where a lock counts that it had before; raises ``NotFound``, and ``Refused`` for another."""
        account = self.get(account_id)
        record = self._record(Event.ACCOUNT_RESTORE, account.id, actor, reason, f"account:{account.id}")
        change = StateChange(account.id, ("closed",), "active", reason or None, self._clock.now())
        if not any(self._store.change_state(one, record) for one in (change, replace(change, after="locked"))):
            raise Refused(f"the account is {account.state}: only one that is closed can be restored")

    def merge(self, loser: str, winner: str, *, reason: str, actor: str = OPERATOR) -> None:
        """Merge ``loser`` into ``winner`` (ids); repeating it changes nothing. Raises ``NotFound`` and ``Refused``."""
        if loser == winner:
            raise Refused("an account cannot be merged into itself")
        gone, kept = self.get(loser), self.get(winner)
        if gone.id == kept.id:
            return
        if kept.id != winner or gone.id != loser:
            raise Refused("one of the accounts was merged before: name the accounts that are left")
        if (gone.kind, gone.sample) != (kept.kind, kept.sample):
            raise Refused("a person and an organisation, or a sample and a real account, are never merged")
        record = self._record(Event.ACCOUNT_MERGE, winner, actor, reason, f"account:{loser}")
        done = self._store.merge(Merge(loser, winner, reason, self._clock.now()), record)
        if not done and self.resolve(loser) != self.resolve(winner):
            raise Refused(f"the account that is left must be active, it is {kept.state}")

    def note_shown(self, account_id: str, *, reveal: bool, reason: str, actor: str = OPERATOR) -> None:
        """Record that an operator looked at an account: who got which of my data is a question that people may ask."""
        self._audit.write(
            AuditEvent(
                Event.ACCOUNT_SHOW,
                reason=reason,
                actor=actor,
                account_id=account_id,
                target=f"account:{account_id}",
                detail={"revealed": reveal},
            )
        )

    def count_samples(self) -> int:
        """Return how many sample accounts exist."""
        return self._store.count_samples()

    def today(self) -> date:
        """Return the date in UTC, as checks of birth dates use it."""
        return datetime.fromtimestamp(self._clock.now(), UTC).date()

    def _residence(self, given: UnitReference | None, before: str | None = None) -> str | None:
        """Return the residence as it is stored, with its day; one that is given again without a day keeps the day that it has."""
        if given is None:
            return None
        if not given.since and before is not None and UnitReference.stored(before).code == given.code:
            return before
        return str(given.dated(local_day(self._clock.now())))

    def _live(self, account_id: str) -> AccountRow:
        # A merge re-points what was merged before, so the chain has one link; a merge between two reads can show more.
        row = self._store.get(account_id)
        while row is not None and row.merged_into is not None:
            row = self._store.get(row.merged_into)
        if row is None:
            raise NotFound("no such account")
        return row

    def _record(self, event: Event, account_id: str, actor: str, reason: str, target: str) -> AuditRecord:
        return self._audit.record(AuditEvent(event, reason=reason, actor=actor, account_id=account_id, target=target))


def masked(value: str) -> str:
    """Return a code for pages and screens: the last four characters, the rest as dots."""
    return f"{'•' * max(0, len(value) - 4)}{value[-4:]}"


def taken() -> Conflict:
    """Return the error of a code that is somebody's; it never says whose, nor whether it is a current one."""
    return Conflict("this code belongs to an account already", code="taken", field="code")


def _external_taken() -> Conflict:
    return Conflict("an account has this external_id already", code="taken", field="external_id")
