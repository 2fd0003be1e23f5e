"""Recoveries of accounts: begun, approved, cancelled, finished. The only writer.

The activation code is shown once, to who stands at the screen or the counter; the cancel code goes to the owner on every channel there is.
Both are kept as keyed digests. Nothing of a recovery signs anybody in: at its end there is a new password, and the person signs in with it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from idp import handles
from idp.clock import Clock
from idp.errors import Conflict, InvalidInput, NotFound, Refused
from idp.model.account import Account
from idp.model.audit import AuditEvent, AuditRecord, Event
from idp.model.notice import Detail, Topic
from idp.ports.accounts import CredentialRow
from idp.ports.notices import Notices
from idp.ports.recoveries import CANCELLED, RecoveryRow, RecoveryStore
from idp.ports.staff import StaffRegister
from idp.services.accounts import OPERATOR, AccountService
from idp.services.audit import AuditLog
from idp.services.sessions import SessionService
from policies import recovery
from policies.recovery import Path

_ALPHABET: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_ACTIVATION: Final = 16
"""80 bits: nobody tries them all."""
_CANCEL: Final = 8
"""40 bits, which fit an SMS; asked together with the account, and tries are counted."""
_GROUP: Final = 4
_LONGEST_TEXT: Final = 1000


@dataclass(frozen=True, slots=True)
class Begun:
    """A recovery that was begun, with the activation code as it is read aloud or printed: shown this once."""

    row: RecoveryRow
    activation_code: str


@dataclass(frozen=True, slots=True)
class Times:
    """How long a recovery from afar cools off, and how long an activation code lives after that, in seconds."""

    cooling: int
    activation: int


class RecoveryService:
    """Keeps recoveries."""

    def __init__(
        self,
        store: RecoveryStore,
        accounts: AccountService,
        sessions: SessionService,
        staff: StaffRegister,
        notices: Notices,
        audit: AuditLog,
        clock: Clock,
        key: bytes,
        times: Times,
        unlock: Callable[[str], None] = lambda _account_id: None,
    ) -> None:
        """Take collaborators; ``unlock`` ends the locks of an account's sign-in, which a recovery makes pointless."""
        self._store = store
        self._accounts = accounts
        self._sessions = sessions
        self._staff = staff
        self._notices = notices
        self._audit = audit
        self._clock = clock
        self._key = key
        self._times = times
        self._unlock = unlock

    def begin(
        self, account_id: str, path: Path, *, evidence: str = "", reason: str = "", actor: str = OPERATOR
    ) -> Begun:
        """Begin a recovery, and tell the owner on every channel how to cancel it.

        The local operator needs no second person; another member of staff does. Raises ``NotFound``, ``InvalidInput`` without evidence at the
        counter, and ``Refused`` with the reason as its code.
        """
        account = self._accounts.get(account_id)
        if path is Path.COUNTER and not evidence.strip():
            raise InvalidInput("is required: what was seen at the counter", field="evidence")
        if max(len(evidence), len(reason)) > _LONGEST_TEXT:
            raise InvalidInput(f"must have at most {_LONGEST_TEXT} characters", field="evidence")
        problem = self.problem(account, path)
        if problem:
            raise Refused(f"the account cannot be recovered so: {problem}", code=problem)
        code, cancel = _draw(_ACTIVATION), _draw(_CANCEL)
        row = self._row(account.id, path, code, cancel, evidence.strip(), reason, actor)
        if not self._store.begin(row, self._record(Event.RECOVERY_START, row, actor), supersede=path is Path.COUNTER):
            raise Refused("a recovery is under way", code="under_way")
        self._notices.tell(account.id, Topic.RECOVERY_STARTED, Detail(code=cancel))
        return Begun(row, _grouped(code))

    def problem(self, account: Account, path: Path) -> str:
        """Return why a recovery cannot be begun now (a reason id), or nothing."""
        now = self._clock.now()
        return recovery.may_begin(
            path,
            account.state,
            is_staff=self._staff.is_staff(account.id),
            is_under_way=self._store.live(account.id, now) is not None,
            is_cancelled=self._store.cancelled_at(account.id) > now - self._times.cooling,
        )

    def approve(self, recovery_id: str, approver: str) -> RecoveryRow:
        """Let a recovery go on that a colleague began at the counter. Raises ``NotFound``, ``Refused`` and ``Conflict``."""
        row = self._found(recovery_id)
        problem = recovery.may_approve(row.started_by, approver, OPERATOR)
        if problem:
            raise Refused("another person has to approve", code=problem)
        if not self._store.approve(
            row.id, approver, self._clock.now(), self._record(Event.RECOVERY_APPROVE, row, approver)
        ):
            raise Conflict("the recovery has ended, or was approved before", code="decided")
        return self._found(recovery_id)

    def get(self, recovery_id: str) -> RecoveryRow | None:
        """Return one by id."""
        return self._store.get(recovery_id)

    def live(self, account_id: str) -> RecoveryRow | None:
        """Return the recovery of an account that is under way."""
        return self._store.live(account_id, self._clock.now())

    def from_afar(self, account_id: str) -> RecoveryRow | None:
        """Return the recovery under way that was begun from afar; one at a counter was begun by clerks who saw a person."""
        row = self.live(account_id)
        return row if row is not None and row.path != Path.COUNTER else None

    def cancel(self, account_id: str, *, actor: str, reason: str, code: str | None = None) -> None:
        """End the recovery that is under way; ``code`` is the cancel code where that is all that somebody shows.

        Raises ``NotFound``, which tells a wrong code and no recovery not apart.
        """
        row = self.live(account_id)
        if row is None or (code is not None and not self._is(row, row.cancel, code)):
            raise NotFound("there is no such recovery", code="no_recovery")
        record = self._record(Event.RECOVERY_CANCEL, row, actor, reason)
        if not self._store.end(row.id, actor, self._clock.now(), CANCELLED, record):
            raise NotFound("the recovery has ended", code="no_recovery")

    def ready(self, account_id: str, code: str) -> RecoveryRow:
        """Return the recovery that an activation code opens now; raises ``Refused`` with the reason as its code."""
        row = self.live(account_id)
        if row is None or not self._is(row, row.code, code):
            raise Refused("the activation code is wrong", code="wrong_activation_code")
        if row.approved_at is None:
            raise Refused("the recovery waits for a second person", code="not_approved")
        if not row.is_ready(self._clock.now()):
            raise Refused("the recovery is cooling off", code="cooling_off")
        return row

    def finish(self, row: RecoveryRow, password: CredentialRow, former: int = 0) -> None:
        """Give the account its new password; every other factor, session, token and known device ends.

        Of the passwords that it had the last ``former`` are remembered, so that they come not again.

        Raises ``Refused`` when the account is not active any more or is now that of staff who have to come in person, and ``Conflict`` when the
        code was used meanwhile.
        """
        state, is_staff = self._accounts.get(row.account_id).state, self._staff.is_staff(row.account_id)
        problem = recovery.may_finish(Path(row.path), state, is_staff=is_staff)
        if problem:
            raise Refused(f"the recovery cannot be finished: {problem}", code=problem)
        actor = f"account:{row.account_id}"
        # One after the other, as only the end of a session tells the departments; the transaction ends what is left.
        self._sessions.end_all(row.account_id, "recovered", actor)
        now, record = self._clock.now(), self._record(Event.RECOVERY_FINISH, row, actor)
        if not self._store.finish(row, password, now, record, former=former):
            raise Conflict("the activation code was used", code="used")
        self._unlock(row.account_id)
        self._notices.tell(row.account_id, Topic.RECOVERY_FINISHED)

    def recovered_at(self, account_id: str) -> int:
        """Return when an account was last recovered, 0 for never: what was enrolled before counts for nothing."""
        return self._store.recovered_at(account_id)

    def _row(
        self, account_id: str, path: Path, code: str, cancel: str, evidence: str, reason: str, actor: str
    ) -> RecoveryRow:
        now, recovery_id = self._clock.now(), handles.new_id()
        ready = recovery.ready_at(path, now, self._times.cooling)
        approved = None if recovery.RULES[path].by_two and actor != OPERATOR else actor
        return RecoveryRow(
            recovery_id,
            account_id,
            path,
            self._digest(recovery_id, code),
            self._digest(recovery_id, cancel),
            evidence,
            reason,
            actor,
            now,
            ready,
            ready + self._times.activation,
            approved_by=approved,
            approved_at=now if approved else None,
        )

    def _found(self, recovery_id: str) -> RecoveryRow:
        row = self._store.get(recovery_id)
        if row is None:
            raise NotFound("no such recovery")
        return row

    def _is(self, row: RecoveryRow, stored: bytes, typed: str) -> bool:
        plain = "".join(letter for letter in typed[:64].upper() if letter.isalnum())
        return hmac.compare_digest(stored, self._digest(row.id, plain))

    def _digest(self, recovery_id: str, code: str) -> bytes:
        return hmac.digest(self._key, f"{recovery_id}\0{code}".encode(), hashlib.sha256)

    def _record(self, event: Event, row: RecoveryRow, actor: str, reason: str = "") -> AuditRecord:
        return self._audit.record(
            AuditEvent(
                event,
                reason=reason or row.reason,
                actor=actor,
                account_id=row.account_id,
                target=f"recovery:{row.id}",
                detail={"path": row.path, **({"evidence": row.evidence} if row.evidence else {})},
            )
        )


def _draw(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _grouped(code: str) -> str:
    return "-".join(code[at : at + _GROUP] for at in range(0, len(code), _GROUP))
