"""What an upstream that vouches for people does to accounts that exist: their level rises; and whether a code is free."""

from __future__ import annotations

from dataclasses import replace

from idp.clock import Clock
from idp.model.account import Source
from idp.model.audit import AuditEvent, Event
from idp.ports.accounts import AccountStore
from idp.services.account_records import AccountRecords
from idp.services.audit import AuditLog
from idp.services.vault import Vault
from policies.identity_codes import IdentityCode


class VouchedAccounts:
    """Part of ``services.accounts``, which alone adds accounts and changes all else about them."""

    def __init__(self, store: AccountStore, vault: Vault, audit: AuditLog, clock: Clock) -> None:
        """Take collaborators."""
        self._store = store
        self._records = AccountRecords(vault)
        self._audit = audit
        self._clock = clock

    def is_taken(self, code: IdentityCode) -> bool:
        """Tell whether a code is or was somebody's, but for a mistake; whose is not said."""
        return self._store.holder(self._records.lookup(code)) is not None

    def raise_level(self, account_id: str, level: int, *, source: str) -> None:
        """Raise an account's level to what an upstream vouches for; it never falls here, and a concurrent change goes first."""
        before = self._store.get(account_id)
        if before is None or before.identity_level >= level:
            return
        account = self._records.account(before)
        sources = {**account.sources, "identity_level": Source(source, self._clock.now())}
        profile = self._records.sealed_profile(account.id, account.profile, sources)
        after = replace(before, profile=profile, identity_level=level, updated_at=self._clock.now())
        event = AuditEvent(
            Event.ACCOUNT_UPDATE,
            reason=f"upstream:{source}",
            account_id=account.id,
            target=f"account:{account.id}",
            detail={"identity_level": level},
        )
        self._store.change_profile(before, after, self._audit.record(event))
