"""Coming back to one's account from a browser: beginning from afar, activating, cancelling.

Answers are the same for known and unknown codes, after the same work, and tries are counted before anything is looked at: per person, address
and network, apart from those of sign-ins, so that who fills the ones does not close the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from idp.authn.credentials import CredentialService
from idp.authn.factors.registry import Factors
from idp.errors import Busy, Conflict, NotFound, Refused, Throttled
from idp.flows.throttling import Attempt, SignInThrottle
from idp.model.audit import AuditEvent, Event, Outcome
from idp.model.session import Origin
from idp.ports.recoveries import RecoveryRow
from idp.services.account_names import Typed
from idp.services.accounts import AccountService
from idp.services.audit import AuditLog
from idp.services.recoveries import Begun, RecoveryService
from policies.recovery import RULES, Path

_LONGEST_CODE = 64
_NOBODY = "nobody"
_BY = "upstream:"

IsLinked = Callable[[str, str, int], bool]
"""Tells whether an account (its id) has a link to an upstream (its name) that was there at a moment (epoch seconds) and still is."""

Unlink = Callable[[str, str], None]
"""Ends the links of an account (its id) that a password proved, but for that to one upstream (its name, "" for none)."""


class RecoveryFlow:
    """The steps of a recovery, each from stored state to stored state."""

    def __init__(
        self,
        recoveries: RecoveryService,
        accounts: AccountService,
        credentials: CredentialService,
        factors: Factors,
        throttle: SignInThrottle,
        audit: AuditLog,
        is_linked: IsLinked,
        unlink: Unlink,
    ) -> None:
        """Take collaborators."""
        self._recoveries = recoveries
        self._accounts = accounts
        self._credentials = credentials
        self._factors = factors
        self._throttle = throttle
        self._audit = audit
        self._is_linked = is_linked
        self._unlink = unlink

    def begin(self, code: str, proofs: dict[str, str], origin: Origin, case_code: str) -> Begun:
        """Begin from afar with a typed identity code and an answer to each factor of the path.

        Raises ``Refused`` with code ``not_verified`` for every reason alike, ``Throttled`` and ``Busy``.
        """
        with self._tried(code, origin, Event.RECOVERY_START, case_code) as (typed, attempt):
            self._same_work(attempt)
            problem = self._unproven(typed, proofs)
            if not problem and typed.account_id is not None:
                try:
                    begun = self._recoveries.begin(
                        typed.account_id, Path.REMOTE, actor=f"account:{typed.account_id}", reason="remote"
                    )
                except Refused as error:
                    problem = error.code
                else:
                    self._throttle.succeeded(attempt)
                    return begun
            raise self._refused(Event.RECOVERY_START, problem, typed, origin, case_code)

    def named(self, code: str, origin: Origin, case_code: str) -> str:
        """Count a try at a typed identity code, and return the account behind it, or a name that is nobody's.

        For a proof that is made elsewhere: ``begin_proven`` or ``unproven`` ends it. Raises ``Throttled`` and ``Busy``.
        """
        with self._tried(code, origin, Event.RECOVERY_START, case_code) as (typed, attempt):
            self._same_work(attempt)
            return self._accounts.resolve(typed.account_id) if typed.account_id is not None else _NOBODY

    def begin_proven(self, account_id: str, upstream: str, origin: Origin, case_code: str) -> Begun:
        """Begin for whom an upstream has vouched; raises ``Refused`` with code ``not_verified`` for every reason alike."""
        try:
            begun = self._recoveries.begin(
                account_id, Path.UPSTREAM, actor=f"account:{account_id}", reason=f"{_BY}{upstream}"
            )
        except Refused as error:
            self._write(Event.RECOVERY_START, error.code, account_id, origin, case_code)
            raise Refused(f"the recovery was refused: {error.code}", code="not_verified") from error
        self._throttle.forget(f"account:{account_id}")
        return begun

    def unproven(self, account_id: str, reason: str, origin: Origin, case_code: str, outcome: Outcome) -> None:
        """Record why a proof that was made elsewhere began nothing."""
        known = account_id if account_id != _NOBODY else None
        self._write(Event.RECOVERY_START, reason, known, origin, case_code, outcome)

    def activate(self, code: str, activation: str, password: str, origin: Origin, case_code: str) -> None:
        """Finish with the activation code and a new password.

        Raises ``Refused`` with code ``not_verified``, or ``cooling_off`` and ``not_approved`` for who has the right code; ``InvalidInput`` for
        a password that breaks a rule (the code stays good), ``Throttled`` and ``Busy``.
        """
        with self._tried(code, origin, Event.RECOVERY_FINISH, case_code) as (typed, attempt):
            try:
                row = self._recoveries.ready(typed.account_id or _NOBODY, activation)
                self._check_link(row)
            except Refused as error:
                self._same_work(attempt)
                refused = self._refused(Event.RECOVERY_FINISH, error.code, typed, origin, case_code)
                raise (error if error.code in {"cooling_off", "not_approved"} else refused) from error
            self._throttle.succeeded(attempt)
            fresh, kept = self._credentials.replacement(row.account_id, password)
            # Before the end, so that a failure leaves less open: whoever knew the old password may have linked himself by it.
            self._unlink(row.account_id, _upstream_of(row))
            try:
                self._recoveries.finish(row, fresh, kept)
            except (Refused, Conflict) as error:
                raise self._refused(Event.RECOVERY_FINISH, error.code, typed, origin, case_code) from error

    def cancel(self, code: str, cancel: str, origin: Origin, case_code: str) -> None:
        """Cancel with the code of the notice; raises ``Refused`` with code ``not_verified``, and ``Throttled``."""
        with self._tried(code, origin, Event.RECOVERY_CANCEL, case_code) as (typed, attempt):
            try:
                self._recoveries.cancel(
                    typed.account_id or _NOBODY, actor="anonymous", reason="cancelled_by_code", code=cancel
                )
            except NotFound as error:
                raise self._refused(Event.RECOVERY_CANCEL, error.code, typed, origin, case_code) from error
            self._throttle.succeeded(attempt)

    def _unproven(self, typed: Typed, proofs: dict[str, str]) -> str:
        """Return why it cannot be, or why the proofs do not hold. The printed code, which is used up by being right, is asked last."""
        if typed.account_id is None:
            return "unknown_code"
        problem = self._recoveries.problem(self._accounts.get(typed.account_id), Path.REMOTE)
        if problem:
            return problem
        for factor in RULES[Path.REMOTE].proofs:
            try:
                self._factors.prove(factor, typed.account_id, proofs.get(factor, ""), "recovery")
            except Refused as error:
                return error.code
        return ""

    def _check_link(self, row: RecoveryRow) -> None:
        """Whoever closed the upstream while the recovery waited has said that it opens the account no more (decision 0140)."""
        name = _upstream_of(row)
        if name and not self._is_linked(row.account_id, name, row.started_at):
            raise Refused("the upstream that vouched is linked no more", code="not_linked")

    def _same_work(self, attempt: Attempt) -> None:
        """A hash that costs what a sign-in costs drowns what a look at the stores takes, whether there was something to see or not."""
        try:
            self._credentials.verify_password(None, "")
        except Busy:
            self._throttle.undone(attempt)
            raise

    @contextmanager
    def _tried(self, code: str, origin: Origin, event: Event, case_code: str) -> Iterator[tuple[Typed, Attempt]]:
        typed = self._accounts.typed(code.strip()[:_LONGEST_CODE])
        try:
            attempt = self._throttle.begin(typed.key, origin.address)
        except Throttled:
            self._write(event, "throttled", typed.account_id, origin, case_code)
            raise
        yield typed, attempt

    def _refused(self, event: Event, reason: str, typed: Typed, origin: Origin, case_code: str) -> Refused:
        self._write(event, reason, typed.account_id, origin, case_code)
        return Refused(f"the recovery was refused: {reason}", code="not_verified")

    def _write(
        self,
        event: Event,
        reason: str,
        account_id: str | None,
        origin: Origin,
        case_code: str,
        outcome: Outcome = Outcome.REFUSED,
    ) -> None:
        self._audit.write(
            AuditEvent(
                event,
                outcome,
                reason,
                actor="anonymous",
                account_id=account_id,
                case_code=case_code,
                private={"address": origin.address, "browser": origin.browser},
            )
        )


def _upstream_of(row: RecoveryRow) -> str:
    """Return the upstream that vouched, "" for a recovery that another path began."""
    return row.reason.removeprefix(_BY) if row.path == Path.UPSTREAM else ""
