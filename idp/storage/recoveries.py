"""Recoveries of accounts in SQL."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Final

from sqlalchemy import and_, bindparam, delete, func, select, update

from idp.errors import Conflict
from idp.model.audit import AuditRecord
from idp.ports.accounts import CredentialRow
from idp.ports.recoveries import CANCELLED, RecoveryRow
from idp.storage.accounts import CREDENTIAL
from idp.storage.audit import Recorder
from idp.storage.database import Database, Prepared
from idp.storage.factors import lock_account
from idp.storage.former_passwords import FormerPasswords
from idp.storage.redemptions import RedemptionGate
from idp.storage.tables import (
    credentials,
    grants,
    known_devices,
    passkeys,
    recoveries,
    recovery_codes,
    sessions,
    trusted_devices,
)
from policies.recovery import Path

_NAMES: Final = tuple(field.name for field in fields(RecoveryRow))
_COLUMNS: Final = tuple(recoveries.c[name] for name in _NAMES)
_FACTORS: Final = (credentials, passkeys, recovery_codes, trusted_devices, known_devices)
DONE: Final = "done"


class SqlRecoveryStore:
    """``ports.recoveries.RecoveryStore`` over SQL."""

    def __init__(self, database: Database) -> None:
        """Prepare the statements."""
        self._database = database
        self._recorder = Recorder(database)
        self._lock = lock_account(database)
        self._gate = RedemptionGate(database)
        self._former = FormerPasswords(database)
        self._prepare_reads()
        self._prepare_changes()

    def _prepare_reads(self) -> None:
        prepare, columns = self._database.prepare, recoveries.c
        mine = columns.account_id == bindparam("account")
        open_now = and_(columns.ended_at.is_(None), columns.expires_at > bindparam("now"))
        self._live = prepare(select(*_COLUMNS).where(mine, open_now))
        self._get = prepare(select(*_COLUMNS).where(columns.id == bindparam("recovery")))
        called_off = and_(mine, columns.end_reason == CANCELLED, columns.path != Path.COUNTER.value)
        self._cancelled = prepare(select(func.max(columns.ended_at)).where(called_off))
        self._recovered = prepare(select(func.max(columns.ended_at)).where(mine, columns.end_reason == DONE))

    def _prepare_changes(self) -> None:
        prepare, columns = self._database.prepare, recoveries.c
        names: dict[str, Any] = {name: bindparam(f"new_{name}") for name in _NAMES}
        ended: dict[str, Any] = {
            "ended_at": bindparam("now"),
            "ended_by": bindparam("by"),
            "end_reason": bindparam("why"),
        }
        mine = columns.account_id == bindparam("account")
        one = and_(columns.id == bindparam("recovery"), columns.ended_at.is_(None))
        over = and_(mine, columns.ended_at.is_(None), columns.expires_at <= bindparam("now"))
        self._add = prepare(recoveries.insert().values(names))
        self._supersede = prepare(update(recoveries).where(mine, columns.ended_at.is_(None)).values(ended))
        self._run_out = prepare(update(recoveries).where(over).values(ended))
        self._approve = prepare(
            update(recoveries)
            .where(one, columns.approved_at.is_(None), columns.expires_at > bindparam("now"))
            .values(approved_by=bindparam("by"), approved_at=bindparam("now"))
        )
        self._end = prepare(update(recoveries).where(one).values(ended))
        ready = and_(
            one,
            columns.approved_at.is_not(None),
            columns.ready_at <= bindparam("now"),
            columns.expires_at > bindparam("now"),
        )
        self._finish = prepare(update(recoveries).where(ready).values(ended))
        self._forget = tuple(
            prepare(delete(table).where(table.c.account_id == bindparam("account"))) for table in _FACTORS
        )
        self._password = CREDENTIAL.insert(self._database)
        live = and_(sessions.c.account_id == bindparam("account"), sessions.c.ended_at.is_(None))
        self._end_sessions = prepare(
            update(sessions).where(live).values(ended_at=bindparam("now"), end_reason=bindparam("why"))
        )
        valid = and_(grants.c.account_id == bindparam("account"), grants.c.revoked_at.is_(None))
        self._end_grants = prepare(
            update(grants).where(valid).values(revoked_at=bindparam("now"), revoke_reason=bindparam("why"))
        )

    def begin(self, row: RecoveryRow, record: AuditRecord, *, supersede: bool) -> bool:
        """Insert with the audit record, in the place of what has run out or is superseded."""
        names = {"account": row.account_id, "now": row.started_at, "by": row.started_by}
        try:
            with self._database.transaction() as tx:
                tx.run(self._run_out, {**names, "why": "expired"})
                if supersede:
                    tx.run(self._supersede, {**names, "why": "superseded"})
                tx.run(self._add, {f"new_{name}": getattr(row, name) for name in _NAMES})
                self._recorder.write(tx, record)
        except Conflict:
            return False
        return True

    def approve(self, recovery_id: str, by: str, now: int, record: AuditRecord) -> bool:
        """Note the second person."""
        with self._database.transaction() as tx:
            if tx.run(self._approve, {"recovery": recovery_id, "by": by, "now": now}) == 0:
                return False
            self._recorder.write(tx, record)
        return True

    def end(self, recovery_id: str, by: str, now: int, reason: str, record: AuditRecord) -> bool:
        """End a live one without effect."""
        with self._database.transaction() as tx:
            if tx.run(self._end, {"recovery": recovery_id, "by": by, "now": now, "why": reason}) == 0:
                return False
            self._recorder.write(tx, record)
        return True

    def finish(
        self, row: RecoveryRow, password: CredentialRow, now: int, record: AuditRecord, *, former: int = 0
    ) -> bool:
        """Use a ready recovery up, and begin the account's factors anew, in one transaction."""
        account = {"account": row.account_id}
        with self._database.transaction() as tx:
            # Alone with the factors: one that is enrolled at this moment by whoever is signed in must not survive.
            tx.row(self._lock, account)
            done = {"recovery": row.id, "by": f"account:{row.account_id}", "now": now, "why": DONE}
            if tx.run(self._finish, done) == 0:
                return False
            self._former.retire(tx, row.account_id, now, former)
            for statement in self._forget:
                tx.run(statement, account)
            tx.run(self._password, CREDENTIAL.bound(password))
            ended = {**account, "now": now, "why": "recovered"}
            tx.run(self._end_sessions, ended)
            self._gate.swept(tx, self._end_grants, ended)
            self._recorder.write(tx, record)
        return True

    def live(self, account_id: str, now: int) -> RecoveryRow | None:
        """Return the recovery that has neither ended nor run out."""
        return _recovery(self._database.row(self._live, {"account": account_id, "now": now}))

    def get(self, recovery_id: str) -> RecoveryRow | None:
        """Return one by id."""
        return _recovery(self._database.row(self._get, {"recovery": recovery_id}))

    def recovered_at(self, account_id: str) -> int:
        """Return when the account was last recovered, 0 for never."""
        return self._moment(self._recovered, account_id)

    def cancelled_at(self, account_id: str) -> int:
        """Return when a recovery that was begun from afar was last cancelled, 0 for never."""
        return self._moment(self._cancelled, account_id)

    def _moment(self, statement: Prepared, account_id: str) -> int:
        row = self._database.row(statement, {"account": account_id})
        return int(row[0]) if row is not None and row[0] is not None else 0


def _recovery(row: tuple[Any, ...] | None) -> RecoveryRow | None:
    if row is None:
        return None
    named = dict(zip(_NAMES, row, strict=True))
    return RecoveryRow(**{**named, "code": bytes(named["code"]), "cancel": bytes(named["cancel"])})
