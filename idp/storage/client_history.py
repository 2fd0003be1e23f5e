"""The changes of clients in SQL: a row for each, with the fields before and after."""

from __future__ import annotations

from typing import Final

import orjson
from sqlalchemy import bindparam, select

from clients.differences import ClientChange, differences
from clients.model import Client
from clients.repository import ClientEvent
from idp.storage.database import Database, Executor
from idp.storage.tables import client_changes

_NAMES: Final = tuple(column.name for column in client_changes.columns)


class SqlClientHistory:
    """``ports.client_history.ClientHistory`` over SQL; ``SqlClientRepository`` writes through ``write``."""

    def __init__(self, database: Database) -> None:
        """Prepare the statement."""
        self._database = database
        self._insert = database.prepare(
            client_changes.insert().values({name: bindparam(f"new_{name}") for name in _NAMES})
        )

    def changes(self, client_id: str, before: int | None, limit: int) -> list[ClientChange]:
        """Return the changes of a client, newest first; built for each call, as no hot path asks."""
        columns = client_changes.c
        statement = select(client_changes).where(columns.client_id == client_id)
        if before is not None:
            statement = statement.where(columns.version < before)
        statement = statement.order_by(columns.version.desc()).limit(limit)
        found = [dict(zip(_NAMES, row, strict=True)) for row in self._database.search(statement)]
        return [
            ClientChange(
                *(row["version"], row["at"], row["actor"], row["action"], row["reason"]),
                {name: (pair[0], pair[1]) for name, pair in orjson.loads(row["document"]).items()},
            )
            for row in found
        ]

    def write(self, tx: Executor, before: Client | None, after: Client, event: ClientEvent, at: int) -> None:
        """Write what a change of now changes, as part of its transaction."""
        values = {
            "client_id": after.client_id,
            "version": after.version,
            "at": at,
            "actor": event.actor,
            "action": event.action,
            "reason": event.note,
            "document": orjson.dumps(differences(before, after)).decode(),
        }
        tx.run(self._insert, {f"new_{name}": value for name, value in values.items()})
