"""Locks of accounts: the only writer of their grounds, and the only way to end one.

A lock ends sessions and tokens in the transaction that writes it; the departments are told by the end of each session before. The person is
told by a notice, on every channel there is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from idp import handles
from idp.clock import Clock
from idp.errors import Conflict, InvalidInput, NotFound, Refused
from idp.model.audit import AuditEvent, AuditRecord, Event, Outcome
from idp.ports.locks import Ending, LockRow, LockStore
from idp.services.accounts import OPERATOR, AccountService
from idp.services.audit import AuditLog
from idp.services.sessions import SessionService
from policies import locks
from policies.locks import Reason, Scope

_BATCH: Final = 200
_LONGEST_REFERENCE: Final = 200

Tell = Callable[[str, str, LockRow], None]
"""Tells a person (account id) of a lock (``locked``) or its end (``unlocked``); what cannot be sent is no reason not to lock."""


@dataclass(frozen=True, slots=True)
class Ground:
    """Why an account is to be locked. ``reference`` names the document behind it; ``ends_at`` is when the lock ends on its own."""

    code: Reason
    reason: str = ""
    reference: str = ""
    ends_at: int | None = None


def ground(code: str, reason: str = "", reference: str = "", ends_at: int | None = None) -> Ground:
    """Return a ground from an operator's words; raises ``InvalidInput`` that names the field."""
    if code not in set(Reason):
        raise InvalidInput(f"must be one of {', '.join(Reason)}", field="reason_code")
    if len(reference) > _LONGEST_REFERENCE:
        raise InvalidInput(f"must have at most {_LONGEST_REFERENCE} characters", field="reference")
    return Ground(Reason(code), reason, reference.strip(), ends_at)


class AccountLocks:
    """Locks and unlocks."""

    def __init__(
        self,
        store: LockStore,
        accounts: AccountService,
        sessions: SessionService,
        audit: AuditLog,
        clock: Clock,
        forget: Callable[[str], None] = lambda _account_id: None,
        tell: Tell = lambda _account_id, _what, _lock: None,
    ) -> None:
        """Take collaborators; ``forget`` clears an account's counters of tries when its locks end."""
        self._store = store
        self._accounts = accounts
        self._sessions = sessions
        self._audit = audit
        self._clock = clock
        self._forget = forget
        self._tell = tell

    def lock(self, account_id: str, why: Ground, *, actor: str = OPERATOR) -> LockRow:
        """Lock an account; another ground beside one that is there already is another lock.

        Raises ``NotFound``, ``InvalidInput`` for a ground that is not for this kind of account or lacks its reference, and ``Refused`` where
        the account is closed or locked on this ground already.
        """
        account, now = self._accounts.get(account_id), self._clock.now()
        problem = locks.may_lock(why.code, account.kind, why.reference)
        if problem:
            field = "reference" if problem == "reference_missing" else "reason_code"
            raise InvalidInput(f"{problem}: {why.code}", field=field, code=problem)
        if why.ends_at is not None and why.ends_at <= now:
            raise InvalidInput("must be in the future", field="until")
        scope = locks.TERMS[why.code].scope
        row = LockRow(
            handles.new_id(), account.id, scope, why.code, why.reason, why.reference, actor, now, ends_at=why.ends_at
        )
        if scope is Scope.ACCOUNT:
            # One after the other, as only the end of a session tells the departments; the lock ends what is left.
            self._sessions.end_all(account.id, "account_locked", actor)
        if not self._store.add(row, self._record(Event.ACCOUNT_LOCK, row, actor, why.reason)):
            raise Refused(f"the account is {account.state}, or locked on this ground already: {why.code}")
        self._tell(account.id, "locked", row)
        return row

    def unlock(
        self, account_id: str, *, reason: str, code: str = "", actor: str = OPERATOR, approver: str = ""
    ) -> tuple[LockRow, ...]:
        """End every live lock of an account, or those on one ground; returns them.

        Raises ``NotFound``, and ``Refused`` where nothing is locked or (code ``two_persons_needed``) where the ground wants a second person;
        that refusal is recorded.
        """
        account = self._accounts.get(account_id)
        live = tuple(lock for lock in self.live(account.id) if code in {"", lock.reason_code})
        if not live and not code and account.state == "locked":
            # Locked without a ground.
            self._accounts.change_state(account.id, "active", reason=reason, actor=actor)
            return ()
        if not live:
            raise Refused(f"the account is {account.state}: there is no such lock")
        problem = locks.may_unlock((lock.reason_code for lock in live), actor, approver)
        if problem:
            self._refuse(account.id, live, actor, problem)
        self._end(account.id, live, actor, reason, approver)
        return live

    def live(self, account_id: str) -> list[LockRow]:
        """Return the locks that count now, oldest first."""
        return self._store.live(account_id, self._clock.now())

    def is_free(self, account_id: str) -> bool:
        """Tell whether what was asked in an account's name still counts.

        It does not where the account is none under this very id, is locked or closed, or its person has said that somebody else was in it.
        """
        try:
            account = self._accounts.get(account_id)
        except NotFound:
            return False
        if (account.id, account.state) != (account_id, "active"):
            return False
        return all(lock.reason_code != Reason.NOT_ME for lock in self.live(account_id))

    def closes_sign_in(self, account_id: str) -> bool:
        """Tell whether the account cannot be signed in to on a device that nobody knows. Takes as long for an id that is nobody's."""
        return any(not lock.closes_account for lock in self.live(account_id))

    def open_sign_in(self, account_id: str, reason: str, *codes: Reason) -> None:
        """End the locks of the sign-in on these grounds, whose ground has gone with what happened."""
        live = tuple(lock for lock in self.live(account_id) if not lock.closes_account and lock.reason_code in codes)
        if live:
            self._end(account_id, live, "system", reason, "")

    def history(self, account_id: str) -> list[LockRow]:
        """Return all locks of an account, newest first."""
        return self._store.of_account(account_id)

    def end_due(self) -> int:
        """End the locks whose time is over; returns how many. A regular task, safe in many processes."""
        due = self._store.due(self._clock.now(), _BATCH)
        for lock in due:
            try:
                self._end(lock.account_id, (lock,), "system", "time_over", "")
            except (Conflict, NotFound):
                continue
        return len(due)

    def _end(self, account_id: str, live: tuple[LockRow, ...], actor: str, reason: str, approver: str) -> None:
        ending = Ending(account_id, tuple(lock.id for lock in live), self._clock.now(), actor, reason)
        detail = {"grounds": [lock.reason_code for lock in live], **({"approver": approver} if approver else {})}

        def record(opens: bool) -> AuditRecord:
            return self._audit.record(
                AuditEvent(
                    Event.ACCOUNT_UNLOCK,
                    reason=reason,
                    actor=actor,
                    account_id=account_id,
                    target=f"account:{account_id}",
                    detail={**detail, "opens": opens},
                )
            )

        if not self._store.end(ending, record):
            raise Conflict("the account was closed or merged meanwhile")
        self._forget(account_id)
        for lock in live:
            self._tell(account_id, "unlocked", lock)

    def _record(self, event: Event, row: LockRow, actor: str, reason: str) -> AuditRecord:
        detail = {"ground": row.reason_code, "scope": row.scope, "reference": row.reference, "ends_at": row.ends_at}
        return self._audit.record(
            AuditEvent(
                event,
                reason=reason,
                actor=actor,
                account_id=row.account_id,
                target=f"account:{row.account_id}",
                detail={name: value for name, value in detail.items() if value},
            )
        )

    def _refuse(self, account_id: str, live: tuple[LockRow, ...], actor: str, problem: str) -> None:
        self._audit.write(
            AuditEvent(
                Event.ACCOUNT_UNLOCK,
                Outcome.REFUSED,
                problem,
                actor=actor,
                account_id=account_id,
                target=f"account:{account_id}",
                detail={"grounds": [lock.reason_code for lock in live]},
            )
        )
        raise Refused("ending this lock needs the approval of a second person", code=problem)
