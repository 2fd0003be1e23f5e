"""Where the browsers are kept in which a person has signed in before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from idp.model.audit import AuditRecord
from idp.model.outbox import OutboxMessage


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """A stored browser of one account; ``digest`` is of the cookie and the account together, ``origin`` is sealed.

    ``sure_at`` is when the person was signed in there last with two factors (epoch seconds), 0 for never.
    """

    id: str
    account_id: str
    digest: bytes
    origin: bytes
    first_seen_at: int
    last_seen_at: int
    sure_at: int = 0


class DeviceStore(Protocol):
    """Known devices in SQL."""

    def knows(self, account_id: str, digest: bytes) -> bool:
        """Tell whether the account was used in this browser before; changes nothing."""
        ...

    def is_sure(self, account_id: str, digest: bytes) -> bool:
        """Tell whether the account was ever used in this browser with two factors; changes nothing."""
        ...

    def touch(self, account_id: str, digest: bytes, now: int, *, is_sure: bool = False) -> bool:
        """Note that a known browser was used, and with ``is_sure`` by two factors; False when it is not known."""
        ...

    def add(self, row: DeviceRow, messages: list[OutboxMessage], record: AuditRecord, *, most: int) -> bool:
        """Insert a browser with its audit record and the messages that tell of it, in one transaction.

        The account keeps its ``most`` recently used ones. Of many callers with one digest one gets True, and for the others nothing is written.
        """
        ...

    def of_account(self, account_id: str) -> list[DeviceRow]:
        """Return an account's browsers, the one that was used last first."""
        ...

    def forget(self, account_id: str, device_id: str, record: AuditRecord) -> bool:
        """Forget one browser of an account, recorded; False, and nothing is recorded, where it knows no such one."""
        ...
