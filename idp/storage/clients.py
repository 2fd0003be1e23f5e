"""Clients in SQL: a document a row, stamped with the registry's version so that a process reads only what changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import orjson
from sqlalchemy import bindparam, select, update

from clients.documents import from_document, to_document
from clients.errors import ClientConflict
from clients.model import Client
from clients.repository import ClientEvent
from idp.errors import Conflict
from idp.model.audit import AuditEvent, AuditRecord, Event
from idp.storage.audit import Recorder
from idp.storage.client_history import SqlClientHistory
from idp.storage.database import Database, Executor
from idp.storage.tables import clients, registry_versions

_NAME: Final = "clients"
_FIELDS: Final = ("client_id", "version", "state", "unit_code", "sector_id", "document", "created_at", "updated_at")


class SqlClientRepository:
    """``clients.registry.ClientRepository`` over SQL."""

    def __init__(self, database: Database, record: Callable[[AuditEvent], AuditRecord]) -> None:
        """Prepare the statements; ``record`` seals an audit event."""
        columns, versions = clients.c, registry_versions.c
        self._database = database
        self._record = record
        self._recorder = Recorder(database)
        self._history = SqlClientHistory(database)
        self._version = database.prepare(select(versions.version).where(versions.name == _NAME))
        self._since = database.prepare(
            select(columns.document, columns.version)
            .where(columns.version > bindparam("known"))
            .order_by(columns.version)
        )
        self._stored = database.prepare(select(columns.document).where(columns.client_id == bindparam("known_id")))
        upsert = database.insert(registry_versions).values(name=_NAME, version=1)
        self._raise = database.prepare(
            upsert.on_conflict_do_update(
                index_elements=[versions.name], set_={"version": versions.version + 1}
            ).returning(versions.version)
        )
        self._insert = database.prepare(clients.insert().values({name: bindparam(f"new_{name}") for name in _FIELDS}))
        self._update = database.prepare(
            update(clients)
            .where(columns.client_id == bindparam("new_client_id"), columns.version == bindparam("expected"))
            .values({name: bindparam(f"new_{name}") for name in _FIELDS if name not in {"client_id", "created_at"}})
        )

    def version(self) -> int:
        """Return the version of the last change."""
        row = self._database.row(self._version)
        return int(row[0]) if row else 0

    def changed_since(self, version: int) -> list[Client]:
        """Return the clients that changed after ``version``, in order of their change."""
        rows = self._database.rows(self._since, {"known": version})
        return [replace(from_document(orjson.loads(row[0])), version=int(row[1])) for row in rows]

    def add(self, client: Client, event: ClientEvent) -> Client:
        """Insert with the audit row; raises ``ClientConflict`` for a taken id."""
        try:
            with self._database.transaction() as tx:
                stamped = self._stamped(tx, client)
                tx.run(self._insert, {**_values(stamped), "new_created_at": client.created_at})
                self._note(tx, None, stamped, event)
        except Conflict as error:
            raise ClientConflict(f"the client id {client.client_id!r} is taken") from error
        return stamped

    def replace(self, client: Client, event: ClientEvent) -> Client:
        """Replace if nobody changed the client meanwhile, with the audit row; raises ``ClientConflict``."""
        with self._database.transaction() as tx:
            stamped, before = self._stamped(tx, client), self._before(tx, client)
            if tx.run(self._update, {**_values(stamped), "expected": client.version}) == 0:
                raise ClientConflict(f"the client {client.client_id!r} was changed by somebody else: look again")
            self._note(tx, before, stamped, event)
        return stamped

    def write_within(self, tx: Executor, client: Client, event: ClientEvent, before: int) -> None:
        """Write a client as part of ``tx``, new where ``before`` is 0; raises ``ClientConflict`` unless its version is the next one."""
        if self._stamped(tx, client).version != client.version:
            raise ClientConflict("clients were changed by somebody else: look again")
        old = self._before(tx, client) if before else None
        if before == 0:
            tx.run(self._insert, {**_values(client), "new_created_at": client.created_at})
        elif tx.run(self._update, {**_values(client), "expected": before}) == 0:
            raise ClientConflict(f"the client {client.client_id!r} was changed by somebody else: look again")
        self._note(tx, old, client, event)

    def _before(self, tx: Executor, client: Client) -> Client | None:
        """Return a client as it is stored; the registry's version is held, so nobody else changes it meanwhile."""
        row = tx.row(self._stored, {"known_id": client.client_id})
        return from_document(orjson.loads(row[0])) if row else None

    def _note(self, tx: Executor, before: Client | None, after: Client, event: ClientEvent) -> None:
        """Write the audit record, and what changed."""
        record = self._record(_audited(event))
        self._recorder.write(tx, record)
        self._history.write(tx, before, after, event, int(str(record.values["at_us"])) // 1_000_000)

    def _stamped(self, tx: Executor, client: Client) -> Client:
        row = tx.row(self._raise)
        return replace(client, version=int(row[0]) if row else 0)


def _values(client: Client) -> dict[str, Any]:
    return {
        "new_client_id": client.client_id,
        "new_version": client.version,
        "new_state": client.state,
        "new_unit_code": client.unit,
        "new_sector_id": client.sector_id,
        "new_document": orjson.dumps(to_document(client)).decode(),
        "new_updated_at": client.updated_at,
    }


def _audited(event: ClientEvent) -> AuditEvent:
    detail: dict[str, object] = {"fields": list(event.fields)} if event.fields else {}
    if event.note:
        detail["note"] = event.note
    return AuditEvent(
        Event(f"client:{event.action}"),
        actor=event.actor,
        client_id=event.client_id,
        target=f"client:{event.client_id}",
        detail=detail,
    )
