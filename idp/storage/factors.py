"""Passkeys, recovery codes and removals of factors in SQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any, Final

from sqlalchemy import and_, bindparam, delete, func, literal, or_, select, union_all, update

from idp.model.audit import AuditRecord
from idp.ports.factors import PasskeyRow, RecoverySet, Removal
from idp.storage.audit import Recorder, record_params
from idp.storage.database import Database, Executor
from idp.storage.tables import accounts, credentials, passkeys, recovery_codes, trusted_devices

_NAMES: Final = tuple(field.name for field in fields(PasskeyRow))
_BYTES: Final = ("digest", "credential_id", "public_key", "name")
PASSKEY: Final = "passkey"
RECOVERY_CODE: Final = "recovery_code"
TRUSTED_DEVICE: Final = "trusted_device"


def lock_account(database: Database) -> Any:
    """Return the statement after which a transaction is alone with an account's factors (SQLite's always are)."""
    return database.prepare(select(accounts.c.id).where(accounts.c.id == bindparam("account")).with_for_update())


class SqlPasskeyStore:
    """``ports.factors.PasskeyStore`` over SQL."""

    def __init__(self, database: Database) -> None:
        """Prepare the statements."""
        columns, prepare = passkeys.c, database.prepare
        wanted = tuple(columns[name] for name in _NAMES)
        mine = columns.account_id == bindparam("account")
        self._database = database
        self._recorder = Recorder(database)
        self._lock = lock_account(database)
        self._of_account = prepare(select(*wanted).where(mine).order_by(columns.created_at, columns.id))
        self._by_digest = prepare(select(*wanted).where(columns.digest == bindparam("wanted")))
        self._count = prepare(select(func.count()).where(mine))
        self._add = prepare(passkeys.insert().values({name: bindparam(f"new_{name}") for name in _NAMES}))
        one = and_(mine, columns.id == bindparam("passkey"))
        self._rename = prepare(update(passkeys).where(one).values(name=bindparam("new_name")))
        counter: Any = bindparam("counter", type_=columns.sign_count.type)
        rises = or_(columns.sign_count < counter, and_(columns.sign_count == 0, counter == 0))
        fresh: dict[str, Any] = {
            "sign_count": counter,
            "is_backed_up": bindparam("up"),
            "last_used_at": bindparam("now"),
        }
        self._use = prepare(update(passkeys).where(columns.id == bindparam("passkey"), rises).values(fresh))

    def of_account(self, account_id: str) -> list[PasskeyRow]:
        """Return a person's passkeys, oldest first."""
        return [_passkey(row) for row in self._database.rows(self._of_account, {"account": account_id})]

    def by_digest(self, digest: bytes) -> PasskeyRow | None:
        """Return the passkey of a credential id, whoever's it is."""
        row = self._database.row(self._by_digest, {"wanted": digest})
        return _passkey(row) if row else None

    def add(self, row: PasskeyRow, most: int, record: AuditRecord) -> bool:
        """Insert with the audit record; False when the person has ``most`` already."""
        with self._database.transaction() as tx:
            tx.row(self._lock, {"account": row.account_id})
            counted = tx.row(self._count, {"account": row.account_id})
            if counted is None or int(counted[0]) >= most:
                return False
            tx.run(self._add, {f"new_{name}": getattr(row, name) for name in _NAMES})
            self._recorder.write(tx, record)
        return True

    def rename(self, account_id: str, passkey_id: str, name: bytes, record: AuditRecord) -> bool:
        """Give one of the person's passkeys another name; False when there is none."""
        with self._database.transaction() as tx:
            if tx.run(self._rename, {"account": account_id, "passkey": passkey_id, "new_name": name}) == 0:
                return False
            self._recorder.write(tx, record)
        return True

    def use(self, passkey_id: str, sign_count: int, *, is_backed_up: bool, now: int) -> bool:
        """Note a use, unless the counter does not go up."""
        values = {"passkey": passkey_id, "counter": sign_count, "up": int(is_backed_up), "now": now}
        return self._database.run(self._use, values) == 1


class SqlRecoveryCodeStore:
    """``ports.factors.RecoveryCodeStore`` over SQL."""

    def __init__(self, database: Database) -> None:
        """Prepare the statements."""
        columns, prepare = recovery_codes.c, database.prepare
        mine, unused = columns.account_id == bindparam("account"), columns.used_at.is_(None)
        self._database = database
        self._recorder = Recorder(database)
        self._lock = lock_account(database)
        self._drop = prepare(delete(recovery_codes).where(mine))
        names = ("account_id", "digest", "created_at")
        self._add = prepare(recovery_codes.insert().values({name: bindparam(f"new_{name}") for name in names}))
        self._use = prepare(
            update(recovery_codes)
            .where(mine, columns.digest == bindparam("wanted"), unused)
            .values(used_at=bindparam("now"))
            .returning(columns.account_id)
        )
        self._state = prepare(
            select(func.count(), func.count(columns.used_at), func.max(columns.created_at)).where(mine)
        )

    def replace(self, account_id: str, digests: Sequence[bytes], now: int, record: AuditRecord) -> None:
        """Put a new set in the place of the old one, with the audit record in one transaction."""
        rows = [{"new_account_id": account_id, "new_digest": digest, "new_created_at": now} for digest in digests]
        with self._database.transaction() as tx:
            # Else two sets that are made at the same moment would both stand, and people would trust a sheet they threw away.
            tx.row(self._lock, {"account": account_id})
            tx.run(self._drop, {"account": account_id})
            tx.run_many(self._add, rows)
            self._recorder.write(tx, record)

    def use(self, account_id: str, digest: bytes, now: int, record: AuditRecord) -> bool:
        """Use a code up and record it; of many callers one gets True."""
        values = {"account": account_id, "wanted": digest, "now": now}
        recorder = self._recorder.statement
        return self._database.claim_and_record(self._use, values, recorder, record_params(record)) is not None

    def state(self, account_id: str) -> RecoverySet | None:
        """Return what is left of a person's set, None when there is none."""
        row = self._database.row(self._state, {"account": account_id})
        return RecoverySet(int(row[0]) - int(row[1]), int(row[2])) if row and row[0] else None


class _LastOne(Exception):
    """Rolls a removal back."""


class SqlFactorRemovals:
    """``ports.factors.FactorRemovals`` over SQL."""

    def __init__(self, database: Database) -> None:
        """Prepare the statements."""
        prepare = database.prepare
        account: Any = bindparam("account")
        self._database = database
        self._recorder = Recorder(database)
        self._lock = lock_account(database)
        unused = and_(recovery_codes.c.account_id == account, recovery_codes.c.used_at.is_(None))
        self._names = prepare(
            union_all(
                select(credentials.c.kind).where(credentials.c.account_id == account),
                select(literal(PASSKEY)).where(passkeys.c.account_id == account).select_from(passkeys),
                select(literal(RECOVERY_CODE)).where(unused).select_from(recovery_codes),
            )
        )
        one = and_(passkeys.c.account_id == account, passkeys.c.id == bindparam("item"))
        kind = and_(credentials.c.account_id == account, credentials.c.kind == bindparam("item"))
        self._passkey = prepare(delete(passkeys).where(one))
        self._credential = prepare(delete(credentials).where(kind))
        self._codes = prepare(delete(recovery_codes).where(recovery_codes.c.account_id == account))
        trusted = and_(trusted_devices.c.account_id == account, trusted_devices.c.id == bindparam("item"))
        self._trusted = prepare(delete(trusted_devices).where(trusted))

    def remove(
        self,
        account_id: str,
        factor: str,
        item: str,
        may: Callable[[frozenset[str], frozenset[str]], bool],
        record: AuditRecord,
    ) -> Removal:
        """Remove one item of a factor with the audit record, if ``may`` (names before, names after) says yes."""
        try:
            with self._database.transaction() as tx:
                tx.row(self._lock, {"account": account_id})
                before = self._enrolled(tx, account_id)
                if self._removed(tx, account_id, factor, item) == 0:
                    return Removal.ABSENT
                if not may(before, self._enrolled(tx, account_id)):
                    raise _LastOne
                self._recorder.write(tx, record)
        except _LastOne:
            return Removal.LAST
        return Removal.DONE

    def _enrolled(self, tx: Executor, account_id: str) -> frozenset[str]:
        return frozenset(row[0] for row in tx.rows(self._names, {"account": account_id}))

    def _removed(self, tx: Executor, account_id: str, factor: str, item: str) -> int:
        if factor == PASSKEY:
            return tx.run(self._passkey, {"account": account_id, "item": item})
        if factor == TRUSTED_DEVICE:
            return tx.run(self._trusted, {"account": account_id, "item": item})
        if factor == RECOVERY_CODE:
            return tx.run(self._codes, {"account": account_id})
        return tx.run(self._credential, {"account": account_id, "item": factor})


def _passkey(row: tuple[Any, ...]) -> PasskeyRow:
    named = dict(zip(_NAMES, row, strict=True))
    return PasskeyRow(**{**named, **{name: bytes(named[name]) for name in _BYTES}})
