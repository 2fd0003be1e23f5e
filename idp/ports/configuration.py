"""Where a whole configuration is written at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from clients.model import Client
from clients.repository import ClientEvent
from idp.model.audit import AuditRecord
from policies.delegation import AdminGrant


@dataclass(frozen=True, slots=True)
class ClientWrite:
    """One step of a client: the client with the version that the step gives it, and the version before; 0 for a new one."""

    client: Client
    event: ClientEvent
    before: int


@dataclass(frozen=True, slots=True)
class GrantWrite:
    """One grant that begins, or ends."""

    grant: AdminGrant
    record: AuditRecord
    is_end: bool


class ConfigurationStore(Protocol):
    """All of it in one transaction with the audit records, or nothing."""

    def write(
        self, clients: Sequence[ClientWrite], grants: Sequence[GrantWrite], *, now: int, by: str, reason: str
    ) -> None:
        """Write; raises ``Conflict`` when clients or grants were changed since they were read."""
        ...
