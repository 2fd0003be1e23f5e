"""Removes what is past its end: ephemeral rows, and class A rows that can decide nothing any more."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Table, bindparam, delete, select

from idp.storage.database import Database, Prepared
from idp.storage.tables import (
    api_answers,
    counters,
    grants,
    known_devices,
    outbox,
    revoked_tokens,
    sessions,
    single_use,
    status_entries,
    status_lists,
    transactions,
    trusted_devices,
    upstream_sessions,
)

_AT_ONCE: Final = (
    *(api_answers, transactions, single_use, counters, revoked_tokens, status_entries, status_lists),
    *(upstream_sessions, trusted_devices),
)
_BATCH: Final = 1_000
_GRANT_MARGIN: Final = 3600
"""A spent code's grant must outlive every token from it, and the code itself: a margin over both."""
_SESSION_HISTORY: Final = 30 * 86400
_OUTBOX_HISTORY: Final = 30 * 86400
_DEVICE_MEMORY: Final = 400 * 86400


class Purger:
    """Deletes in small batches, so that no reader waits."""

    def __init__(self, database: Database) -> None:
        """Prepare the statements."""
        self._database = database
        self._statements = (
            *(self._expired(table, 0) for table in _AT_ONCE),
            self._expired(grants, _GRANT_MARGIN),
            self._expired(sessions, _SESSION_HISTORY),
            self._expired(known_devices, _DEVICE_MEMORY, known_devices.c.last_seen_at),
            self._expired(outbox, _OUTBOX_HISTORY, outbox.c.done_at),
        )

    def run(self, now: int) -> int:
        """Delete one batch of each kind; returns how many rows went."""
        return sum(self._database.run(statement, {"moment": now}) for statement in self._statements)

    def _expired(self, table: Table, margin: int, moment: Column[Any] | None = None) -> Prepared:
        """Return the DELETE of rows whose ``moment`` (``expires_at``) lies ``margin`` seconds back."""
        key = next(iter(table.primary_key.columns))
        column = table.c.expires_at if moment is None else moment
        past: ColumnElement[bool] = column < bindparam("moment", type_=column.type) - margin
        rows = select(key).where(past).limit(_BATCH)
        return self._database.prepare(delete(table).where(key.in_(rows)))
