"""Accounts between their open and their stored form: what is sealed, what is indexed, and how it is opened again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import orjson

from idp import handles
from idp.model.account import Account, CodeEntry, Source
from idp.ports.accounts import AccountRow, CodeRow
from idp.services.vault import Vault
from policies.identity_codes import IdentityCode
from policies.units import UnitReference

_SOURCES: Final = "sources"
"""Member of the sealed profile; no claim has this name."""


class AccountRecords:
    """Seals and opens. Each sealed value is bound to its row's id, so that it opens nowhere else."""

    def __init__(self, vault: Vault) -> None:
        """Take the vault."""
        self._index = vault.index("identity-index", "identity-code")
        self._codes = vault.seal("identity-code")
        self._profiles = vault.seal("profile")

    def lookup(self, code: IdentityCode) -> bytes:
        """Return the blind index of a code; the same digits as person and as business are two."""
        return self._index.digest(code.entity_type.value, code.scheme.value, code.value)

    def code_row(self, account_id: str, code: IdentityCode, now: int, reason: str) -> CodeRow:
        """Return the row of a code that begins now."""
        code_id = handles.new_id()
        sealed = self._codes.seal(code.value.encode(), code_id.encode())
        return CodeRow(
            code_id, account_id, code.entity_type.value, code.scheme.value, self.lookup(code), sealed, now, None, reason
        )

    def code_entries(self, rows: Iterable[CodeRow]) -> list[CodeEntry]:
        """Return codes opened: treat as personal data."""
        return [
            CodeEntry(
                row.id,
                row.account_id,
                row.entity_type,
                row.scheme,
                self._codes.unseal(row.sealed, row.id.encode()).decode(),
                row.valid_from,
                row.valid_to,
                row.reason,
            )
            for row in rows
        ]

    def sealed_profile(
        self, account_id: str, profile: Mapping[str, object], sources: Mapping[str, Source] | None = None
    ) -> bytes:
        """Return a profile sealed for an account, with who told what of it."""
        told = {name: [one.name, one.at] for name, one in (sources or {}).items()}
        document = {**profile, _SOURCES: told} if told else dict(profile)
        return self._profiles.seal(orjson.dumps(document), account_id.encode())

    def account(self, row: AccountRow) -> Account:
        """Return an account with its profile opened."""
        profile = orjson.loads(self._profiles.unseal(row.profile, row.id.encode()))
        # What was written down before there were times is a bare name.
        told = {
            name: Source(*one) if isinstance(one, list) else Source(one)
            for name, one in profile.pop(_SOURCES, {}).items()
        }
        return Account(
            row.id,
            row.kind,
            row.state,
            row.identity_level,
            UnitReference.stored(row.unit_code) if row.unit_code else None,
            bool(row.sample),
            profile,
            row.created_at,
            row.updated_at,
            row.external_id,
            row.merged_into,
            row.state_reason,
            told,
        )
