"""The durable outbox in SQL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import bindparam, func, or_, select, update

from idp.model.audit import AuditRecord
from idp.model.outbox import OutboxMessage
from idp.storage.audit import Recorder
from idp.storage.database import Database, Executor, Prepared
from idp.storage.tables import outbox
from keys.errors import SealBroken

_SEALED = ("id", "kind", "client_id", "payload", "attempts", "created_at")


class OutboxWriter:
    """Puts messages into the outbox inside the transactions of other adapters."""

    __slots__ = ("_seal", "_statement")

    def __init__(self, database: Database, seal: Callable[[bytes, bytes], bytes]) -> None:
        """Prepare the INSERT; ``seal`` takes plaintext and AAD."""
        names = ("id", "kind", "client_id", "payload", "state", "attempts", "next_attempt_at", "lease_until")
        values: dict[str, Any] = {name: bindparam(f"o_{name}") for name in (*names, "last_error", "created_at")}
        self._statement: Prepared = database.prepare(outbox.insert().values(values))
        self._seal = seal

    def put(self, tx: Executor, message: OutboxMessage) -> None:
        """Insert the message as part of ``tx``, due at once."""
        values: dict[str, object] = {
            "o_id": message.id,
            "o_kind": message.kind,
            "o_client_id": message.client_id,
            "o_payload": self._seal(message.payload, message.id.encode()),
            "o_state": "waiting",
            "o_attempts": 0,
            "o_next_attempt_at": message.created_at,
            "o_lease_until": 0,
            "o_last_error": "",
            "o_created_at": message.created_at,
        }
        tx.run(self._statement, values)


class SqlPostbox:
    """``ports.outbox.Postbox`` over SQL."""

    def __init__(self, database: Database, writer: OutboxWriter) -> None:
        """Take the database and the writer of messages."""
        self._database = database
        self._writer = writer
        self._recorder = Recorder(database)

    def put(self, message: OutboxMessage, record: AuditRecord) -> None:
        """Put a message in, due at once, with the audit record, in one transaction."""
        with self._database.transaction() as tx:
            self._writer.put(tx, message)
            self._recorder.write(tx, record)


class SqlOutbox:
    """``ports.outbox.Outbox`` over SQL."""

    def __init__(
        self, database: Database, unseal: Callable[[bytes, bytes], bytes], kinds: tuple[str, ...] = ()
    ) -> None:
        """Prepare the statements; ``unseal`` takes ciphertext and AAD; only messages of ``kinds`` are leased, if any are named.

        A slow gateway of one kind then holds up no message of another.
        """
        self._database = database
        self._unseal = unseal
        self._recorder = Recorder(database)
        columns = outbox.c
        mine = columns.id == bindparam("message_id")
        self._lease = self._leasing(kinds)
        self._retry = database.prepare(
            update(outbox)
            .where(mine, columns.state == "waiting")
            .values(lease_until=0, next_attempt_at=bindparam("due_at"), last_error=bindparam("error"))
        )
        self._end = database.prepare(
            update(outbox)
            .where(mine, columns.state == "waiting")
            .values(
                state=bindparam("new_state"),
                done_at=bindparam("now"),
                last_error=bindparam("error"),
                payload=bindparam("nothing"),
            )
        )

    def _leasing(self, kinds: tuple[str, ...]) -> Prepared:
        columns = outbox.c
        due = (
            select(columns.id)
            .where(
                columns.state == "waiting",
                columns.next_attempt_at <= bindparam("now"),
                columns.lease_until <= bindparam("now"),
                *((or_(*(columns.kind == kind for kind in kinds)),) if kinds else ()),
            )
            .order_by(columns.next_attempt_at)
            .limit(bindparam("most"))
            .with_for_update(skip_locked=True)
        )
        return self._database.prepare(
            update(outbox)
            .where(columns.id.in_(due))
            .values(lease_until=bindparam("until"), attempts=columns.attempts + 1)
            .returning(*(columns[name] for name in _SEALED))
        )

    def lease(self, now: int, seconds: int, limit: int) -> list[OutboxMessage]:
        """Take up to ``limit`` due messages for ``seconds``; each goes to one worker."""
        rows = self._database.rows(self._lease, {"now": now, "until": now + seconds, "most": limit})
        return [
            OutboxMessage(row[0], row[1], row[2], self._opened(bytes(row[3]), row[0]), row[4], row[5]) for row in rows
        ]

    def sent(self, message_id: str, now: int, record: AuditRecord) -> None:
        """Mark as delivered, with the audit record, in one transaction."""
        self._close(message_id, "sent", now, "", record)

    def retry(self, message_id: str, next_attempt_at: int, error: str) -> None:
        """Give back for a later attempt."""
        self._database.run(self._retry, {"message_id": message_id, "due_at": next_attempt_at, "error": error})

    def give_up(self, message_id: str, now: int, error: str, record: AuditRecord) -> None:
        """Mark as failed for good, with the audit record, in one transaction."""
        self._close(message_id, "failed", now, error, record)

    def _close(self, message_id: str, state: str, now: int, error: str, record: AuditRecord) -> None:
        with self._database.transaction() as tx:
            values = {"message_id": message_id, "new_state": state, "now": now, "error": error}
            # Nobody needs what was said any more, and it may hold an address or a code.
            if tx.run(self._end, {**values, "nothing": b""}):
                self._recorder.write(tx, record)

    def _opened(self, sealed: bytes, message_id: str) -> bytes:
        """Return the payload, empty when it was damaged: one bad message must not hold up all the others."""
        try:
            return self._unseal(sealed, message_id.encode())
        except SealBroken:
            return b""


def count_messages(database: Database) -> list[dict[str, object]]:
    """Return how many messages there are by kind, state and last reason; for operators, so it may read the whole table."""
    group = (outbox.c.kind, outbox.c.state, outbox.c.last_error)
    rows = database.search(select(*group, func.count()).group_by(*group).order_by(*group))
    return [dict(zip(("kind", "state", "last_error", "count"), row, strict=True)) for row in rows]
