"""Accounts, identity codes and credentials in SQL."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from sqlalchemy import Table, and_, bindparam, func, or_, select, update

from idp.model.audit import AuditRecord
from idp.ports.accounts import AccountRow, CodeRow, CredentialRow, NewAccount
from idp.storage.audit import Recorder
from idp.storage.database import Database, Executor, Prepared
from idp.storage.merge import Merger
from idp.storage.tables import accounts, credentials, grants, identity_codes, sessions

_ENDED_BY_STATE: Final = frozenset({"locked", "closed"})


def insert_of(database: Database, table: Table) -> Prepared:
    """Return the INSERT of a whole row; its values are bound as ``new_<column>``."""
    return database.prepare(table.insert().values({column.name: bindparam(f"new_{column.name}") for column in table.columns}))


def values_of(row: AccountRow | CodeRow | CredentialRow) -> dict[str, Any]:
    """Return a row's values as ``insert_of`` binds them."""
    return {f"new_{name}": value for name, value in asdict(row).items()}


class SqlAccountStore:
    """``ports.accounts.AccountStore`` over SQL."""

    def __init__(self, database: Database) -> None:
        """Prepare the statements."""
        self._database = database
        self._recorder = Recorder(database)
        self._merger = Merger(database)
        self._add_account = insert_of(database, accounts)
        self._add_code = insert_of(database, identity_codes)
        self._add_credential = insert_of(database, credentials)
        self._prepare_reads()
        self._prepare_changes()

    def _prepare_reads(self) -> None:
        prepare, codes = self._database.prepare, identity_codes.c
        columns = _ordered(accounts)
        self._get = prepare(select(*columns).where(accounts.c.id == bindparam("account")))
        self._by_lookup = prepare(
            select(*columns)
            .select_from(accounts.join(identity_codes, codes.account_id == accounts.c.id))
            .where(codes.lookup == bindparam("lookup"), codes.valid_to.is_(None))
        )
        self._by_external = prepare(select(*columns).where(accounts.c.external_id == bindparam("external")))
        self._codes = prepare(
            select(*_ordered(identity_codes))
            .where(codes.account_id == bindparam("account"))
            .order_by(codes.valid_from.desc(), codes.id.desc())
        )
        self._samples = prepare(select(func.count()).select_from(accounts).where(accounts.c.sample == 1))

    def _prepare_changes(self) -> None:
        prepare, codes = self._database.prepare, identity_codes.c
        mine = accounts.c.id == bindparam("account")
        self._state = prepare(
            update(accounts)
            .where(mine, accounts.c.state != bindparam("new_state"), accounts.c.state != "merged")
            .values(state=bindparam("new_state"), state_reason=bindparam("reason"), updated_at=bindparam("now"))
        )
        fresh = {name: bindparam(f"new_{name}") for name in ("profile", "identity_level", "unit_code", "updated_at")}
        self._profile = prepare(
            update(accounts).where(mine, accounts.c.updated_at <= bindparam("new_updated_at")).values(fresh)
        )
        self._end_code = prepare(
            update(identity_codes)
            .where(codes.id == bindparam("code_id"), codes.valid_to.is_(None))
            .values(valid_to=bindparam("now"), reason=bindparam("reason"))
        )
        self._end_sessions = prepare(
            update(sessions)
            .where(sessions.c.account_id == bindparam("account"), sessions.c.ended_at.is_(None))
            .values(ended_at=bindparam("now"), end_reason=bindparam("reason"))
        )
        self._end_grants = prepare(
            update(grants)
            .where(and_(grants.c.account_id == bindparam("account"), grants.c.revoked_at.is_(None)))
            .values(revoked_at=bindparam("now"), revoke_reason=bindparam("reason"))
        )

    def add(self, new: NewAccount, record: AuditRecord) -> None:
        """Insert an account with codes, credentials and audit record in one transaction."""
        with self._database.transaction() as tx:
            self.insert(tx, new)
            self._recorder.write(tx, record)

    def insert(self, tx: Executor, new: NewAccount) -> None:
        """Insert an account as part of a transaction."""
        tx.run(self._add_account, values_of(new.account))
        for code in new.codes:
            tx.run(self._add_code, values_of(code))
        for credential in new.credentials:
            tx.run(self._add_credential, values_of(credential))

    def get(self, account_id: str) -> AccountRow | None:
        """Return an account by id."""
        return _account(self._database.row(self._get, {"account": account_id}))

    def by_lookup(self, lookup: bytes) -> AccountRow | None:
        """Return the account that a current code belongs to."""
        return _account(self._database.row(self._by_lookup, {"lookup": lookup}))

    def by_external_id(self, external_id: str) -> AccountRow | None:
        """Return the account with a source system's id."""
        return _account(self._database.row(self._by_external, {"external": external_id}))

    def codes(self, account_id: str) -> list[CodeRow]:
        """Return the history of an account's codes, newest first."""
        rows = self._database.rows(self._codes, {"account": account_id})
        return [CodeRow(*row[:4], bytes(row[4]), bytes(row[5]), *row[6:]) for row in rows]

    def change_state(self, account_id: str, state: str, reason: str | None, now: int, record: AuditRecord) -> bool:
        """Set an account's state; with ``locked`` and ``closed`` its sessions and grants end in the same transaction."""
        values = {"account": account_id, "new_state": state, "reason": reason, "now": now}
        with self._database.transaction() as tx:
            if tx.run(self._state, values) == 0:
                return False
            if state in _ENDED_BY_STATE:
                ended = {"account": account_id, "now": now, "reason": f"account_{state}"}
                tx.run(self._end_sessions, ended)
                tx.run(self._end_grants, ended)
            self._recorder.write(tx, record)
        return True

    def change_profile(self, row: AccountRow, record: AuditRecord) -> bool:
        """Replace profile, level and unit; False when a later change is stored already."""
        values = {
            "account": row.id,
            "new_profile": row.profile,
            "new_identity_level": row.identity_level,
            "new_unit_code": row.unit_code,
            "new_updated_at": row.updated_at,
        }
        with self._database.transaction() as tx:
            if tx.run(self._profile, values) == 0:
                return False
            self._recorder.write(tx, record)
        return True

    def add_code(self, code: CodeRow, record: AuditRecord) -> None:
        """Give an account another current code."""
        with self._database.transaction() as tx:
            tx.run(self._add_code, values_of(code))
            self._recorder.write(tx, record)

    def end_code(self, code_id: str, now: int, reason: str, record: AuditRecord) -> bool:
        """End a current code; False if it had ended."""
        with self._database.transaction() as tx:
            if tx.run(self._end_code, {"code_id": code_id, "now": now, "reason": reason}) == 0:
                return False
            self._recorder.write(tx, record)
        return True

    def merge(self, loser: str, winner: str, now: int, reason: str, record: AuditRecord) -> bool:
        """Merge one account into another in one transaction."""
        with self._database.transaction() as tx:
            if not self._merger.run(tx, loser, winner, now, reason):
                return False
            self._recorder.write(tx, record)
        return True

    def count_samples(self) -> int:
        """Return how many sample accounts exist."""
        return int(self._database.rows(self._samples)[0][0])


class SqlCredentialStore:
    """``ports.accounts.CredentialStore`` over SQL."""

    def __init__(self, database: Database) -> None:
        """Prepare the statements."""
        columns = credentials.c
        mine = and_(columns.account_id == bindparam("account"), columns.kind == bindparam("kind"))
        self._database = database
        self._recorder = Recorder(database)
        self._get = database.prepare(select(*_ordered(credentials)).where(mine))
        self._kinds = database.prepare(select(columns.kind).where(columns.account_id == bindparam("account")))
        insert = database.insert(credentials).values(
            {column.name: bindparam(f"new_{column.name}") for column in credentials.columns}
        )
        kept = ("secret", "must_change", "last_step", "updated_at")
        self._put = database.prepare(
            insert.on_conflict_do_update(
                index_elements=[columns.account_id, columns.kind], set_={name: insert.excluded[name] for name in kept}
            )
        )
        self._use = database.prepare(
            update(credentials)
            .where(mine, or_(columns.last_step < bindparam("step")))
            .values(last_step=bindparam("step"))
        )

    def get(self, account_id: str, kind: str) -> CredentialRow | None:
        """Return a factor."""
        row = self._database.row(self._get, {"account": account_id, "kind": kind})
        return CredentialRow(row[0], row[1], bytes(row[2]), *row[3:]) if row else None

    def kinds(self, account_id: str) -> frozenset[str]:
        """Return the names of an account's factors."""
        return frozenset(row[0] for row in self._database.rows(self._kinds, {"account": account_id}))

    def put(self, row: CredentialRow, record: AuditRecord) -> None:
        """Store or replace a factor with the audit record in one transaction."""
        with self._database.transaction() as tx:
            tx.run(self._put, values_of(row))
            self._recorder.write(tx, record)

    def use_step(self, account_id: str, step: int) -> bool:
        """Note that the time step was used; of many callers one gets True."""
        return self._database.run(self._use, {"account": account_id, "kind": "totp", "step": step}) == 1


def _ordered(table: Table) -> tuple[Any, ...]:
    """Return a table's columns in the order of the port's row class."""
    shapes = {accounts.name: AccountRow, identity_codes.name: CodeRow, credentials.name: CredentialRow}
    return tuple(table.c[name] for name in shapes[table.name].__dataclass_fields__)


def _account(row: tuple[Any, ...] | None) -> AccountRow | None:
    if row is None:
        return None
    named = dict(zip(AccountRow.__dataclass_fields__, row, strict=True))
    return AccountRow(**{**named, "profile": bytes(named["profile"])})
