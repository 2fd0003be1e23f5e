"""Trusted browsers in SQL."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Final

from sqlalchemy import and_, bindparam, delete, func, select, update

from idp.model.audit import AuditRecord
from idp.ports.factors import TrustedRow
from idp.storage.audit import Recorder, record_params
from idp.storage.database import Database
from idp.storage.factors import lock_account
from idp.storage.tables import trusted_devices

_NAMES: Final = tuple(field.name for field in fields(TrustedRow))
_BYTES: Final = ("digest", "previous", "name")


class SqlTrustedDeviceStore:
    """``ports.factors.TrustedDeviceStore`` over SQL."""

    def __init__(self, database: Database) -> None:
        """Prepare the statements."""
        columns, prepare = trusted_devices.c, database.prepare
        mine = columns.account_id == bindparam("account")
        live = columns.expires_at > bindparam("now")
        newest = select(columns.id).where(mine).order_by(columns.created_at.desc(), columns.id.desc())
        this = and_(mine, columns.digest == bindparam("wanted"), live)
        copied = and_(mine, columns.previous == bindparam("wanted"), columns.last_used_at <= bindparam("before"))
        new: dict[str, Any] = {
            "previous": columns.digest,
            "digest": bindparam("following"),
            "last_used_at": bindparam("now"),
        }
        self._database = database
        self._recorder = Recorder(database)
        self._lock = lock_account(database)
        self._of_account = prepare(
            select(*(columns[name] for name in _NAMES)).where(mine, live).order_by(columns.created_at, columns.id)
        )
        self._add = prepare(trusted_devices.insert().values({name: bindparam(f"new_{name}") for name in _NAMES}))
        self._trim = prepare(delete(trusted_devices).where(mine, columns.id.not_in(newest.limit(bindparam("most")))))
        self._use = prepare(update(trusted_devices).where(this).values(new))
        self._end_copied = prepare(delete(trusted_devices).where(copied).returning(columns.id))
        self._count = prepare(select(func.count()).select_from(trusted_devices).where(mine))
        self._end_all = prepare(delete(trusted_devices).where(mine))

    def of_account(self, account_id: str, now: int) -> list[TrustedRow]:
        """Return a person's trusted browsers that have not expired, oldest first."""
        return [_row(row) for row in self._database.rows(self._of_account, {"account": account_id, "now": now})]

    def add(self, row: TrustedRow, record: AuditRecord, *, most: int) -> None:
        """Insert with the audit record; of more than ``most`` the oldest go."""
        with self._database.transaction() as tx:
            tx.row(self._lock, {"account": row.account_id})
            tx.run(self._add, {f"new_{name}": getattr(row, name) for name in _NAMES})
            tx.run(self._trim, {"account": row.account_id, "most": most})
            self._recorder.write(tx, record)

    def use(self, account_id: str, digest: bytes, following: bytes, now: int) -> bool:
        """Put the digest of the next cookie in the place of this one's; of many callers with one cookie one gets True."""
        values = {"account": account_id, "wanted": digest, "following": following, "now": now}
        return self._database.run(self._use, values) == 1

    def end_copied(self, account_id: str, digest: bytes, before: int, record: AuditRecord) -> bool:
        """Remove the browser whose cookie this was till it was used, at ``before`` or earlier, with the audit record."""
        values = {"account": account_id, "wanted": digest, "before": before}
        recorder = self._recorder.statement
        return self._database.claim_and_record(self._end_copied, values, recorder, record_params(record)) is not None

    def end_all(self, account_id: str, record: AuditRecord) -> int:
        """Remove all of a person's, recorded; returns how many."""
        # Most people have none: a lock or a sign-out of theirs costs a read and no transaction more.
        found = self._database.row(self._count, {"account": account_id})
        if not found or not found[0]:
            return 0
        with self._database.transaction() as tx:
            gone = tx.run(self._end_all, {"account": account_id})
            if gone:
                self._recorder.write(tx, record)
        return gone


def _row(row: tuple[Any, ...]) -> TrustedRow:
    named = dict(zip(_NAMES, row, strict=True))
    return TrustedRow(**{**named, **{name: bytes(named[name]) for name in _BYTES}})
