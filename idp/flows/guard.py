"""Guards a sign-in against guessing: counts each try before it is looked at, and locks the sign-in of staff.

What the guard finds is never told outside. A try that must not be looked at gets the same answer after the same work as one with a wrong
password, so nobody learns from it whether a code is known, whose it is, or that it is locked.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from idp.clock import Clock
from idp.errors import Refused
from idp.flows.throttling import Attempt, SignInThrottle
from idp.ports.staff import StaffRegister
from idp.services.account_names import Typed
from idp.services.locks import AccountLocks, Ground
from policies import throttle
from policies.locks import Reason

_NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Watch:
    """One counted try: whether it is at a member of staff, at a sign-in that is locked, and has one of the tickets of staff."""

    attempt: Attempt
    is_staff: bool
    is_locked: bool
    has_ticket: bool

    @property
    def is_open(self) -> bool:
        """Tell whether the password may be looked at; the same work is done if not."""
        return self.attempt.is_from_known_device or (self.has_ticket and not self.is_locked)


class SignInGuard:
    """Begins and judges tries."""

    def __init__(
        self,
        counted: SignInThrottle,
        locks: AccountLocks,
        staff: StaffRegister,
        is_known: Callable[[str, str | None], bool],
        clock: Clock,
        staff_lock: int,
    ) -> None:
        """Take collaborators.

        ``is_known`` tells whether an account was used in the browser with this cookie; ``staff_lock`` is how long, in seconds, the sign-in
        of staff stays locked.
        """
        self._throttle = counted
        self._locks = locks
        self._staff = staff
        self._is_known = is_known
        self._clock = clock
        self._staff_lock = staff_lock

    def begin(self, typed: Typed, address: str, device: str | None = None) -> Watch:
        """Count a try; raises ``Throttled``. ``device`` is the browser's cookie, which counts if the account is known there."""
        known = self._is_known(typed.account_id or _NOBODY, device)
        attempt = self._throttle.begin(typed.key, address, device if known and device else "")
        # Both are asked for every code, known or not, and whatever the other says.
        is_staff = self._staff.is_staff(typed.account_id or _NOBODY)
        is_locked = self._locks.closes_sign_in(typed.account_id or _NOBODY)
        has_ticket = throttle.has_ticket(self._throttle.limits, attempt.tries) or not is_staff
        return Watch(attempt, is_staff, is_locked, has_ticket)

    def failed(self, watch: Watch, typed: Typed) -> None:
        """Lock the sign-in of staff when this was the last of the wrong tries; a known device never leads there."""
        if typed.account_id is None or not watch.is_staff or watch.is_locked or watch.attempt.is_from_known_device:
            return
        if not throttle.is_for_lock(self._throttle.limits, watch.attempt.tries):
            return
        why = Ground(Reason.FAILED_TRIES, "too many wrong passwords", ends_at=self._clock.now() + self._staff_lock)
        with suppress(Refused):
            self._locks.lock(typed.account_id, why, actor="system")

    def succeeded(self, watch: Watch) -> None:
        """Forget what a success clears."""
        self._throttle.succeeded(watch.attempt)

    def undone(self, watch: Watch) -> None:
        """Give back a try that was not looked at."""
        self._throttle.undone(watch.attempt)
