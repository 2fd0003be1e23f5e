"""Accounts and their services over one database, as one process of a deployment has them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from idp.authn.credentials import CredentialService
from idp.authn.dictionary import Dictionary
from idp.authn.password import Passwords
from idp.clock import Clock
from idp.services.account_codes import AccountCodes
from idp.services.account_import import AccountImporter
from idp.services.accounts import AccountService
from idp.services.audit import AuditLog
from idp.services.vault import Vault
from idp.storage.accounts import SqlAccountStore
from idp.storage.audit import SqlAuditStore
from idp.storage.credentials import SqlCredentialStore
from idp.storage.database import Database
from idp.storage.deployment import SqlDeploymentStore
from idp.storage.imports import SqlImportStore
from keys.sealing import MasterKey
from tests.support.clock import FrozenClock

MASTER = b"\x22" * 32


@dataclass
class People:
    """What the tests of accounts need."""

    database: Database
    clock: Clock
    vault: Vault
    audit: AuditLog
    store: SqlAccountStore
    accounts: AccountService
    codes: AccountCodes
    credentials: CredentialService
    importer: AccountImporter

    def add(self, code: str, code_type: str = "cccd", **columns: str) -> str:
        """Add an account and return its id."""
        values = {"name": "Công dân mẫu", **columns, "code_type": code_type, "code": code}
        return self.accounts.add(self.accounts.draft(values))


def make_people(database: Database, clock: Clock | None = None, batch: int = 10) -> People:
    """Return the services over a migrated database."""
    clock = clock or FrozenClock()
    store = SqlAccountStore(database)
    vault = Vault(SqlDeploymentStore(database), MasterKey(MASTER), clock)
    vault.ensure()
    private = vault.seal("audit")
    audit = AuditLog(
        SqlAuditStore(database), clock, vault.data_key("audit").derive("mac"), private.seal, private.unseal
    )
    accounts = AccountService(store, vault, audit, clock)
    codes = AccountCodes(accounts, store, vault, audit, clock)
    hasher = Passwords(slots=2, queue=64)
    credentials = CredentialService(
        SqlCredentialStore(database), accounts, hasher, vault, audit, clock, Dictionary(database.fibers)
    )
    importer = AccountImporter(
        SqlImportStore(database), accounts, credentials.imported_password, audit, clock, batch=batch
    )
    return People(database, clock, vault, audit, store, accounts, codes, credentials, importer)


def sample_code(number: int) -> str:
    """Return the citizen number of a sample man born in 2199."""
    return f"049499{number:06d}"


def write_csv(path: Path, rows: list[dict[str, str]], columns: tuple[str, ...] = ("code_type", "code", "name")) -> Path:
    """Write an import file; fields are quoted only where they hold a comma, a quote or a line break."""
    lines = [",".join(columns)]
    lines += [",".join(_quoted(row.get(name, "")) for name in columns) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _quoted(value: str) -> str:
    return '"' + value.replace('"', '""') + '"' if set(value) & set(',"\n') else value
