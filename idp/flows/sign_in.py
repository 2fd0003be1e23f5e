"""Signing in with an identity code and a password, and stepping up with a one-time code.

Answers are the same for known and unknown codes: the same refusal, after the same work. The order: throttle (counted before anything is
looked up), verify, judge the account's state, then start or renew the session.
"""

from __future__ import annotations

from dataclasses import dataclass

from idp.authn.credentials import CredentialService, PasswordCheck
from idp.errors import NotFound, Refused, Throttled
from idp.flows.pending import Held, PendingRequests
from idp.flows.throttling import Attempt, SignInThrottle
from idp.model.account import Account
from idp.model.audit import AuditEvent, Event, Outcome
from idp.model.session import Origin, Session
from idp.services.accounts import AccountService
from idp.services.audit import AuditLog
from idp.services.sessions import SessionService
from policies import assurance

_LONGEST_CODE = 64


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session was started or renewed: ``secret`` is the new cookie."""

    session: Session
    secret: str


class SignInFlow:
    """The steps of a sign-in, each from stored state to stored state."""

    def __init__(
        self,
        accounts: AccountService,
        credentials: CredentialService,
        sessions: SessionService,
        pending: PendingRequests,
        throttle: SignInThrottle,
        audit: AuditLog,
    ) -> None:
        """Take collaborators."""
        self._accounts = accounts
        self._credentials = credentials
        self._sessions = sessions
        self._pending = pending
        self._throttle = throttle
        self._audit = audit

    def with_password(
        self, held: Held, code: str, password: str, origin: Origin, current: Session | None, case_code: str
    ) -> SignedIn | None:
        """Sign in; None when the person must set a password of their own first (the transaction remembers that they may).

        Raises ``Refused`` with code ``wrong_credentials`` for every reason alike, ``Throttled``, and ``Busy``.
        """
        code = code.strip()[:_LONGEST_CODE]
        attempt = self._counted(self._accounts.sign_in_key(code), origin, case_code)
        account = self._accounts.for_sign_in(code)
        check = self._credentials.verify_password(account.id if account is not None else None, password)
        if account is None or not check.ok or account.state != "active":
            raise self._refused(_why(account, check), account, origin, case_code)
        self._throttle.succeeded(attempt)
        if check.must_change:
            self._pending.change(held, password_account=account.id)
            return None
        return self._begin(held, account.id, origin, current)

    def with_new_password(self, held: Held, password: str, origin: Origin, current: Session | None) -> SignedIn:
        """Set the person's own password and sign in; raises ``InvalidInput`` that names the broken rule."""
        account_id = held.pending.password_account
        if not account_id:
            raise NotFound("no password has to be set in this transaction", code="expired_transaction")
        self._credentials.set_password(account_id, password, actor=f"account:{account_id}")
        return self._begin(held, account_id, origin, current)

    def with_one_time_code(self, session: Session, code: str, origin: Origin, case_code: str) -> SignedIn:
        """Step the session up; raises ``Refused`` with code ``wrong_otp``, ``Throttled``, and ``NotFound`` for an ended session."""
        attempt = self._counted(f"otp:{session.account_id}", origin, case_code)
        digits = "".join(character for character in code if not character.isspace())[:16]
        if not self._credentials.verify_totp(session.account_id, digits):
            self._write(Event.STEP_UP, "wrong_otp", session.account_id, origin, case_code)
            raise Refused("the one-time code is wrong", code="wrong_otp")
        self._throttle.succeeded(attempt)
        factors = (*_factors(session.amr), "totp")
        acr, amr = assurance.reached(factors), assurance.amr(factors)
        renewed = self._sessions.renew(session, acr, amr, origin, is_step_up=True)
        if renewed is None:
            raise NotFound("the session has ended", code="expired_transaction")
        return SignedIn(*renewed)

    def has(self, account_id: str, kind: str) -> bool:
        """Tell whether a factor is enrolled."""
        return self._credentials.has(account_id, kind)

    def reachable(self, account_id: str) -> str:
        """Return the level that the account's enrolled factors reach together."""
        known = self._credentials.kinds(account_id) & assurance.FACTORS.keys()
        return assurance.reached(known) if known else ""

    def _begin(self, held: Held, account_id: str, origin: Origin, current: Session | None) -> SignedIn:
        """Renew the browser's session when it is the same person's; end another person's before a new one starts."""
        factors = ("password",)
        acr, amr = assurance.reached(factors), assurance.amr(factors)
        renewed = None
        if current is not None and current.account_id == account_id:
            renewed = self._sessions.renew(current, acr, amr, origin)
        elif current is not None:
            self._sessions.end(current, "other_account", f"account:{current.account_id}")
        session, secret = renewed or self._sessions.start(account_id, acr, amr, origin)
        self._pending.change(held, signed_in_at=session.auth_time, password_account="")
        return SignedIn(session, secret)

    def _counted(self, key: str, origin: Origin, case_code: str) -> Attempt:
        try:
            return self._throttle.begin(key, origin.address)
        except Throttled:
            self._write(Event.SIGN_IN, "throttled", None, origin, case_code)
            raise

    def _refused(self, reason: str, account: Account | None, origin: Origin, case_code: str) -> Refused:
        self._write(Event.SIGN_IN, reason, account.id if account is not None else None, origin, case_code)
        return Refused(f"sign-in refused: {reason}", code="wrong_credentials")

    def _write(self, event: Event, reason: str, account_id: str | None, origin: Origin, case_code: str) -> None:
        self._audit.write(
            AuditEvent(
                event,
                Outcome.REFUSED,
                reason,
                actor="anonymous",
                account_id=account_id,
                case_code=case_code,
                private={"address": origin.address, "browser": origin.browser},
            )
        )


def _why(account: Account | None, check: PasswordCheck) -> str:
    if account is None:
        return "unknown_code"
    return "wrong_password" if not check.ok else f"account_{account.state}"


def _factors(amr: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name, factor in assurance.FACTORS.items() if factor.amr in amr and name != "totp")
