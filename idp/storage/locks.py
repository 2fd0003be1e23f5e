"""Locks of accounts in SQL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any, Final

from sqlalchemy import and_, bindparam, func, null, or_, select, update

from idp.errors import Conflict
from idp.model.audit import AuditRecord
from idp.ports.locks import Ending, LockRow
from idp.storage.audit import Recorder
from idp.storage.database import Database, Executor
from idp.storage.redemptions import RedemptionGate
from idp.storage.tables import account_locks, accounts, grants, sessions
from policies.locks import Scope

_NAMES: Final = tuple(field.name for field in fields(LockRow))
_COLUMNS: Final = tuple(account_locks.c[name] for name in _NAMES)


class SqlLockStore:
    """``ports.locks.LockStore`` over SQL."""

    def __init__(self, database: Database) -> None:
        """Prepare the statements."""
        self._database = database
        self._recorder = Recorder(database)
        self._gate = RedemptionGate(database)
        self._prepare_reads()
        self._prepare_changes()

    def _prepare_reads(self) -> None:
        prepare, columns = self._database.prepare, account_locks.c
        mine = and_(columns.account_id == bindparam("account"), columns.ended_at.is_(None))
        # A lock of the sign-in ends by the clock alone; that of an account ends when the housekeeper says so in the log.
        counts = or_(
            columns.scope == Scope.ACCOUNT.value, columns.ends_at.is_(None), columns.ends_at > bindparam("now")
        )
        self._live = prepare(select(*_COLUMNS).where(mine, counts).order_by(columns.locked_at, columns.id))
        self._due = prepare(
            select(*_COLUMNS)
            .where(columns.ended_at.is_(None), columns.ends_at <= bindparam("now"))
            .order_by(columns.ends_at)
            .limit(bindparam("batch"))
        )
        self._history = prepare(
            select(*_COLUMNS)
            .where(columns.account_id == bindparam("account"))
            .order_by(columns.locked_at.desc(), columns.id.desc())
        )
        self._left = prepare(select(func.count()).where(mine, columns.scope == Scope.ACCOUNT.value))

    def _prepare_changes(self) -> None:
        prepare, columns = self._database.prepare, account_locks.c
        names: dict[str, Any] = {name: bindparam(f"new_{name}") for name in _NAMES}
        self._add = prepare(account_locks.insert().values(names))
        self._end = prepare(
            update(account_locks)
            .where(
                columns.id == bindparam("lock_id"),
                columns.account_id == bindparam("account"),
                columns.ended_at.is_(None),
            )
            .values(ended_at=bindparam("now"), ended_by=bindparam("by"), end_reason=bindparam("why"))
        )
        mine = and_(
            accounts.c.id == bindparam("account"), or_(accounts.c.state == "active", accounts.c.state == "locked")
        )
        # The row is written even where nothing changes: two locks, or a lock and an unlock, then wait for each other.
        self._hold = prepare(update(accounts).where(mine).values(updated_at=bindparam("now")))
        self._close_account = prepare(
            update(accounts)
            .where(mine)
            .values(state="locked", state_reason=bindparam("why"), updated_at=bindparam("now"))
        )
        self._open_account = prepare(
            update(accounts)
            .where(accounts.c.id == bindparam("account"), accounts.c.state == "locked")
            .values(state="active", state_reason=null(), updated_at=bindparam("now"))
        )
        gone = and_(sessions.c.account_id == bindparam("account"), sessions.c.ended_at.is_(None))
        self._end_sessions = prepare(
            update(sessions).where(gone).values(ended_at=bindparam("now"), end_reason=bindparam("why"))
        )
        living = and_(grants.c.account_id == bindparam("account"), grants.c.revoked_at.is_(None))
        self._end_grants = prepare(
            update(grants).where(living).values(revoked_at=bindparam("now"), revoke_reason=bindparam("why"))
        )

    def add(self, lock: LockRow, record: AuditRecord) -> bool:
        """Lock: state, sessions, grants and record in one transaction."""
        names = {"account": lock.account_id, "now": lock.locked_at}
        try:
            with self._database.transaction() as tx:
                if tx.run(self._hold, names) == 0:
                    return False
                tx.run(self._add, {f"new_{name}": getattr(lock, name) for name in _NAMES})
                if lock.closes_account:
                    self._close(tx, lock)
                self._recorder.write(tx, record)
        except Conflict:
            return False
        return True

    def _close(self, tx: Executor, lock: LockRow) -> None:
        names = {"account": lock.account_id, "now": lock.locked_at}
        tx.run(self._close_account, {**names, "why": lock.reason_code})
        ended = {**names, "why": "account_locked"}
        tx.run(self._end_sessions, ended)
        self._gate.swept(tx, self._end_grants, ended)

    def end(self, ending: Ending, record: Callable[[bool], AuditRecord]) -> bool:
        """End live locks; the account is active again when none is left that closes it."""
        names: dict[str, Any] = {"account": ending.account_id, "now": ending.now}
        with self._database.transaction() as tx:
            if tx.run(self._hold, names) == 0:
                return False
            for lock_id in ending.lock_ids:
                values = {**names, "lock_id": lock_id, "by": ending.ended_by, "why": ending.reason}
                if tx.run(self._end, values) == 0:
                    # Somebody ended it meanwhile: what was read does not hold, so nothing of it is done.
                    raise Conflict("the lock has ended meanwhile: look again")
            left = tx.row(self._left, {"account": ending.account_id})
            opens = left is not None and int(left[0]) == 0 and tx.run(self._open_account, names) > 0
            self._recorder.write(tx, record(opens))
        return True

    def live(self, account_id: str, now: int) -> list[LockRow]:
        """Return the locks that have not ended, oldest first."""
        return [LockRow(*row) for row in self._database.rows(self._live, {"account": account_id, "now": now})]

    def due(self, now: int, limit: int) -> list[LockRow]:
        """Return live locks whose ``ends_at`` has passed."""
        return [LockRow(*row) for row in self._database.rows(self._due, {"now": now, "batch": limit})]

    def of_account(self, account_id: str) -> list[LockRow]:
        """Return the history of an account's locks, newest first."""
        return [LockRow(*row) for row in self._database.rows(self._history, {"account": account_id})]
