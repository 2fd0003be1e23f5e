"""The factors of people, over their stores."""

from __future__ import annotations

from functools import cached_property

from idp.authn.challenges import Challenges
from idp.authn.factors.passkey import PasskeyFactor
from idp.authn.factors.password import PasswordFactor
from idp.authn.factors.recovery_code import RecoveryCodeFactor
from idp.authn.factors.registry import Factors
from idp.authn.factors.totp import TotpFactor
from idp.authn.passkeys import Passkeys, relying_party
from idp.authn.recovery_codes import RecoveryCodes
from idp.storage.factors import SqlPasskeyStore, SqlRecoveryCodeStore
from idp.wiring.recovering import Recovering


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
