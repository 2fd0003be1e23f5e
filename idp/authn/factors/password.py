"""The password as a factor: asked for alone where the person is known and only knowledge is missing."""

from __future__ import annotations

from typing import Final

from idp.authn.credentials import CredentialService
from idp.authn.factors.factor import Enrolled
from idp.errors import Refused
from policies import assurance

PASSWORD: Final = "password"  # noqa: S105 - the name of a factor


class PasswordFactor:
    """``authn.factors.factor.Factor`` over ``CredentialService``."""

    rules: Final = (assurance.FACTORS[PASSWORD],)

    def __init__(self, credentials: CredentialService) -> None:
        """Take the credentials."""
        self._credentials = credentials

    def enrolled(self, account_id: str) -> tuple[Enrolled, ...]:
        """Return the password, dated by its last change."""
        found = self._credentials.dates(account_id, PASSWORD)
        return (Enrolled(PASSWORD, PASSWORD, found.changed_at),) if found is not None else ()

    def prove(self, account_id: str, answer: str, bound_to: str) -> str:  # noqa: ARG002 - a password answers no challenge
        """Verify; an issued password proves nothing here, since whoever issued it knows it. An old one is the person's own."""
        check = self._credentials.verify_password(account_id, answer)
        if not check.ok or check.is_issued:
            raise Refused("the password is wrong or was only issued", code="wrong_password")
        return PASSWORD
