"""The printed recovery code as a factor: a spare for the second one."""

from __future__ import annotations

from typing import Final

from idp.authn.factors.factor import Enrolled
from idp.authn.recovery_codes import RecoveryCodes
from idp.errors import Refused
from policies import assurance

RECOVERY_CODE: Final = "recovery_code"


class RecoveryCodeFactor:
    """``authn.factors.factor.Factor`` over ``RecoveryCodes``."""

    rules: Final = (assurance.FACTORS[RECOVERY_CODE],)

    def __init__(self, codes: RecoveryCodes) -> None:
        """Take the recovery codes."""
        self._codes = codes

    def enrolled(self, account_id: str) -> tuple[Enrolled, ...]:
        """Return the set with what is left of it."""
        found = self._codes.state(account_id)
        return (Enrolled(RECOVERY_CODE, RECOVERY_CODE, found.created_at, left=found.left),) if found is not None else ()

    def prove(self, account_id: str, answer: str, bound_to: str) -> str:  # noqa: ARG002 - a printed code answers no challenge
        """Verify a code and use it up."""
        if not self._codes.use(account_id, answer):
            raise Refused("the recovery code is wrong or was used", code="wrong_recovery_code")
        return RECOVERY_CODE
