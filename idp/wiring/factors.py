"""The factors of people, over their stores."""

from __future__ import annotations

from functools import cached_property
from typing import Final

from idp.authn.challenges import Challenges
from idp.authn.factors.passkey import PasskeyFactor
from idp.authn.factors.password import PasswordFactor
from idp.authn.factors.recovery_code import RecoveryCodeFactor
from idp.authn.factors.registry import Factors
from idp.authn.factors.totp import TotpFactor
from idp.authn.factors.trusted_device import TrustedDeviceFactor
from idp.authn.passkeys import Passkeys, relying_party
from idp.authn.recovery_codes import RecoveryCodes
from idp.authn.trusted_devices import TrustedDevices
from idp.flows.factor_changes import FactorChanges, Keepers
from idp.storage.factors import SqlFactorRemovals, SqlPasskeyStore, SqlRecoveryCodeStore
from idp.storage.trusted_devices import SqlTrustedDeviceStore
from idp.wiring.recovering import Recovering

_DAY: Final = 86400


class FactorKeepers(Recovering):
    """What people prove who they are with."""

    @cached_property
    def factors(self) -> Factors:
        """Every factor; another is one line."""
        return Factors(
            (
                PasswordFactor(self.credentials),
                TotpFactor(self.credentials),
                PasskeyFactor(self.passkeys),
                *self.code_factors.values(),
                RecoveryCodeFactor(self.recovery_codes),
                TrustedDeviceFactor(self.trusted_devices),
            ),
            self.recoveries.recovered_at,
        )

    @cached_property
    def passkeys(self) -> Passkeys:
        """Passkeys."""
        key = self.vault.data_key("factors").derive("challenge")
        lifetime = self.settings.lifetimes.transaction
        return Passkeys(
            SqlPasskeyStore(self.database),
            Challenges(key, self.ephemeral.single_use, self.clock, lifetime),
            relying_party(self.settings.issuer),
            self.vault.seal("factors"),
            self.audit,
            self.clock,
            self.fibers,
        )

    @cached_property
    def recovery_codes(self) -> RecoveryCodes:
        """Recovery codes."""
        key = self.vault.data_key("factors").derive("recovery-code")
        return RecoveryCodes(SqlRecoveryCodeStore(self.database), key, self.audit, self.clock)

    @cached_property
    def trusted_devices(self) -> TrustedDevices:
        """Browsers that stand in for a second factor."""
        return TrustedDevices(
            *(SqlTrustedDeviceStore(self.database), self.vault.seal("factors"), self.notices, self.audit, self.clock),
            lifetime=self.settings.factors.trusted_device_days * _DAY,
            is_barred=self.staff_register.is_staff,
        )

    @cached_property
    def factor_changes(self) -> FactorChanges:
        """How people change their factors."""
        keepers = Keepers(
            *(self.factors, self.credentials, self.passkeys, self.recovery_codes, self.trusted_devices),
            SqlFactorRemovals(self.database),
        )
        return FactorChanges(
            keepers,
            self.sessions,
            self.notices,
            self.factor_throttle,
            self.ephemeral.transactions,
            self.vault.seal("factors"),
            self.audit,
            self.clock,
        )

    def _sessions_ended(self, account_id: str, reason: str, actor: str) -> None:
        """No browser is trusted any more either."""
        self.trusted_devices.end_all(account_id, reason, actor)

    def _password_changed(self, account_id: str) -> None:
        """Whoever knew the old password may have trusted a browser by it."""
        super()._password_changed(account_id)
        self.trusted_devices.end_all(account_id, "password_changed", f"account:{account_id}")
