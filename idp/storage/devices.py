"""Known devices in SQL."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Final

from sqlalchemy import and_, bindparam, delete, select, update

from idp.model.audit import AuditRecord
from idp.model.outbox import OutboxMessage
from idp.ports.devices import DeviceRow
from idp.storage.audit import Recorder
from idp.storage.database import Database
from idp.storage.outbox import OutboxWriter
from idp.storage.tables import known_devices

_NAMES: Final = tuple(field.name for field in fields(DeviceRow))


class SqlDeviceStore:
    """``ports.devices.DeviceStore`` over SQL."""

    def __init__(self, database: Database, outbox: OutboxWriter) -> None:
        """Prepare the statements."""
        columns, prepare = known_devices.c, database.prepare
        mine = columns.account_id == bindparam("account")
        this = and_(mine, columns.digest == bindparam("digest"))
        newest_first = (columns.last_seen_at.desc(), columns.id.desc())
        kept = select(columns.id).where(mine).order_by(*newest_first).limit(bindparam("most"))
        self._database = database
        self._outbox = outbox
        self._recorder = Recorder(database)
        self._knows = prepare(select(columns.id).where(this))
        self._is_sure = prepare(select(columns.id).where(this, columns.sure_at > 0))
        self._touch = prepare(update(known_devices).where(this).values(last_seen_at=bindparam("now")))
        now: Any = bindparam("now")
        self._touch_surely = prepare(update(known_devices).where(this).values(last_seen_at=now, sure_at=now))
        self._add = prepare(
            database.insert(known_devices)
            .values({name: bindparam(f"new_{name}") for name in _NAMES})
            .on_conflict_do_nothing(index_elements=[columns.account_id, columns.digest])
        )
        self._trim = prepare(delete(known_devices).where(mine, columns.id.not_in(kept)))
        self._of_account = prepare(select(*(columns[name] for name in _NAMES)).where(mine).order_by(*newest_first))
        self._forget = prepare(delete(known_devices).where(mine, columns.id == bindparam("device")))

    def knows(self, account_id: str, digest: bytes) -> bool:
        """Tell whether the account was used in this browser before."""
        return self._database.row(self._knows, {"account": account_id, "digest": digest}) is not None

    def is_sure(self, account_id: str, digest: bytes) -> bool:
        """Tell whether the account was ever used in this browser with two factors."""
        return self._database.row(self._is_sure, {"account": account_id, "digest": digest}) is not None

    def touch(self, account_id: str, digest: bytes, now: int, *, is_sure: bool = False) -> bool:
        """Note that a known browser was used, and with ``is_sure`` by two factors; False when it is not known."""
        statement = self._touch_surely if is_sure else self._touch
        return self._database.run(statement, {"account": account_id, "digest": digest, "now": now}) == 1

    def add(self, row: DeviceRow, messages: list[OutboxMessage], record: AuditRecord, *, most: int) -> bool:
        """Insert a browser with its audit record and its messages in one transaction; of many callers one gets True."""
        with self._database.transaction() as tx:
            if tx.run(self._add, {f"new_{name}": getattr(row, name) for name in _NAMES}) == 0:
                return False
            tx.run(self._trim, {"account": row.account_id, "most": most})
            for message in messages:
                self._outbox.put(tx, message)
            self._recorder.write(tx, record)
        return True

    def of_account(self, account_id: str) -> list[DeviceRow]:
        """Return an account's browsers, the one that was used last first."""
        return [_device(row) for row in self._database.rows(self._of_account, {"account": account_id})]

    def forget(self, account_id: str, device_id: str, record: AuditRecord) -> bool:
        """Forget one browser of an account, recorded."""
        with self._database.transaction() as tx:
            is_gone = tx.run(self._forget, {"account": account_id, "device": device_id}) == 1
            if is_gone:
                self._recorder.write(tx, record)
        return is_gone


def _device(row: tuple[Any, ...]) -> DeviceRow:
    return DeviceRow(row[0], row[1], bytes(row[2]), bytes(row[3]), *map(int, row[4:]))
