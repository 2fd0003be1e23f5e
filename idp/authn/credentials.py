"""Credentials of accounts.

The only writer of passwords and one-time-code seeds, and the place where both are verified.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from idp.authn import password as passwords
from idp.authn import totp
from idp.authn.dictionary import Dictionary
from idp.authn.legacy_hashes import check_hash
from idp.authn.password import Passwords
from idp.clock import Clock
from idp.errors import Busy, InvalidInput, NotFound
from idp.model.audit import AuditEvent, AuditRecord, Event
from idp.model.notice import Detail, Topic
from idp.ports.accounts import CredentialRow
from idp.ports.credentials import CredentialStore
from idp.ports.notices import SILENCE, Notices
from idp.services.accounts import OPERATOR, AccountService
from idp.services.audit import AuditLog
from idp.services.vault import Vault
from policies.passwords import Personal

_DAY: Final = 86400


@dataclass(frozen=True, slots=True)
class PasswordCheck:
    """The result of a verification; ``must_change`` asks for another password, as this one was issued (``is_issued``) or is old."""

    ok: bool
    must_change: bool = False
    is_issued: bool = False


@dataclass(frozen=True, slots=True)
class Dates:
    """When a factor was set last, and the last time step that was used (0 for none)."""

    changed_at: int
    last_step: int


@dataclass(frozen=True, slots=True)
class PasswordAges:
    """How long passwords last and which come not again, for those of whom ``is_bound`` (takes an account id) says so: administrators.

    ``days`` after which another one is set at the sign-in, 0 for never; ``history`` is how many of the last ones are not taken again.
    """

    days: int
    history: int
    is_bound: Callable[[str], bool]


AGELESS: Final = PasswordAges(0, 0, lambda _account_id: False)
"""Passwords that never age."""


@dataclass(frozen=True, slots=True)
class TotpEnrolment:
    """What an operator hands over once: the seed as text, and the address that authenticator apps read."""

    secret: str
    uri: str


class CredentialService:
    """Sets and verifies factors."""

    def __init__(
        self,
        store: CredentialStore,
        accounts: AccountService,
        hasher: Passwords,
        vault: Vault,
        audit: AuditLog,
        clock: Clock,
        dictionary: Dictionary,
        notices: Notices = SILENCE,
        changed: Callable[[str], None] = lambda _account_id: None,
        ages: PasswordAges = AGELESS,
    ) -> None:
        """Take collaborators.

        ``notices`` tell people of what somebody else did to their factors; ``changed`` hears whose password was set anew.
        """
        self._notices = notices
        self._dictionary = dictionary
        self._changed = changed
        self._ages = ages
        self._store = store
        self._accounts = accounts
        self._hasher = hasher
        self._seeds = vault.seal("totp")
        self._audit = audit
        self._clock = clock

    def new_password(self, raw: str, *, must_change: bool, forbidden: tuple[str, ...] = ()) -> CredentialRow:
        """Return a password's row for an account that is being added; raises ``InvalidInput``, ``Busy``."""
        passwords.check_new(raw, Personal(forbidden), self._dictionary)
        return self._row("", "password", self._hasher.hash(raw).encode(), must_change=must_change)

    def imported_password(self, stored: str) -> CredentialRow:
        """Return the row of a hash that came from elsewhere; raises ``InvalidInput``.

        It is upgraded at the first sign-in.
        """
        return self._row("", "password", check_hash(stored).encode(), must_change=False)

    def set_password(self, account_id: str, raw: str, *, actor: str = OPERATOR, must_change: bool = False) -> None:
        """Store a new password; raises ``InvalidInput`` that names the broken rule, ``Busy``."""
        passwords.check_new(raw, self._personal(account_id), self._dictionary)
        issued = self._store.get(account_id, "password")
        if issued is not None and not must_change:
            self._check_changed(issued, raw)
        kept = self._check_unused(issued, raw, is_issued=must_change)
        row = self._row(account_id, "password", self._hasher.hash(raw).encode(), must_change=must_change)
        self._store.put(row, self._record(Event.CREDENTIAL_SET, account_id, actor, "password"), former=kept)
        self._changed(account_id)
        if issued is not None:
            self._tell(account_id, actor, Topic.PASSWORD_CHANGED, "password")

    def replacement(self, account_id: str, raw: str) -> tuple[CredentialRow, int]:
        """Return the row of a new password for an account whose factors all begin anew, and how many former ones are to be remembered.

        Raises ``InvalidInput``, ``Busy``.
        """
        passwords.check_new(raw, self._personal(account_id), self._dictionary)
        kept = self._check_unused(self._store.get(account_id, "password"), raw, is_issued=False)
        return self._row(account_id, "password", self._hasher.hash(raw).encode(), must_change=False), kept

    def require_change(self, account_id: str, *, actor: str) -> None:
        """Ask for another password at the next sign-in, as somebody else knows this one; without a password nothing is done."""
        row = self._store.get(account_id, "password")
        if row is not None:
            changed = replace(row, must_change=1)
            self._store.put(changed, self._record(Event.CREDENTIAL_EXPIRE, account_id, actor, "password"))

    def _personal(self, account_id: str) -> Personal:
        """Return what others know of the person."""
        profile = self._accounts.get(account_id).profile
        codes = tuple(entry.value for entry in self._accounts.codes(account_id))
        return Personal(codes, str(profile.get("birthdate", "")), str(profile.get("name", "")))

    def _check_changed(self, issued: CredentialRow, raw: str) -> None:
        """Refuse to keep an issued password: whoever issued it knows it (ASVS 5.0 6.4.1)."""
        if issued.must_change and self._hasher.verify(issued.secret.decode(), raw):
            raise InvalidInput("must not be the one that was issued", field="password", code="password_unchanged")

    def _check_unused(self, issued: CredentialRow | None, raw: str, *, is_issued: bool) -> int:
        """Refuse what an administrator had lately; returns how many of the former ones are to be remembered.

        One that ``is_issued`` is replaced at the next sign-in anyway.
        """
        last = self._ages.history
        if issued is None or not last or not self._ages.is_bound(issued.account_id):
            return 0
        for secret in () if is_issued else (issued.secret, *self._store.former(issued.account_id)):
            if self._hasher.verify(secret.decode(), raw):
                raise InvalidInput("was used lately", field="password", code="password_reused")
        return last - 1

    def is_old(self, account_id: str) -> bool:
        """Tell whether the password of somebody whose passwords age has lasted its time."""
        row = self._store.get(account_id, "password") if self._ages.days else None
        return row is not None and self._is_old(row)

    def _is_old(self, row: CredentialRow) -> bool:
        days = self._ages.days
        is_old = days > 0 and self._clock.now() - row.updated_at >= days * _DAY
        return is_old and self._ages.is_bound(row.account_id)

    def verify_password(self, account_id: str | None, raw: str) -> PasswordCheck:
        """Verify; for None, and for an account without a password, the same work is done and fails. Raises ``Busy``."""
        # The store is asked for nobody's password too, so that an unknown code takes as long as a known one.
        row = self._store.get(account_id or "", "password")
        stored = row.secret.decode() if row is not None else None
        if not self._hasher.verify(stored, raw) or row is None or stored is None:
            return PasswordCheck(ok=False)
        if self._hasher.needs_upgrade(stored):
            # A full pool must not turn a right password away: the next sign-in upgrades.
            with suppress(Busy):
                self._upgrade(row, raw)
        is_issued = bool(row.must_change)
        return PasswordCheck(ok=True, must_change=is_issued or self._is_old(row), is_issued=is_issued)

    def enrol_totp(self, account_id: str, *, actor: str = OPERATOR) -> TotpEnrolment:
        """Give the account a new seed, replacing one it had; the seed is shown this once."""
        seed = totp.new_seed()
        row = self._row(account_id, "totp", self._seeds.seal(seed, account_id.encode()), must_change=False)
        self._store.put(row, self._record(Event.CREDENTIAL_SET, account_id, actor, "totp"))
        self._tell(account_id, actor, Topic.FACTOR_ADDED, "totp")
        return TotpEnrolment(totp.base32(seed), totp.provisioning_uri(seed, account_id, "Định Danh"))

    def confirm_totp(self, account_id: str, seed: bytes, code: str, *, actor: str) -> bool:
        """Give the account a seed whose holder has shown one code of it; False, and nothing is changed, for a wrong code."""
        step = totp.matching_step(seed, code, self._clock.now(), 0)
        if step is None:
            return False
        row = self._row(account_id, "totp", self._seeds.seal(seed, account_id.encode()), must_change=False)
        self._store.put(replace(row, last_step=step), self._record(Event.CREDENTIAL_SET, account_id, actor, "totp"))
        return True

    def verify_totp(self, account_id: str, code: str) -> bool:
        """Verify a one-time code and use its time step up: of many parallel uses of one code one succeeds."""
        row = self._store.get(account_id, "totp")
        if row is None:
            return False
        seed = self._seeds.unseal(row.secret, account_id.encode())
        step = totp.matching_step(seed, code, self._clock.now(), row.last_step)
        return step is not None and self._store.use_step(account_id, step)

    def remove(self, account_id: str, kind: str, *, actor: str = OPERATOR) -> None:
        """Take a factor away (a lost telephone, at the counter); raises ``NotFound``."""
        record = self._record(Event.CREDENTIAL_REMOVE, account_id, actor, kind)
        if not self._store.remove(account_id, kind, record):
            raise NotFound(f"the account has no {kind}", field="factor")
        self._tell(account_id, actor, Topic.FACTOR_REMOVED, kind)

    def _tell(self, account_id: str, actor: str, topic: Topic, factor: str) -> None:
        """Tell the person of what somebody else did; of what they do themselves the flow tells that knows where they do it."""
        if actor != f"account:{account_id}":
            self._notices.tell(account_id, topic, Detail(factor))

    def has(self, account_id: str, kind: str) -> bool:
        """Tell whether a factor is enrolled."""
        return kind in self._store.kinds(account_id)

    def dates(self, account_id: str, kind: str) -> Dates | None:
        """Return when a factor was set and used last, None for none."""
        row = self._store.get(account_id, kind)
        return Dates(row.updated_at, row.last_step) if row is not None else None

    def kinds(self, account_id: str) -> frozenset[str]:
        """Return the enrolled factors."""
        return self._store.kinds(account_id)

    def _upgrade(self, row: CredentialRow, raw: str) -> None:
        # The password stays as old as it is.
        fresh = replace(row, secret=self._hasher.hash(raw).encode())
        self._store.upgrade(
            fresh, row.secret, self._record(Event.CREDENTIAL_UPGRADE, row.account_id, "system", row.kind)
        )

    def _row(self, account_id: str, kind: str, secret: bytes, *, must_change: bool) -> CredentialRow:
        now = self._clock.now()
        return CredentialRow(account_id, kind, secret, int(must_change), 0, now, now)

    def _record(self, event: Event, account_id: str, actor: str, kind: str) -> AuditRecord:
        return self._audit.record(
            AuditEvent(event, actor=actor, account_id=account_id, target=f"account:{account_id}", detail={"kind": kind})
        )
