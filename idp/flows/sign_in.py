"""Signing in with an identity code and a password or with a passkey, and stepping up with whatever factor is missing.

Answers are the same for known and unknown codes: the same refusal, after the same work. The order: throttle (counted before anything is
looked up), verify, judge the account's state, then start or renew the session.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from idp.authn.credentials import CredentialService, PasswordCheck
from idp.authn.factors.passkey import rule_of
from idp.authn.factors.password import PASSWORD
from idp.authn.factors.registry import Factors
from idp.authn.passkeys import Passkeys
from idp.authn.trusted_devices import NAME as TRUSTED
from idp.authn.trusted_devices import TrustedDevices
from idp.errors import Busy, NotFound, Refused, Throttled
from idp.flows.guard import SignInGuard, Watch
from idp.flows.pending import Held, PendingRequests
from idp.flows.throttling import FactorThrottle
from idp.model.audit import AuditEvent, Event, Outcome
from idp.model.session import Origin, Session
from idp.services.account_names import Typed
from idp.services.accounts import AccountService
from idp.services.audit import AuditLog
from idp.services.sessions import SessionService
from policies import assurance, factors

_LONGEST_CODE = 64


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session was started or renewed: ``secret`` is the new cookie; ``trust`` that of a trusted device, "" for no change of it.

    ``replaced`` is another person's session, which ended for it.
    """

    session: Session
    secret: str
    trust: str = ""
    replaced: Session | None = None


class SignInFlow:
    """The steps of a sign-in, each from stored state to stored state."""

    def __init__(
        self,
        accounts: AccountService,
        credentials: CredentialService,
        members: Factors,
        passkeys: Passkeys,
        sessions: SessionService,
        pending: PendingRequests,
        guard: SignInGuard,
        trusted: TrustedDevices,
        throttle: FactorThrottle,
        audit: AuditLog,
    ) -> None:
        """Take collaborators."""
        self._accounts = accounts
        self._credentials = credentials
        self._factors = members
        self._passkeys = passkeys
        self._sessions = sessions
        self._pending = pending
        self._guard = guard
        self._trusted = trusted
        self._throttle = throttle
        self._audit = audit

    def with_password(
        self,
        held: Held,
        code: str,
        password: str,
        origin: Origin,
        current: Session | None,
        case_code: str,
        device: str | None = None,
        trust: str | None = None,
    ) -> SignedIn | None:
        """Sign in; None when the person must set a password of their own first (the transaction remembers that they may).

        ``device`` is the cookie of a known device, ``trust`` that of a trusted one.

        Raises ``Refused`` with code ``wrong_credentials`` for every reason alike, ``Throttled``, and ``Busy``.
        """
        typed = self._accounts.typed(code.strip()[:_LONGEST_CODE])
        with self._counts(Event.SIGN_IN, origin, case_code):
            watch = self._guard.begin(typed, origin.address, device)
        check = self._verified(watch, typed, password)
        if typed.account_id is None or not check.ok or typed.state != "active":
            self._guard.failed(watch, typed)
            self._write(Event.SIGN_IN, _why(watch, typed, check), typed.account_id, origin, case_code)
            raise Refused("sign-in refused", code="wrong_credentials")
        self._guard.succeeded(watch)
        if check.is_issued or (check.must_change and not self._has_second_factor(typed.account_id)):
            # Whoever has a second factor sets another in place of an old one after that: the password may be somebody else's by now.
            self._pending.change(held, password_account=typed.account_id, password_rule="")
            return None
        following = self._trust_used(typed.account_id, trust, case_code)
        proved = ("password", TRUSTED) if following else ("password",)
        return replace(self._begin(held, typed.account_id, origin, current, *proved), trust=following)

    def with_new_password(self, held: Held, password: str, origin: Origin, current: Session | None) -> SignedIn:
        """Set the person's own password and sign in; raises ``InvalidInput`` that names the broken rule."""
        account_id = held.pending.password_account
        if not account_id:
            raise NotFound("no password has to be set in this transaction", code="expired_transaction")
        self._credentials.set_password(account_id, password, actor=f"account:{account_id}")
        rule = held.pending.password_rule
        if not rule or current is None or current.account_id != account_id:
            return self._begin(held, account_id, origin, current)
        signed_in = self.raised(current, rule, origin)
        self._pending.change(held, password_account="", password_rule="")
        return signed_in

    def with_passkey(
        self, held: Held, answer: str, origin: Origin, current: Session | None, case_code: str
    ) -> SignedIn:
        """Sign in by a passkey alone: it names the person and proves two factors; raises ``Refused`` for every reason alike.

        Nothing is counted: what a passkey signs cannot be guessed.
        """
        try:
            passkey = self._passkeys.verify(answer, bound_to(held))
        except Refused as error:
            owner = self._passkeys.owner(answer)
            self._write(Event.SIGN_IN, error.code, owner, origin, case_code)
            raise Refused(error.reason, code="wrong_passkey") from error
        account = self._accounts.get(passkey.account_id)
        if account.state != "active":
            self._write(Event.SIGN_IN, f"account_{account.state}", account.id, origin, case_code)
            raise Refused("the account is not active", code="wrong_passkey")
        return self._begin(held, account.id, origin, current, rule_of(is_synced=passkey.is_synced))

    def step_up(
        self,
        session: Session,
        held: Held,
        factor: str,
        answer: str,
        origin: Origin,
        case_code: str,
        device: str | None = None,
    ) -> SignedIn | None:
        """Verify one more factor; ``device`` is the cookie of a known device.

        None when another password has to be set in place of an old one first: the factor counts once that is done.
        Raises ``Refused`` with the reason, ``Throttled``, ``Busy``, and ``NotFound`` for an ended session.
        """
        with self._counts(Event.STEP_UP, origin, case_code, session.account_id):
            attempt = self._throttle.begin(session.account_id, origin.address, device)
        try:
            rule = self._factors.prove(factor, session.account_id, answer, bound_to(held))
        except Refused as error:
            self._write(Event.STEP_UP, error.code, session.account_id, origin, case_code)
            raise
        except Busy:
            self._throttle.undone(attempt)
            raise
        self._throttle.succeeded(attempt)
        if ("pwd" in session.amr or rule == PASSWORD) and self._credentials.is_old(session.account_id):
            self._pending.change(held, password_account=session.account_id, password_rule=rule)
            return None
        return self.raised(session, rule, origin)

    def raised(self, session: Session, rule: str, origin: Origin) -> SignedIn:
        """Raise a session by a factor that was verified in it a moment ago; raises ``NotFound`` for an ended session."""
        acr, amr = factors.raised(session.acr, session.amr, rule, self._factors.table)
        renewed = self._sessions.renew(session, acr, amr, origin, is_step_up=True)
        if renewed is None:
            raise NotFound("the session has ended", code="expired_transaction")
        return SignedIn(*renewed)

    def missing(self, session: Session, acr: str) -> tuple[str, ...]:
        """Return the factors each of which alone would raise the session to a level."""
        enrolled = self._factors.of(session.account_id)
        return factors.missing_factors(session.acr, session.amr, acr, enrolled, self._factors.table)

    def with_proof(self, held: Held, account_id: str, origin: Origin, current: Session | None) -> SignedIn:
        """Sign in somebody whose password another service has verified: a department's directory."""
        return self._begin(held, account_id, origin, current)

    def reachable(self, session: Session) -> str:
        """Return the level that the session can come to with the factors of its person."""
        return factors.reachable(session.amr, self._factors.of(session.account_id), self._factors.table)

    def _trust_used(self, account_id: str, secret: str | None, case_code: str) -> str:
        """Use the cookie of a trusted device up; "" where there is none, or no second factor that it could stand in for."""
        if not secret:
            return ""
        return self._trusted.use(account_id, secret, case_code) if self._has_second_factor(account_id) else ""

    def _has_second_factor(self, account_id: str) -> bool:
        """Tell whether what the person has reaches level 2."""
        highest = factors.level_of_changes(self._factors.of(account_id), self._factors.table)
        return assurance.satisfies(highest, assurance.LOA_2)

    def _begin(self, held: Held, account_id: str, origin: Origin, current: Session | None, *rules: str) -> SignedIn:
        """Renew the browser's session when it is the same person's; end another person's before a new one starts."""
        table, proved = self._factors.table, rules or ("password",)
        acr, amr = assurance.reached(proved, table), assurance.amr(proved, table)
        renewed, replaced = None, None
        if current is not None and current.account_id == account_id:
            renewed = self._sessions.renew(current, acr, amr, origin)
        elif current is not None:
            self._sessions.end(current, "other_account", f"account:{current.account_id}")
            replaced = current
        session, secret = renewed or self._sessions.start(account_id, acr, amr, origin)
        self._pending.change(held, signed_in_at=session.auth_time, password_account="", password_rule="")
        return SignedIn(session, secret, replaced=replaced)

    def _verified(self, watch: Watch, typed: Typed, password: str) -> PasswordCheck:
        """Verify where the guard lets us, else do the same work; raises ``Busy``, which counts for nothing."""
        try:
            return self._credentials.verify_password(typed.account_id if watch.is_open else None, password)
        except Busy:
            self._guard.undone(watch)
            raise

    @contextmanager
    def _counts(self, event: Event, origin: Origin, case_code: str, account_id: str | None = None) -> Iterator[None]:
        """Record a try that is refused for being one too many."""
        try:
            yield
        except Throttled:
            self._write(event, "throttled", account_id, origin, case_code)
            raise

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


def _why(watch: Watch, typed: Typed, check: PasswordCheck) -> str:
    if typed.account_id is None:
        return "unknown_code"
    if not watch.is_open:
        return "sign_in_locked"
    return "wrong_password" if not check.ok else f"account_{typed.state}"


def bound_to(held: Held) -> str:
    """Return what a challenge of this transaction is bound to: the transaction and its browser."""
    return f"{held.pending.id}:{held.pending.browser}"
