"""Trusted devices: browsers in which a person is spared the question for a second factor for a while.

Kept is a digest of a random cookie and the account together. Each cookie is good for one sign-in, which replaces it: a copy dies when the
owner signs in next, and the owner's dies when a thief was first, which ends the trust and is told. What it counts for is a row of
``policies.assurance``; who may have one is asked at its making and at each use.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from idp import handles
from idp.clock import Clock
from idp.errors import Refused
from idp.model.audit import AuditEvent, AuditRecord, Event
from idp.model.notice import Detail, Topic
from idp.ports.factors import TrustedDeviceStore, TrustedRow
from idp.ports.notices import Notices
from idp.services.audit import AuditLog
from idp.services.vault import Seal

NAME: Final = "trusted_device"
MOST: Final = 10
"""Trusted browsers of one person; another one takes the place of the oldest."""
GRACE: Final = 60
"""Seconds after its use for which a cookie that comes again is a second tab or a lost answer; later it is a copy."""

_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class TrustedDevice:
    """A trusted browser as its owner sees it."""

    id: str
    name: str
    created_at: int
    last_used_at: int | None
    expires_at: int


class TrustedDevices:
    """The only writer of trusted browsers."""

    def __init__(
        self,
        store: TrustedDeviceStore,
        seal: Seal,
        notices: Notices,
        audit: AuditLog,
        clock: Clock,
        lifetime: int,
        is_barred: Callable[[str], bool],
    ) -> None:
        """Take collaborators; ``lifetime`` is in seconds, 0 where the operator wants none of it; ``is_barred`` tells of staff and administrators."""
        self._store = store
        self._seal = seal
        self._notices = notices
        self._audit = audit
        self._clock = clock
        self.lifetime = lifetime
        self._is_barred = is_barred

    def may_have(self, account_id: str) -> bool:
        """Tell whether this person may have trusted devices here."""
        return self.lifetime > 0 and not self._is_barred(account_id)

    def of_account(self, account_id: str) -> list[TrustedDevice]:
        """Return a person's trusted browsers, oldest first."""
        rows = self._store.of_account(account_id, self._clock.now()) if self.lifetime else []
        return [
            TrustedDevice(row.id, self._named(row), row.created_at, row.last_used_at, row.expires_at) for row in rows
        ]

    def add(self, account_id: str, name: str, *, actor: str, case_code: str = "") -> str:
        """Trust a browser, called ``name``, and return the secret for its cookie; raises ``Refused`` for who may not have any."""
        if not self.may_have(account_id):
            raise Refused("trusted devices are off, or not for staff", code="not_offered")
        now, device_id, secret = self._clock.now(), handles.new_id(), handles.new_secret()
        sealed = self._seal.seal(name.encode(), device_id.encode())
        row = TrustedRow(
            device_id, account_id, _digest(account_id, secret), b"", sealed, now, None, now + self.lifetime
        )
        record = self._record(Event.CREDENTIAL_SET, account_id, actor, "", case_code, item=device_id)
        self._store.add(row, record, most=MOST)
        return secret

    def use(self, account_id: str, secret: str | None, case_code: str = "") -> str:
        """Use a cookie up and return the next one, "" where the browser is not trusted.

        A cookie that was used up longer than a minute ago is a copy, or was copied: the trust ends, and the person is told.
        """
        if secret is None or not _SECRET.fullmatch(secret) or not self.may_have(account_id):
            return ""
        now, following, digest = self._clock.now(), handles.new_secret(), _digest(account_id, secret)
        if self._store.use(account_id, digest, _digest(account_id, following), now):
            return following
        record = self._record(Event.CREDENTIAL_REMOVE, account_id, "system", "copied", case_code)
        if self._store.end_copied(account_id, digest, now - GRACE, record):
            self._notices.tell(account_id, Topic.FACTOR_REMOVED, Detail(factor=NAME))
        return ""

    def end_all(self, account_id: str, reason: str, actor: str) -> int:
        """Trust no browser of a person any more; returns how many were trusted."""
        return self._store.end_all(account_id, self._record(Event.CREDENTIAL_REMOVE, account_id, actor, reason, ""))

    def _named(self, row: TrustedRow) -> str:
        return self._seal.unseal(row.name, row.id.encode()).decode()

    def _record(
        self, event: Event, account_id: str, actor: str, reason: str, case_code: str, item: str = ""
    ) -> AuditRecord:
        return self._audit.record(
            AuditEvent(
                event,
                reason=reason,
                actor=actor,
                account_id=account_id,
                target=f"account:{account_id}",
                case_code=case_code,
                detail={"kind": NAME, "item": item},
            )
        )


def _digest(account_id: str, secret: str) -> bytes:
    return handles.digest(f"trusted:{account_id}:{secret}")
