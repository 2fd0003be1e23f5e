"""Which session came from which one of an upstream, so that a sign-out goes both ways. Subjects and ``sid`` are kept as keyed digests."""

from __future__ import annotations

from functools import cached_property

import orjson

from idp.model.session import Session
from idp.model.upstream import Assertion, UpstreamSession
from idp.ports.upstream_links import OriginRow, UpstreamSessionStore
from idp.services.vault import Seal, Vault
from keys.errors import SealBroken
from keys.sealing import BlindIndex


class UpstreamSessions:
    """Remembers and finds."""

    def __init__(self, store: UpstreamSessionStore, vault: Vault) -> None:
        """Take the store and the vault."""
        self._store = store
        self._vault = vault

    @cached_property
    def _index(self) -> BlindIndex:
        return self._vault.index("upstream-index", "session")

    @cached_property
    def _seal(self) -> Seal:
        return self._vault.seal("upstream")

    def remember(self, session: Session, assertion: Assertion) -> None:
        """Keep where a session came from."""
        upstream = assertion.upstream
        self._store.put(
            OriginRow(
                session.id,
                upstream,
                session.account_id,
                self._index.digest(upstream, "sub", assertion.subject),
                self._index.digest(upstream, "sid", assertion.sid) if assertion.sid else None,
                self._seal.seal(orjson.dumps([assertion.hint, assertion.sid]), session.id.encode()),
                session.expires_at,
            )
        )

    def of_session(self, session_id: str) -> UpstreamSession | None:
        """Return where a session came from, None for one that came from no upstream."""
        row = self._store.of_session(session_id)
        return self._opened(row) if row is not None else None

    def named(self, upstream: str, sid: str, subject: str) -> list[UpstreamSession]:
        """Return the sessions that an upstream's logout token names.

        With a ``sid`` those of that session alone; a subject beside it has to be theirs too (Back-Channel Logout section 2.6).
        """
        by_subject = self._index.digest(upstream, "sub", subject) if subject else None
        if sid:
            rows = self._store.of_sid(self._index.digest(upstream, "sid", sid))
            rows = [row for row in rows if by_subject is None or row.subject == by_subject]
        else:
            rows = self._store.of_subject(by_subject) if by_subject is not None else []
        return [self._opened(row) for row in rows]

    def _opened(self, row: OriginRow) -> UpstreamSession:
        try:
            hint, sid = orjson.loads(self._seal.unseal(row.sealed, row.session_id.encode()))
        except SealBroken:  # A damaged hint must not stand in the way of a sign-out.
            hint, sid = "", ""
        return UpstreamSession(row.session_id, row.upstream, row.account_id, hint, sid)
