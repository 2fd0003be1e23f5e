"""Accounts, subjects and tokens over the stores."""

from __future__ import annotations

import os
from functools import cached_property
from typing import Final

from idp.authn.credentials import CredentialService, PasswordAges
from idp.authn.dictionary import Dictionary
from idp.authn.password import Passwords
from idp.ports.notices import SILENCE, Notices
from idp.services.account_codes import AccountCodes
from idp.services.account_import import AccountImporter
from idp.services.accounts import AccountService
from idp.services.claims import ClaimSource
from idp.services.marks import AccountMarks
from idp.services.subjects import SubjectService
from idp.services.tokens import Lifetimes, TokenService
from idp.storage.accounts import SqlAccountStore
from idp.storage.credentials import SqlCredentialStore
from idp.storage.grants import SqlGrantStore
from idp.storage.imports import SqlImportStore
from idp.storage.subjects import SqlSubjectStore
from idp.wiring.officeholders import Officeholders

HASH_PLACES: Final = 64
"""Passwords that one worker process hashes or lets wait; the next one is told to come back."""


class People(Officeholders):
    """The services of people, over the stores."""

    @cached_property
    def account_store(self) -> SqlAccountStore:
        """Accounts in SQL."""
        return SqlAccountStore(self.database)

    @cached_property
    def accounts(self) -> AccountService:
        """Accounts and identity codes."""
        return AccountService(self.account_store, self.vault, self.audit, self.clock)

    @cached_property
    def account_codes(self) -> AccountCodes:
        """Further codes of accounts, their end and their replacement."""
        return AccountCodes(self.accounts, self.account_store, self.vault, self.audit, self.clock)

    @cached_property
    def passwords(self) -> Passwords:
        """The hashes of passwords, as many at once as this process has cores for."""
        slots = max(1, (os.cpu_count() or 1) // self.workers)
        return Passwords(slots, max(0, HASH_PLACES - slots), self.fibers)

    @cached_property
    def credentials(self) -> CredentialService:
        """Passwords and one-time codes."""
        store = SqlCredentialStore(self.database)
        dictionary = Dictionary(self.fibers, self.settings.factors.forbidden_passwords)
        staff = self.settings.staff
        ages = PasswordAges(staff.admin_password_days, staff.admin_password_history, self._is_administrator)
        return CredentialService(
            *(store, self.accounts, self.passwords, self.vault, self.audit, self.clock, dictionary),
            self.told_by,
            self._password_changed,
            ages,
        )

    def _is_administrator(self, _account_id: str) -> bool:
        """Tell whose passwords age: who administers is known above this layer."""
        return False

    @property
    def told_by(self) -> Notices:
        """Return what tells people: nothing here, the wiring of messages has it."""
        return SILENCE

    def _password_changed(self, account_id: str) -> None:
        """Hear whose password was set anew: what follows from it is above this layer."""

    @cached_property
    def importer(self) -> AccountImporter:
        """The import of accounts."""
        store, check = SqlImportStore(self.database), self.credentials.imported_password
        return AccountImporter(store, self.accounts, check, self.audit, self.clock)

    @cached_property
    def subjects(self) -> SubjectService:
        """Pairwise subjects."""
        return SubjectService(SqlSubjectStore(self.database), self.clock)

    @cached_property
    def grant_store(self) -> SqlGrantStore:
        """Grants in SQL."""
        return SqlGrantStore(self.database)

    @cached_property
    def tokens(self) -> TokenService:
        """Token families."""
        lifetimes = self.settings.lifetimes
        grace = self.settings.refresh_grace
        bounds = Lifetimes(lifetimes.refresh_token, lifetimes.access_token, grace, lifetimes.refresh_idle)
        key = self.vault.data_key("refresh-token").derive("mac")
        seal = self.vault.seal("authorization-code")
        parts = (self.grant_store, self.audit, self.clock, key, bounds, seal)
        return TokenService(*parts, memory_since=lambda: self.memory_since)

    @cached_property
    def account_marks(self) -> AccountMarks:
        """Not-before marks of people."""
        return AccountMarks(self.grant_store, self.audit, self.clock)

    @cached_property
    def claims(self) -> ClaimSource:
        """Claim values."""
        return ClaimSource(self.vault, self.accounts, self.units.claim, self.roles.released)

    def account_id(self, code_or_id: str) -> str:
        """Return the id behind an operator's code or id; raises ``NotFound``."""
        return self.accounts.find(code_or_id).id

    def wants_logout(self, client_id: str) -> bool:
        """Tell whether a client has to be told of the end of a session."""
        client = self.clients.sought(client_id)
        return client is not None and client.backchannel_logout_uri is not None
