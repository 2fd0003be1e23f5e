"""How people change the factors of their own account: each change is judged, recorded with the act, and told on another channel.

Who may come here at all (a fresh sign-in at the level of what changes) is the door's business; ``level`` tells it which.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from idp.authn import totp
from idp.authn.credentials import CredentialService, TotpEnrolment
from idp.authn.factors.factor import Enrolled
from idp.authn.factors.registry import Factors
from idp.authn.passkeys import Passkey, Passkeys
from idp.authn.recovery_codes import RecoveryCodes
from idp.authn.trusted_devices import NAME as TRUSTED
from idp.authn.trusted_devices import TrustedDevices
from idp.clock import Clock
from idp.errors import DomainError, InvalidInput, NotFound, Refused
from idp.flows.throttling import FactorThrottle
from idp.model.audit import AuditEvent, Event, Outcome
from idp.model.notice import Detail, Topic
from idp.model.session import Origin, Session
from idp.ports.ephemeral import TransactionStore
from idp.ports.factors import FactorRemovals, Removal
from idp.ports.notices import Notices
from idp.services.audit import AuditLog
from idp.services.sessions import SessionService
from idp.services.vault import Seal
from policies import factors as policy
from policies.assurance import LOA_2, satisfies

_ISSUER: Final = "Định Danh"
_DAY: Final = 86400
_WAITING: Final = 900
"""Seconds for which a seed waits for its first code."""


@dataclass(frozen=True, slots=True)
class Here:
    """Who changes something, and from where; ``device`` is the cookie by which the browser is known."""

    session: Session
    origin: Origin
    case_code: str = ""
    device: str | None = None

    @property
    def account_id(self) -> str:
        """Return whose account it is."""
        return self.session.account_id

    @property
    def actor(self) -> str:
        """Return the person as the log names people."""
        return f"account:{self.session.account_id}"


@dataclass(frozen=True, slots=True)
class Keepers:
    """Where the factors are kept."""

    factors: Factors
    credentials: CredentialService
    passkeys: Passkeys
    recovery_codes: RecoveryCodes
    trusted_devices: TrustedDevices
    removals: FactorRemovals


class FactorChanges:
    """Adds, renames, replaces and removes."""

    def __init__(
        self,
        keepers: Keepers,
        sessions: SessionService,
        notices: Notices,
        throttle: FactorThrottle,
        waiting: TransactionStore,
        seeds: Seal,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        """Take collaborators; ``waiting`` keeps seeds, sealed by ``seeds``, until a code of theirs was shown."""
        self._keepers = keepers
        self._sessions = sessions
        self._notices = notices
        self._throttle = throttle
        self._waiting = waiting
        self._seeds = seeds
        self._audit = audit
        self._clock = clock

    def enrolled(self, account_id: str) -> tuple[Enrolled, ...]:
        """Return what the person has."""
        return self._keepers.factors.enrolled(account_id)

    def level(self, account_id: str) -> str:
        """Return the level at which the person must have signed in to change anything."""
        return policy.level_of_changes(self._names(account_id), self._keepers.factors.table)

    def may_remove(self, one: Enrolled, of: tuple[Enrolled, ...]) -> bool:
        """Tell whether a removal would be let through, for the page that offers it."""
        before = {each.factor for each in of if each.left != 0}
        after = {each.factor for each in of if each.left != 0 and each is not one}
        return policy.may_remove(before, after, self._keepers.factors.table)

    def has_second_factor(self, account_id: str) -> bool:
        """Tell whether the factors that last reach level 2: only then is there something to be a spare of."""
        known = self._keepers.factors.table
        lasting = [name for name in self._names(account_id) if known[name].lasts]
        return satisfies(policy.reachable((), lasting, known), LOA_2)

    def app(self, here: Here, label: str) -> TotpEnrolment:
        """Return the seed that waits for its first code in this session, a new one if none does; ``label`` is what the app shows."""
        raw = self._waiting.get(self._key(here), self._clock.now())
        seed = self._seeds.unseal(raw, here.account_id.encode()) if raw is not None else totp.new_seed()
        if raw is None:
            sealed = self._seeds.seal(seed, here.account_id.encode())
            self._waiting.put(self._key(here), sealed, self._clock.now() + _WAITING)
        return TotpEnrolment(totp.base32(seed), totp.provisioning_uri(seed, label or here.account_id, _ISSUER))

    def confirm_app(self, here: Here, code: str) -> None:
        """Enrol the seed that waits, by a code of it; raises ``Refused``, ``Throttled``, and ``NotFound`` when none waits any more."""
        key, now = self._key(here), self._clock.now()
        with self._refusals(here, "totp"):
            attempt = self._throttle.begin(here.account_id, here.origin.address, here.device)
            raw = self._waiting.get(key, now)
            if raw is None:
                raise NotFound("no seed waits for its first code", code="expired_transaction")
            seed = self._seeds.unseal(raw, here.account_id.encode())
            if totp.matching_step(seed, code, now, 0) is None:
                raise Refused("the code does not fit the seed", code="wrong_otp")
            # Of two confirmations one enrols: the other has nothing left to confirm.
            if self._waiting.claim(key, now) is None or not self._keepers.credentials.confirm_totp(
                here.account_id, seed, code, actor=here.actor
            ):
                raise NotFound("the seed was confirmed by another request", code="expired_transaction")
        self._throttle.succeeded(attempt)
        self._notices.tell(here.account_id, Topic.FACTOR_ADDED, Detail(factor="totp"))

    def add_passkey(self, here: Here, answer: str, bound_to: str, name: str) -> Passkey:
        """Enrol a passkey; raises ``Refused``, ``Conflict`` and ``InvalidInput``."""
        with self._refusals(here, "passkey"):
            made = self._keepers.passkeys.add(here.account_id, answer, bound_to, name, actor=here.actor)
        self._notices.tell(here.account_id, Topic.FACTOR_ADDED, Detail(factor="passkey"))
        return made

    def rename_passkey(self, here: Here, passkey_id: str, name: str) -> None:
        """Give a passkey another name; raises ``NotFound`` and ``InvalidInput``."""
        self._keepers.passkeys.rename(here.account_id, passkey_id, name, actor=here.actor)

    def new_codes(self, here: Here) -> tuple[str, ...]:
        """Make a new set of recovery codes, shown this once; raises ``Refused`` where there is nothing to be a spare of."""
        with self._refusals(here, "recovery_code"):
            if not self.has_second_factor(here.account_id):
                raise Refused("there is no second factor to be a spare of", code="no_second_factor")
        codes = self._keepers.recovery_codes.renew(here.account_id, actor=here.actor)
        self._notices.tell(here.account_id, Topic.FACTOR_ADDED, Detail(factor="recovery_code"))
        return codes

    def trust_days(self, account_id: str) -> int:
        """Return for how many days the person may trust a browser, 0 for who may not or has no second factor that it could stand in for."""
        devices = self._keepers.trusted_devices
        if not devices.may_have(account_id) or not self.has_second_factor(account_id):
            return 0
        return devices.lifetime // _DAY

    def trust(self, here: Here, name: str) -> str:
        """Trust the browser, called ``name``, and return the secret for its cookie; raises ``Refused``."""
        with self._refusals(here, TRUSTED):
            if not self.trust_days(here.account_id):
                raise Refused(
                    "trusted devices are off, not for staff, or there is no second factor", code="not_offered"
                )
            devices = self._keepers.trusted_devices
            secret = devices.add(here.account_id, name, actor=here.actor, case_code=here.case_code)
        self._notices.tell(here.account_id, Topic.FACTOR_ADDED, Detail(factor=TRUSTED, browser=name))
        return secret

    def remove(self, here: Here, factor: str, item: str) -> None:
        """Take one thing away; raises ``NotFound``, and ``Refused`` for the last that reaches the account's level."""
        usable, table = self._names(here.account_id), self._keepers.factors.table

        def may(before: frozenset[str], after: frozenset[str]) -> bool:
            # What is stored but cannot be used (a channel that is switched off) is nothing to be left with.
            return policy.may_remove(before & usable, after & usable, table)

        with self._refusals(here, factor):
            outcome = self._removed(here.account_id, factor, item, may, here.actor, here.case_code)
            if outcome is Removal.LAST:
                raise Refused("it is the last that reaches the account's level", code="last_factor")
            if outcome is Removal.ABSENT:
                raise NotFound("the account has no such factor", field="factor")
        self._notices.tell(here.account_id, Topic.FACTOR_REMOVED, Detail(factor=factor))

    def take_away(self, account_id: str, factor: str, item: str, *, actor: str) -> None:
        """Remove at a counter (a lost telephone), the last one too; raises ``NotFound``."""
        if self._removed(account_id, factor, item, lambda _before, _after: True, actor, "") is Removal.ABSENT:
            raise NotFound(f"the account has no {factor}", field="factor")
        self._notices.tell(account_id, Topic.FACTOR_REMOVED, Detail(factor=factor))

    def _removed(
        self,
        account_id: str,
        factor: str,
        item: str,
        may: Callable[[frozenset[str], frozenset[str]], bool],
        actor: str,
        case_code: str,
    ) -> Removal:
        if factor not in self._keepers.factors.names:
            return Removal.ABSENT
        event = AuditEvent(
            Event.CREDENTIAL_REMOVE,
            actor=actor,
            account_id=account_id,
            target=f"account:{account_id}",
            case_code=case_code,
            detail={"kind": factor, "item": item},
        )
        outcome = self._keepers.removals.remove(account_id, factor, item, may, self._audit.record(event))
        if outcome is Removal.DONE and factor != TRUSTED:
            # What stood in for the factor that went must not stand in for one that comes later.
            self._keepers.trusted_devices.end_all(account_id, "factor_removed", actor)
        return outcome

    def change_password(self, here: Here, current: str | None, new: str, *, end_others: bool) -> None:
        """Set another password and end the other sessions; ``current`` is None where a fresh sign-in at level 2 speaks for the person.

        Raises ``Refused`` for a wrong current one, ``InvalidInput`` that names the broken rule, ``Throttled`` and ``Busy``.
        """
        credentials = self._keepers.credentials
        with self._refusals(here, "password"):
            if current is not None:
                attempt = self._throttle.begin(here.account_id, here.origin.address, here.device)
                if not credentials.verify_password(here.account_id, current).ok:
                    raise Refused("the current password is wrong", code="wrong_password")
                self._throttle.succeeded(attempt)
            credentials.set_password(here.account_id, new, actor=here.actor)
        if end_others:
            self._sessions.end_all(here.account_id, "password_changed", here.actor, keep=here.session.id)
        self._notices.tell(here.account_id, Topic.PASSWORD_CHANGED)

    def _names(self, account_id: str) -> frozenset[str]:
        return self._keepers.factors.of(account_id)

    @staticmethod
    def _key(here: Here) -> str:
        return f"app:{here.session.id}"

    @contextmanager
    def _refusals(self, here: Here, kind: str) -> Iterator[None]:
        """Record what is refused, with its reason."""
        try:
            yield
        except InvalidInput:
            raise  # A password that is too short is no act of anybody.
        except DomainError as error:
            self._audit.write(
                AuditEvent(
                    Event.CREDENTIAL_REFUSE,
                    Outcome.REFUSED,
                    error.code,
                    actor=here.actor,
                    account_id=here.account_id,
                    session_id=here.session.id,
                    target=f"account:{here.account_id}",
                    case_code=here.case_code,
                    detail={"kind": kind},
                    private={"address": here.origin.address, "browser": here.origin.browser},
                )
            )
            raise
