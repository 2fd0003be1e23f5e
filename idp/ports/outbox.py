"""The durable outbox as its worker sees it; messages are put in by the transaction of the act that they tell of."""

from __future__ import annotations

from typing import Protocol

from idp.model.audit import AuditRecord
from idp.model.outbox import OutboxMessage


class Outbox(Protocol):
    """Waiting messages. A lease keeps two workers from sending one; a dead worker's lease runs out."""

    def lease(self, now: int, seconds: int, limit: int) -> list[OutboxMessage]:
        """Take up to ``limit`` due messages for ``seconds``; each goes to one worker. A damaged payload comes out empty."""
        ...

    def sent(self, message_id: str, now: int, record: AuditRecord) -> None:
        """Mark a waiting message as delivered, with the audit record, in one transaction."""
        ...

    def retry(self, message_id: str, next_attempt_at: int, error: str) -> None:
        """Give a waiting message back for a later attempt; ``error`` is an operator's reason id without personal data."""
        ...

    def give_up(self, message_id: str, now: int, error: str, record: AuditRecord) -> None:
        """Mark a waiting message as failed for good, with the audit record, in one transaction."""
        ...


class Postbox(Protocol):
    """Where a message is put that tells of an act which is no transaction in SQL itself."""

    def put(self, message: OutboxMessage, record: AuditRecord) -> None:
        """Put a message in, due at once, with the audit record, in one transaction."""
        ...
