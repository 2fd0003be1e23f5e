"""Where a verified contact is written: into the profile of its account, with those who are told of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from idp.model.audit import AuditRecord
from idp.model.outbox import OutboxMessage


@dataclass(frozen=True, slots=True)
class ContactChange:
    """A new sealed profile in the place of the one that was read; ``factor`` is the kind of credential that hangs on the address.

    Where the person has that credential, its secret becomes ``binding``.
    """

    account_id: str
    before: bytes
    after: bytes
    factor: str
    binding: bytes
    now: int


class Taken(Enum):
    """How a removal ended."""

    DONE = "done"
    CHANGED = "changed"
    IN_USE = "in_use"


class ContactStore(Protocol):
    """Verified contacts in SQL."""

    def change(self, change: ContactChange, messages: list[OutboxMessage], record: AuditRecord) -> bool:
        """Write profile, binding, messages and audit record in one transaction.

        False, and nothing written, when the account is not active or its profile is not that of before any more.
        """
        ...

    def remove(self, change: ContactChange, messages: list[OutboxMessage], record: AuditRecord) -> Taken:
        """Write the profile without the address, messages and audit record in one transaction.

        ``IN_USE``, and nothing written, when the person has the credential with ``binding``; one with another binding, which is of no use
        any more, goes too. ``CHANGED`` as ``change`` is False.
        """
        ...
