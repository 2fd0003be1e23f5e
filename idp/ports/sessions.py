"""Where SSO sessions are kept, and the one joined read that answers an authorization request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from idp.model.audit import AuditRecord
from idp.model.frozen import frozen
from idp.model.outbox import OutboxMessage
from idp.model.session import Session


@frozen
class ConsentState:
    """The current consent or notice of one account for one client; ``claims`` and ``declined`` are bit sets of ``policies.claims``."""

    kind: str
    scope: str
    claims: int
    declined: int
    text_version: str


@frozen
class Snapshot:
    """All that decides about one authorization request, read at once.

    ``consent`` is what the person agreed to for himself.

    ``sub`` is the stored subject for the client's sector, None before the first time. ``clients_version`` rode along in the same round trip.
    """

    session: Session
    account_state: str
    identity_level: int
    sub: str | None
    consent: ConsentState | None
    clients_version: int


@dataclass(frozen=True, slots=True)
class SessionClient:
    """A client that signed somebody in by a session, and the subject it knows the person by."""

    client_id: str
    sub: str


class SessionStore(Protocol):
    """Sessions in SQL. An ended session never comes back. Every method raises ``StorageUnavailable`` rather than guess."""

    def add(self, session: Session, digest: bytes, origin: bytes, record: AuditRecord) -> None:
        """Insert a session with its audit record."""
        ...

    def renew(self, session: Session, digest: bytes, record: AuditRecord) -> bool:
        """Give a live session a new cookie digest, ``auth_time``, ``acr``, ``amr`` and end; False if it has ended meanwhile."""
        ...

    def choose(self, session_id: str, capacity: str, record: AuditRecord) -> bool:
        """Remember as whom the person acts from now on, with the audit record; False (and nothing recorded) if the session has ended."""
        ...

    def touch(self, session_id: str, now: int) -> None:
        """Note that the session was used."""
        ...

    def by_digest(self, digest: bytes) -> Session | None:
        """Return the session of a cookie, ended or not."""
        ...

    def snapshot(self, digest: bytes, client_id: str, sector_id: str) -> Snapshot | None:
        """Return the session of a cookie with account, subject and consent for one client, in one round trip."""
        ...

    def clients_of(self, session_id: str) -> list[SessionClient]:
        """Return the clients that signed somebody in by this session, also those whose tokens were revoked since.

        A revoked token does not end the session that the department itself keeps: it has to be told (Back-Channel Logout section 2.5).
        """
        ...

    def end(self, session_id: str, now: int, reason: str, messages: list[OutboxMessage], record: AuditRecord) -> bool:
        """End the session, revoke its grants that may not outlive it, put the messages out, record: one transaction.

        Returns False (and does nothing) when the session had ended before.
        """
        ...

    def of_account(self, account_id: str, now: int) -> list[tuple[Session, bytes]]:
        """Return live sessions with their sealed origin, newest first."""
        ...

    def everybodys(self, now: int, after: str, limit: int) -> list[Session]:
        """Return live sessions of all accounts by id, those behind the id ``after``."""
        ...
