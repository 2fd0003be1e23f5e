"""Checks a batch of records: which become accounts, and which are rejected for what."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from idp.errors import InvalidInput
from idp.ports.accounts import CredentialRow, NewAccount
from idp.ports.imports import ImportStore, Seen
from idp.services.account_import.records import Fault, Record
from idp.services.accounts import AccountService
from idp.services.drafts import Draft

_TAKEN = Fault("code", "taken", "belongs to an account already, or to a row further up")
_EXTERNAL_TAKEN = Fault("external_id", "taken", "belongs to an account already, or to a row further up")


@dataclass(slots=True)
class Batch:
    """A checked batch."""

    accounts: list[NewAccount] = field(default_factory=list)
    rejected: list[tuple[Record, Fault]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A row whose columns are in order; whether it is free is not known yet."""

    record: Record
    draft: Draft
    lookup: bytes
    credentials: tuple[CredentialRow, ...]


class BatchChecker:
    """Checks batches of one file in their order."""

    def __init__(
        self,
        store: ImportStore,
        accounts: AccountService,
        imported_password: Callable[[str], CredentialRow],
        seen: Seen | None = None,
    ) -> None:
        """Take collaborators.

        ``seen`` remembers earlier batches in a dry run, where the database does not hold them.
        """
        self._store = store
        self._accounts = accounts
        self._imported_password = imported_password
        self._seen = seen

    def check(self, records: Sequence[Record]) -> Batch:
        """Return what becomes of each record; of rows with the same code the first in the file lands."""
        verdicts = [self._candidate(record) for record in records]
        candidates = [one for one in verdicts if isinstance(one, _Candidate)]
        external_ids = [one.draft.external_id for one in candidates if one.draft.external_id is not None]
        codes, externals = self._store.taken([one.lookup for one in candidates], external_ids)
        batch = Batch()
        for record, verdict in zip(records, verdicts, strict=True):
            fault = verdict if isinstance(verdict, Fault) else self._clash(verdict, codes, externals)
            if fault is not None or not isinstance(verdict, _Candidate):
                batch.rejected.append((record, fault or _TAKEN))
                continue
            codes.add(verdict.lookup)
            externals.add(verdict.draft.external_id or "")
            batch.accounts.append(self._accounts.prepare(verdict.draft, verdict.credentials, "imported"))
        return batch

    def _candidate(self, record: Record) -> _Candidate | Fault:
        if record.fault is not None:
            return record.fault
        try:
            draft = self._accounts.draft(record.values)
            stored = draft.password_hash
            credentials = (self._imported_password(stored),) if stored is not None else ()
        except InvalidInput as error:
            return Fault(error.field or "", error.code, error.reason)
        return _Candidate(record, draft, self._accounts.lookup(draft.code), credentials)

    def _clash(self, candidate: _Candidate, codes: set[bytes], externals: set[str]) -> Fault | None:
        external = candidate.draft.external_id
        if candidate.lookup in codes:
            return _TAKEN
        if external is not None and external in externals:
            return _EXTERNAL_TAKEN
        if self._seen is not None:
            keys = (candidate.lookup, *((hashlib.sha256(external.encode()).digest(),) if external is not None else ()))
            clash = self._seen.claim(keys)
            return None if clash is None else (_TAKEN, _EXTERNAL_TAKEN)[clash]
        return None
