"""Factors in SQL."""

from __future__ import annotations

from sqlalchemy import and_, bindparam, delete, select, update

from idp.model.audit import AuditRecord
from idp.ports.accounts import CredentialRow
from idp.storage.accounts import CREDENTIAL
from idp.storage.audit import Recorder
from idp.storage.database import Database
from idp.storage.former_passwords import FormerPasswords
from idp.storage.tables import credentials


class SqlCredentialStore:
    """``ports.credentials.CredentialStore`` over SQL."""

    def __init__(self, database: Database) -> None:
        """Prepare the statements."""
        columns = credentials.c
        mine = and_(columns.account_id == bindparam("account"), columns.kind == bindparam("kind"))
        self._database = database
        self._recorder = Recorder(database)
        self._get = database.prepare(select(*CREDENTIAL.columns).where(mine))
        self._kinds = database.prepare(select(columns.kind).where(columns.account_id == bindparam("account")))
        insert = database.insert(credentials).values({name: bindparam(f"new_{name}") for name in CREDENTIAL.names})
        kept = ("secret", "must_change", "last_step", "updated_at")
        self._put = database.prepare(
            insert.on_conflict_do_update(
                index_elements=[columns.account_id, columns.kind], set_={name: insert.excluded[name] for name in kept}
            )
        )
        self._upgrade = database.prepare(
            update(credentials)
            .where(mine, columns.secret == bindparam("old_secret"))
            .values(secret=bindparam("new_secret"), updated_at=bindparam("now"))
        )
        self._remove = database.prepare(delete(credentials).where(mine))
        self._former = FormerPasswords(database)
        self._use = database.prepare(
            update(credentials).where(mine, columns.last_step < bindparam("step")).values(last_step=bindparam("step"))
        )

    def get(self, account_id: str, kind: str) -> CredentialRow | None:
        """Return a factor."""
        row = self._database.row(self._get, {"account": account_id, "kind": kind})
        return CredentialRow(row[0], row[1], bytes(row[2]), *row[3:]) if row else None

    def kinds(self, account_id: str) -> frozenset[str]:
        """Return the names of an account's factors."""
        return frozenset(row[0] for row in self._database.rows(self._kinds, {"account": account_id}))

    def put(self, row: CredentialRow, record: AuditRecord, *, former: int | None = None) -> None:
        """Store or replace a factor with the audit record in one transaction; of what it replaces the last ``former`` are remembered, None: as is."""
        with self._database.transaction() as tx:
            if former is not None:
                self._former.retire(tx, row.account_id, row.updated_at, former)
            tx.run(self._put, CREDENTIAL.bound(row))
            self._recorder.write(tx, record)

    def former(self, account_id: str) -> list[bytes]:
        """Return the hashes of former passwords that are remembered, newest first."""
        return self._former.of(account_id)

    def upgrade(self, row: CredentialRow, old_secret: bytes, record: AuditRecord) -> bool:
        """Replace the secret only while it is ``old_secret``: a password set meanwhile must not be undone."""
        values = {
            "account": row.account_id,
            "kind": row.kind,
            "old_secret": old_secret,
            "new_secret": row.secret,
            "now": row.updated_at,
        }
        with self._database.transaction() as tx:
            if tx.run(self._upgrade, values) == 0:
                return False
            self._recorder.write(tx, record)
        return True

    def remove(self, account_id: str, kind: str, record: AuditRecord) -> bool:
        """Remove a factor with the audit record in one transaction."""
        with self._database.transaction() as tx:
            if tx.run(self._remove, {"account": account_id, "kind": kind}) == 0:
                return False
            self._recorder.write(tx, record)
        return True

    def use_step(self, account_id: str, step: int) -> bool:
        """Note that the time step was used; of many callers one gets True."""
        return self._database.run(self._use, {"account": account_id, "kind": "totp", "step": step}) == 1
