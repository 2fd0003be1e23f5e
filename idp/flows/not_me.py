"""A person says of a sign-in in the history: that was not me.

Whoever it was knew the password, so the order is: close the sign-in on every device but the one in hand, then end what lives, then ask for
another password. Each part can be done again without harm, and a failure leaves the account more closed than before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from idp.authn.credentials import CredentialService
from idp.clock import Clock
from idp.errors import NotFound, Refused
from idp.model.audit import AuditEvent, Event, Outcome
from idp.model.notice import Topic
from idp.model.session import Session
from idp.ports.audit import AuditQuery
from idp.ports.notices import Notices
from idp.services.audit import AuditLog
from idp.services.devices import DeviceService
from idp.services.locks import AccountLocks, Ground
from idp.services.marks import AccountMarks
from idp.services.recoveries import RecoveryService
from idp.services.sessions import SessionService
from policies.locks import Reason

REPORTABLE: Final = (Event.SIGN_IN, Event.STEP_UP)
_LOOKED_AT: Final = 200


@dataclass(frozen=True, slots=True)
class Tools:
    """What the flow acts through; ``added`` names the factors and linked upstreams that an account got since a moment."""

    sessions: SessionService
    devices: DeviceService
    locks: AccountLocks
    marks: AccountMarks
    credentials: CredentialService
    notices: Notices
    audit: AuditLog
    clock: Clock
    added: Callable[[str, int], tuple[str, ...]]
    recoveries: RecoveryService


class NotMe:
    """Finds the sign-in that is meant, and closes the account to whoever it was."""

    def __init__(self, tools: Tools) -> None:
        """Take collaborators."""
        self._tools = tools

    def find(self, account_id: str, record_id: str) -> dict[str, object]:
        """Return the record of a successful sign-in of this account; raises ``NotFound`` for all else, another person's too."""
        query = AuditQuery(account_id=account_id, events=tuple(event.value for event in REPORTABLE), limit=_LOOKED_AT)
        for row in self._tools.audit.search(query):
            if row["id"] == record_id and row["outcome"] == Outcome.DONE.value:
                return row
        raise NotFound("the account has no such sign-in")

    def added_since(self, account_id: str, row: Mapping[str, object]) -> tuple[str, ...]:
        """Return the factors and upstreams that came after a sign-in (a row of ``find``): who it was may have left himself a way back.

        Whether they are his or the person's own only the person can tell.
        """
        return self._tools.added(account_id, int(str(row["at_us"])) // 1_000_000)

    def recovery_waits(self, account_id: str) -> bool:
        """Tell whether a recovery from afar is under way."""
        return self._tools.recoveries.from_afar(account_id) is not None

    def report(self, own: Session, record_id: str, device: str | None, case_code: str) -> bool:
        """Close the account to everybody but the person in this browser; returns whether a new password has to be set.

        ``own`` must be fresh and at the account's highest level; ``device`` is the cookie by which this browser is known.
        """
        tools, account_id = self._tools, own.account_id
        row = self.find(account_id, record_id)
        actor = f"account:{account_id}"
        has_password = tools.credentials.has(account_id, "password")
        if has_password:
            tools.credentials.require_change(account_id, actor=actor)
            with suppress(Refused):
                tools.locks.lock(account_id, Ground(Reason.NOT_ME, f"record {record_id}"), actor=actor)
        # The session in question goes even where it is the one in hand: its cookie may be in two places.
        keep = own.id if row["session_id"] != own.id else None
        ended = tools.sessions.end_all(account_id, "not_me", actor, keep=keep)
        if self.recovery_waits(account_id):
            # Whoever it was would have it end in a day with a password of his, and every factor of the person gone.
            with suppress(NotFound):
                tools.recoveries.cancel(account_id, actor=actor, reason="not_me")
        # With the whole of this second: what the stranger got a moment ago bears the same number.
        voided = tools.marks.void_before(account_id, tools.clock.now() + 1, reason="not_me", actor=actor)
        forgotten = self._forget_others(account_id, device, actor)
        added = len(self.added_since(account_id, row))
        detail = {"record": record_id, "sessions": ended, "families": voided, "devices": forgotten, "added": added}
        tools.audit.write(
            AuditEvent(
                Event.NOT_ME,
                actor=actor,
                account_id=account_id,
                session_id=str(row["session_id"] or "") or None,
                target=f"session:{row['session_id']}",
                case_code=case_code,
                detail=detail,
            )
        )
        tools.notices.tell(account_id, Topic.SESSIONS_ENDED)
        return has_password

    def _forget_others(self, account_id: str, device: str | None, actor: str) -> int:
        others = [one for one in self._tools.devices.of_account(account_id, device) if not one.is_this]
        for one in others:
            with suppress(NotFound):
                self._tools.devices.forget(account_id, one.id, actor)
        return len(others)
