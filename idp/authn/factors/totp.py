"""The one-time code of an authenticator app as a factor."""

from __future__ import annotations

from typing import Final

from idp.authn.credentials import CredentialService
from idp.authn.factors.factor import Enrolled
from idp.authn.totp import STEP
from idp.errors import Refused
from policies import assurance

TOTP: Final = "totp"


class TotpFactor:
    """``authn.factors.factor.Factor`` over ``CredentialService``."""

    rules: Final = (assurance.FACTORS[TOTP],)

    def __init__(self, credentials: CredentialService) -> None:
        """Take the credentials."""
        self._credentials = credentials

    def enrolled(self, account_id: str) -> tuple[Enrolled, ...]:
        """Return the app; the last step that was used tells when that was."""
        found = self._credentials.dates(account_id, TOTP)
        if found is None:
            return ()
        return (Enrolled(TOTP, TOTP, found.changed_at, found.last_step * STEP or None),)

    def prove(self, account_id: str, answer: str, bound_to: str) -> str:  # noqa: ARG002 - the time is the challenge
        """Verify a code and use its time step up."""
        if not self._credentials.verify_totp(account_id, answer):
            raise Refused("the one-time code is wrong", code="wrong_otp")
        return TOTP
