"""Not-before marks of people: everything that was issued for an account before a moment is void.

Every token of a person lives from a grant, so ending the grants that began before the mark ends all of it, at every department, with no further
look on any request; a code that was issued before is held against the mark when it is redeemed. The marks of clients are an attribute of the
client (``clients.registry``), since a client's own tokens have no grant.
"""

from __future__ import annotations

from idp.clock import Clock
from idp.model.audit import AuditEvent, Event
from idp.ports.grants import GrantStore
from idp.services.audit import AuditLog


class AccountMarks:
    """Sets marks."""

    def __init__(self, store: GrantStore, audit: AuditLog, clock: Clock) -> None:
        """Take collaborators."""
        self._store = store
        self._audit = audit
        self._clock = clock

    def void_before(self, account_id: str, moment: int, *, reason: str, actor: str = "operator:local") -> int:
        """Void what was issued for an account before ``moment`` (epoch seconds, not to come); returns how many families ended."""
        event = AuditEvent(
            Event.ACCOUNT_NOT_BEFORE,
            reason=reason,
            actor=actor,
            account_id=account_id,
            target=f"account:{account_id}",
            detail={"not_before": moment},
        )
        now, record = self._clock.now(), self._audit.record(event)
        return self._store.revoke_of_account(account_id, moment, now, "before_mark", record)
