"""Accounts and identity codes in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any, Final

from sqlalchemy import (
    Column,
    ColumnElement,
    Table,
    and_,
    bindparam,
    exists,
    func,
    or_,
    select,
    union_all,
    update,
)

from idp.model.audit import AuditRecord
from idp.ports.accounts import ALIASES, AccountRow, Alias, CodeRow, CredentialRow, Merge, NewAccount, StateChange
from idp.storage.audit import Recorder
from idp.storage.database import Database, Prepared
from idp.storage.merge import Merger
from idp.storage.redemptions import RedemptionGate
from idp.storage.tables import account_locks, accounts, credentials, grants, identity_codes, sessions
from policies.locks import Scope

_ENDED_BY_STATE: Final = frozenset({"locked", "closed"})
_MISTAKE: Final = "mistake"


class Shape:
    """How a port's row class and its table correspond: the same names, in the order of the class."""

    def __init__(self, table: Table, row_class: type[AccountRow | CodeRow | CredentialRow]) -> None:
        """Take both."""
        self.table = table
        self.names = tuple(field.name for field in fields(row_class))
        self._read = attrgetter(*self.names)

    @property
    def columns(self) -> tuple[Column[Any], ...]:
        """Return the table's columns in the order of the class."""
        return tuple(self.table.c[name] for name in self.names)

    def insert(self, database: Database) -> Prepared:
        """Return the INSERT of a whole row; its values are bound as ``new_<column>``."""
        return database.prepare(self.table.insert().values({name: bindparam(f"new_{name}") for name in self.names}))

    def bound(self, row: AccountRow | CodeRow | CredentialRow) -> dict[str, Any]:
        """Return a row's values as ``insert`` binds them."""
        return dict(zip((f"new_{name}" for name in self.names), self._read(row), strict=True))

    def values(self, row: AccountRow | CodeRow | CredentialRow) -> tuple[Any, ...]:
        """Return a row's values in the order of ``names``."""
        return tuple(self._read(row))


ACCOUNT: Final = Shape(accounts, AccountRow)
CODE: Final = Shape(identity_codes, CodeRow)
CREDENTIAL: Final = Shape(credentials, CredentialRow)


def is_held() -> ColumnElement[bool]:
    """Return the condition under which a code that has ended still is its account's: for anything but a mistake."""
    return identity_codes.c.reason != _MISTAKE


class SqlAccountStore:
    """``ports.accounts.AccountStore`` over SQL."""

    def __init__(self, database: Database) -> None:
        """Prepare the statements."""
        self._database = database
        self._recorder = Recorder(database)
        self._gate = RedemptionGate(database)
        self._merger = Merger(database)
        self._add_account = ACCOUNT.insert(database)
        self._add_code = CODE.insert(database)
        self._add_credential = CREDENTIAL.insert(database)
        self._prepare_reads()
        self._prepare_changes()

    def _prepare_reads(self) -> None:
        prepare, codes = self._database.prepare, identity_codes.c
        self._get = prepare(select(*ACCOUNT.columns).where(accounts.c.id == bindparam("account")))
        self._by_lookup = prepare(
            select(*ACCOUNT.columns)
            .select_from(accounts.join(identity_codes, codes.account_id == accounts.c.id))
            .where(codes.lookup == bindparam("lookup"), codes.valid_to.is_(None))
        )
        self._by_external = prepare(select(*ACCOUNT.columns).where(accounts.c.external_id == bindparam("external")))
        wanted = codes.lookup == bindparam("lookup")
        # Two statements, as each of the two partial indexes answers one of them.
        self._current = prepare(select(codes.account_id).where(wanted, codes.valid_to.is_(None)))
        self._former = prepare(select(codes.account_id).where(wanted, codes.valid_to.is_not(None), is_held()))
        places: list[Any] = [bindparam(f"lookup_{number}") for number in range(ALIASES)]
        joined = select(codes.lookup, codes.account_id, accounts.c.state, codes.valid_to).select_from(
            identity_codes.join(accounts, accounts.c.id == codes.account_id)
        )
        either = union_all(
            joined.where(codes.lookup.in_(places), codes.valid_to.is_(None)),
            joined.where(codes.lookup.in_(places), codes.valid_to.is_not(None), is_held()),
        ).subquery()
        self._aliases = prepare(select(either))
        self._codes = prepare(
            select(*CODE.columns)
            .where(codes.account_id == bindparam("account"))
            .order_by(codes.valid_from.desc(), codes.id.desc())
        )
        self._samples = prepare(select(func.count()).select_from(accounts).where(accounts.c.sample == 1))

    def _prepare_changes(self) -> None:
        prepare, codes = self._database.prepare, identity_codes.c
        mine = accounts.c.id == bindparam("account")
        self._state = prepare(
            update(accounts)
            .where(mine, or_(accounts.c.state == bindparam("before_a"), accounts.c.state == bindparam("before_b")))
            .values(state=bindparam("new_state"), state_reason=bindparam("reason"), updated_at=bindparam("now"))
        )
        # A lock that has a ground is ended by ``services.locks`` alone, which knows who may.
        has_ground = exists().where(
            account_locks.c.account_id == accounts.c.id,
            account_locks.c.ended_at.is_(None),
            account_locks.c.scope == Scope.ACCOUNT.value,
        )
        self._free = prepare(
            update(accounts)
            .where(mine, accounts.c.state == bindparam("before_a"), ~has_ground)
            .values(state=bindparam("new_state"), state_reason=bindparam("reason"), updated_at=bindparam("now"))
        )
        fresh = ("profile", "identity_level", "unit_code", "external_id", "updated_at")
        self._profile = prepare(
            update(accounts)
            .where(mine, accounts.c.profile == bindparam("old_profile"), accounts.c.state != "merged")
            .values({name: bindparam(f"new_{name}") for name in fresh})
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
            tx.run(self._add_account, ACCOUNT.bound(new.account))
            for code in new.codes:
                tx.run(self._add_code, CODE.bound(code))
            for credential in new.credentials:
                tx.run(self._add_credential, CREDENTIAL.bound(credential))
            self._recorder.write(tx, record)

    def get(self, account_id: str) -> AccountRow | None:
        """Return an account by id."""
        return _account(self._database.row(self._get, {"account": account_id}))

    def by_lookup(self, lookup: bytes) -> AccountRow | None:
        """Return the account that a current code belongs to."""
        return _account(self._database.row(self._by_lookup, {"lookup": lookup}))

    def by_external_id(self, external_id: str) -> AccountRow | None:
        """Return the account with a source system's id."""
        return _account(self._database.row(self._by_external, {"external": external_id}))

    def holder(self, lookup: bytes) -> str | None:
        """Return the id of the account that has a code, or had it for any reason but a mistake."""
        values = {"lookup": lookup}
        row = self._database.row(self._current, values) or self._database.row(self._former, values)
        return str(row[0]) if row else None

    def aliases(self, lookups: Sequence[bytes]) -> list[Alias]:
        """Return whose the codes are: one statement of the same shape, whatever is asked and whatever is found."""
        asked = [*lookups, *(b"" for _ in range(ALIASES - len(lookups)))]
        values = {f"lookup_{number}": lookup for number, lookup in enumerate(asked)}
        rows = self._database.rows(self._aliases, values)
        return [Alias(bytes(row[0]), str(row[1]), str(row[2]), is_current=row[3] is None) for row in rows]

    def codes(self, account_id: str) -> list[CodeRow]:
        """Return the history of an account's codes, newest first."""
        rows = self._database.rows(self._codes, {"account": account_id})
        return [_code(row) for row in rows]

    def change_state(self, change: StateChange, record: AuditRecord) -> bool:
        """Change an account's state.

        With ``locked`` and ``closed`` its sessions and grants end in the same transaction.
        """
        values = {
            "account": change.account_id,
            "new_state": change.after,
            "reason": change.reason,
            "now": change.now,
            "before_a": change.before[0],
        }
        with self._database.transaction() as tx:
            changed = (
                tx.run(self._free, values)
                if change.after == "active"
                else tx.run(self._state, {**values, "before_b": change.before[-1]})
            )
            if changed == 0:
                return False
            if change.after in _ENDED_BY_STATE:
                ended = {"account": change.account_id, "now": change.now, "reason": f"account_{change.after}"}
                tx.run(self._end_sessions, ended)
                self._gate.swept(tx, self._end_grants, ended)
            self._recorder.write(tx, record)
        return True

    def change_profile(self, before: AccountRow, after: AccountRow, record: AuditRecord) -> bool:
        """Replace profile, level, unit and external id; the sealed bytes of before are their own version number."""
        values = {
            "account": before.id,
            "old_profile": before.profile,
            "new_profile": after.profile,
            "new_identity_level": after.identity_level,
            "new_unit_code": after.unit_code,
            "new_external_id": after.external_id,
            "new_updated_at": after.updated_at,
        }
        with self._database.transaction() as tx:
            if tx.run(self._profile, values) == 0:
                return False
            self._recorder.write(tx, record)
        return True

    def add_code(self, code: CodeRow, record: AuditRecord) -> None:
        """Give an account another current code."""
        with self._database.transaction() as tx:
            tx.run(self._add_code, CODE.bound(code))
            self._recorder.write(tx, record)

    def end_code(self, code_id: str, now: int, reason: str, record: AuditRecord) -> bool:
        """End a current code; False if it had ended."""
        with self._database.transaction() as tx:
            if tx.run(self._end_code, {"code_id": code_id, "now": now, "reason": reason}) == 0:
                return False
            self._recorder.write(tx, record)
        return True

    def replace_code(self, code_id: str, successor: CodeRow, reason: str, records: tuple[AuditRecord, ...]) -> bool:
        """End a current code and begin its successor in one transaction."""
        with self._database.transaction() as tx:
            if tx.run(self._end_code, {"code_id": code_id, "now": successor.valid_from, "reason": reason}) == 0:
                return False
            tx.run(self._add_code, CODE.bound(successor))
            for record in records:
                self._recorder.write(tx, record)
        return True

    def merge(self, merge: Merge, record: AuditRecord) -> bool:
        """Merge one account into another in one transaction."""
        with self._database.transaction() as tx:
            if not self._merger.run(tx, merge):
                return False
            self._recorder.write(tx, record)
        return True

    def count_samples(self) -> int:
        """Return how many sample accounts exist."""
        return int(self._database.rows(self._samples)[0][0])


def _account(row: tuple[Any, ...] | None) -> AccountRow | None:
    if row is None:
        return None
    named = dict(zip(ACCOUNT.names, row, strict=True))
    return AccountRow(**{**named, "profile": bytes(named["profile"])})


def _code(row: tuple[Any, ...]) -> CodeRow:
    named = dict(zip(CODE.names, row, strict=True))
    return CodeRow(**{**named, "lookup": bytes(named["lookup"]), "sealed": bytes(named["sealed"])})
