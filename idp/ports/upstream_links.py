"""Where links to upstream subjects, and the origin of sessions, are kept. Values are sealed and digested before they get here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from idp.model.audit import AuditRecord
from idp.model.upstream import LinkEnd
from idp.ports.accounts import NewAccount
from idp.ports.factors import Removal


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A stored link."""

    id: str
    upstream: str
    lookup: bytes
    sealed: bytes
    account_id: str
    how: str
    ceiling: str
    created_at: int


@dataclass(frozen=True, slots=True)
class OriginRow:
    """Where a session came from; ``subject`` and ``sid`` are digests."""

    session_id: str
    upstream: str
    account_id: str
    subject: bytes
    sid: bytes | None
    sealed: bytes
    expires_at: int


class UpstreamLinkStore(Protocol):
    """Links in SQL: of a subject one is current, of an account one an upstream. Ended links stay as history."""

    def of_subject(self, lookup: bytes) -> LinkRow | None:
        """Return the current link of a subject."""
        ...

    def of_account(self, account_id: str) -> list[LinkRow]:
        """Return the current links of an account, oldest first."""
        ...

    def link(self, row: LinkRow, record: AuditRecord) -> None:
        """End the account's current link to the same upstream, insert, record: one transaction.

        Raises ``Conflict`` when the subject is linked already, and then nothing has changed.
        """
        ...

    def create(self, new: NewAccount, row: LinkRow, records: tuple[AuditRecord, ...]) -> None:
        """Insert an account with its codes and its link, record: one transaction.

        Raises ``Conflict`` when the code or the subject is somebody's, and then nothing has changed: of many at once one account remains.
        """
        ...

    def end(self, link_id: str, now: int, reason: LinkEnd, record: AuditRecord) -> bool:
        """End a current link; False if it had ended."""
        ...

    def close(
        self, account_id: str, upstream: str, may: Callable[[frozenset[str]], bool], now: int, record: AuditRecord
    ) -> Removal:
        """End the account's link to an upstream for good, recorded, if ``may`` (upstreams that stay linked) says yes.

        Of two at the same moment the second sees what the first has left.
        """
        ...

    def closed(self, account_id: str) -> dict[str, int]:
        """Return the upstreams that the person has closed and when, those that were linked or opened again left out."""
        ...

    def reopen(self, account_id: str, upstream: str, record: AuditRecord) -> bool:
        """Let an upstream that was closed open the account again; False if it was not closed."""
        ...


class UpstreamSessionStore(Protocol):
    """Origins of sessions in SQL; they fade with the session's end of life."""

    def put(self, row: OriginRow) -> None:
        """Insert, or replace what was known of this session."""
        ...

    def of_session(self, session_id: str) -> OriginRow | None:
        """Return where a session came from."""
        ...

    def of_sid(self, sid: bytes) -> list[OriginRow]:
        """Return the sessions of one upstream session."""
        ...

    def of_subject(self, subject: bytes) -> list[OriginRow]:
        """Return the sessions of one upstream subject."""
        ...
