"""The life of identity codes after an account was added: a further one, the end of one, its replacement."""

from __future__ import annotations

from typing import Final

from idp.clock import Clock
from idp.errors import Conflict, InvalidInput, NotFound
from idp.model.account import Account
from idp.model.audit import AuditEvent, AuditRecord, Event
from idp.ports.accounts import AccountStore, CodeRow
from idp.services import drafts
from idp.services.account_records import AccountRecords
from idp.services.accounts import OPERATOR, AccountService, taken
from idp.services.audit import AuditLog
from idp.services.vault import Vault
from policies import identity_codes
from policies.identity_codes import EntityType, IdentityCode, SchemeName

_ENDINGS: Final = ("cancelled", "mistake")
"""Why a code ends without a successor. Only what was a mistake may be given to another account."""


class AccountCodes:
    """Changes which codes are an account's; the history keeps every one of them."""

    def __init__(
        self, accounts: AccountService, store: AccountStore, vault: Vault, audit: AuditLog, clock: Clock
    ) -> None:
        """Take collaborators."""
        self._accounts = accounts
        self._store = store
        self._records = AccountRecords(vault)
        self._audit = audit
        self._clock = clock

    def add(self, account_id: str, code: IdentityCode, *, reason: str, actor: str = OPERATOR) -> None:
        """Give an account another code.

        Raises ``Conflict`` when it is somebody's, ``InvalidInput`` when it cannot be this account's, ``NotFound``.
        """
        account = self._accounts.get(account_id)
        self._check_fits(account, code)
        row = self._records.code_row(account.id, code, self._clock.now(), "added")
        try:
            self._store.add_code(row, self._record(Event.CODE_ADD, row, reason, actor))
        except Conflict as error:
            raise taken() from error

    def end(
        self, account_id: str, code: IdentityCode, *, ending: str = "cancelled", reason: str, actor: str = OPERATOR
    ) -> None:
        """End a current code: ``cancelled``, or ``mistake`` when it never was this account's, which frees it.

        Raises ``NotFound`` when the account has no such current code.
        """
        if ending not in _ENDINGS:
            raise InvalidInput("must be cancelled or mistake", field="ending")
        row = self._current(account_id, code)
        record = self._record(Event.CODE_END, row, reason, actor)
        if not self._store.end_code(row.id, self._clock.now(), ending, record):
            raise _no_code()

    def replace(
        self, account_id: str, old: IdentityCode, new: IdentityCode, *, reason: str, actor: str = OPERATOR
    ) -> None:
        """Replace a code by its successor in one transaction (a number is re-established: Decision 34/2021 article 10).

        Raises what ``add`` and ``end`` raise.
        """
        row = self._current(account_id, old)
        if new == old:
            raise InvalidInput("is the code that it would replace", code="same_code", field="code")
        self._check_fits(self._accounts.get(row.account_id), new)
        successor = self._records.code_row(row.account_id, new, self._clock.now(), "replacement")
        records = (
            self._record(Event.CODE_END, row, reason, actor),
            self._record(Event.CODE_ADD, successor, reason, actor),
        )
        try:
            done = self._store.replace_code(row.id, successor, "replaced", records)
        except Conflict as error:
            raise taken() from error
        if not done:
            raise _no_code()

    def _current(self, account_id: str, code: IdentityCode) -> CodeRow:
        wanted, owner = self._records.lookup(code), self._accounts.resolve(account_id)
        row = next((one for one in self._store.codes(owner) if one.lookup == wanted and one.valid_to is None), None)
        if row is None:
            raise _no_code()
        return row

    def _check_fits(self, account: Account, code: IdentityCode) -> None:
        """Refuse a code of another kind of entity, of somebody else, or that contradicts what is declared."""
        if (account.kind == "person") != (code.entity_type is EntityType.PERSON):
            # A household business has its owner's digits and is still another account (Circular 86/2024 article 5).
            reason = "names another kind of entity: add an account of its own"
            raise InvalidInput(reason, code="other_entity", field="code_type")
        if code.scheme is SchemeName.CCCD and identity_codes.is_sample(code) != account.sample:
            reason = "is a sample number on a real account, or the reverse"
            raise InvalidInput(reason, code="sample_mismatch", field="code")
        drafts.check_fits(code, account.profile, self._accounts.today())
        # The unique index decides about current codes; former ones are looked at here, and nobody races for those.
        if self._store.holder(self._records.lookup(code)) not in {None, account.id}:
            raise taken()

    def _record(self, event: Event, row: CodeRow, reason: str, actor: str) -> AuditRecord:
        return self._audit.record(
            AuditEvent(
                event,
                reason=reason,
                actor=actor,
                account_id=row.account_id,
                target=f"code:{row.id}",
                detail={"scheme": row.scheme},
            )
        )


def _no_code() -> NotFound:
    return NotFound("the account has no such current code", field="code")
