"""The passkey as a factor: possession, and what unlocks the device."""

from __future__ import annotations

from typing import Final

from idp.authn.factors.factor import Enrolled
from idp.authn.passkeys import Passkeys
from policies import assurance

PASSKEY: Final = "passkey"
SYNCED: Final = "synced_passkey"


class PasskeyFactor:
    """``authn.factors.factor.Factor`` over ``Passkeys``."""

    rules: Final = (assurance.FACTORS[PASSKEY], assurance.FACTORS[SYNCED])

    def __init__(self, passkeys: Passkeys) -> None:
        """Take the passkeys."""
        self._passkeys = passkeys

    def enrolled(self, account_id: str) -> tuple[Enrolled, ...]:
        """Return the passkeys with their names."""
        return tuple(
            Enrolled(PASSKEY, one.id, one.created_at, one.last_used_at, one.name)
            for one in self._passkeys.of_account(account_id)
        )

    def prove(self, account_id: str, answer: str, bound_to: str) -> str:
        """Verify an assertion; another person's passkey proves nothing about this one."""
        return rule_of(is_synced=self._passkeys.verify(answer, bound_to, account_id).is_synced)


def rule_of(*, is_synced: bool) -> str:
    """Return the rule that a verified passkey has proved."""
    return SYNCED if is_synced else PASSKEY
