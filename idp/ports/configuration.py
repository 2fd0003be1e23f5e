"""Where a whole configuration is written at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from clients.model import Client
from clients.repository import ClientEvent
from idp.model.audit import AuditRecord
from idp.model.signal import Stream
from idp.ports.federation import IssuedMark, Subordinate
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


@dataclass(frozen=True, slots=True)
class SubordinateWrite:
    """A subordinate that is vouched for, or no more."""

    subordinate: Subordinate
    record: AuditRecord
    is_end: bool = False


@dataclass(frozen=True, slots=True)
class MarkWrite:
    """A trust mark that is issued, or ends at the moment of the write."""

    mark: IssuedMark
    record: AuditRecord
    is_end: bool = False


@dataclass(frozen=True, slots=True)
class StreamWrite:
    """A stream of signals: ``add``, ``change``, ``status``, ``drop``."""

    act: str
    stream: Stream
    record: AuditRecord


@dataclass(frozen=True, slots=True)
class TokenEnd:
    """An initial access token that ends."""

    token_id: str
    record: AuditRecord


PartWrite = SubordinateWrite | MarkWrite | StreamWrite | TokenEnd


class ConfigurationStore(Protocol):
    """All of it in one transaction with the audit records, or nothing."""

    def write(
        self,
        clients: Sequence[ClientWrite],
        grants: Sequence[GrantWrite],
        parts: Sequence[PartWrite],
        *,
        now: int,
        by: str,
        reason: str,
    ) -> None:
        """Write; raises ``Conflict`` when something of it was changed or went since it was read."""
        ...
