"""Signing keys in SQL: the key list has one version, and a change is a compare-and-swap of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import orjson
from sqlalchemy import Table, bindparam, select, update

from idp.model.audit import AuditEvent, AuditRecord, Event
from idp.storage.audit import Recorder
from idp.storage.database import Database
from idp.storage.tables import registry_versions, signing_keys
from keys.model import KeyAction, KeyEvent, SigningKey

_NAME: Final = "keys"


class SqlKeyRepository:
    """``keys.service.KeyRepository`` over SQL."""

    def __init__(
        self,
        database: Database,
        record: Callable[[AuditEvent], AuditRecord],
        table: Table = signing_keys,
        name: str = _NAME,
    ) -> None:
        """Prepare the statements; ``record`` seals an audit event; ``table`` holds the keys of one purpose, ``name`` their version."""
        columns, versions = table.c, registry_versions.c
        self._database = database
        self._record = record
        self._recorder = Recorder(database)
        version = select(versions.version).where(versions.name == name).scalar_subquery()
        self._load = database.prepare(
            select(version, columns.document, columns.sealed).order_by(columns.created_at, columns.kid)
        )
        self._first = database.prepare(
            database.insert(registry_versions).values(name=name, version=0).on_conflict_do_nothing()
        )
        self._raise = database.prepare(
            update(registry_versions)
            .where(versions.name == name, versions.version == bindparam("expected"))
            .values(version=bindparam("expected") + 1)
        )
        names = ("kid", "alg", "state", "document", "sealed", "created_at")
        self._insert = database.prepare(table.insert().values({column: bindparam(f"new_{column}") for column in names}))
        self._update = database.prepare(
            update(table)
            .where(columns.kid == bindparam("new_kid"))
            .values({column: bindparam(f"new_{column}") for column in ("state", "document", "sealed")})
        )

    def load(self) -> tuple[int, tuple[SigningKey, ...]]:
        """Return the version and all keys from one statement, hence one consistent read."""
        rows = self._database.rows(self._load)
        keys = tuple(SigningKey.from_document(orjson.loads(row[1]), _optional(row[2])) for row in rows)
        return (int(rows[0][0]) if rows else 0), keys

    def apply(
        self,
        expected_version: int,
        inserts: tuple[SigningKey, ...],
        updates: tuple[SigningKey, ...],
        events: tuple[KeyEvent, ...],
    ) -> bool:
        """Insert and replace keys, write the audit rows and raise the version in one transaction; False when another was first."""
        with self._database.transaction() as tx:
            tx.run(self._first)
            if tx.run(self._raise, {"expected": expected_version}) == 0:
                return False
            for key in inserts:
                tx.run(self._insert, {**_changing(key), "new_alg": key.alg, "new_created_at": key.created_at})
            for key in updates:
                tx.run(self._update, _changing(key))
            for event in events:
                self._recorder.write(tx, self._record(_audited(event)))
        return True


def _changing(key: SigningKey) -> dict[str, object]:
    return {
        "new_kid": key.kid,
        "new_state": key.state.value,
        "new_document": orjson.dumps(key.document()).decode(),
        "new_sealed": key.sealed,
    }


def _optional(value: Any) -> bytes | None:
    return bytes(value) if value is not None else None


def _audited(event: KeyEvent) -> AuditEvent:
    detail: dict[str, object] = {"alg": event.alg}
    if event.note:
        detail["note"] = event.note
    if event.action is KeyAction.SCHEDULE:
        detail["moved_to"] = event.moved_to
    return AuditEvent(
        Event(f"key:{event.action}"), reason=event.reason, actor=event.actor, target=f"key:{event.kid}", detail=detail
    )
