"""The trusted device as a factor: listed and removed as the others are, counted beside a password alone, and never asked for."""

from __future__ import annotations

from typing import Final

from idp.authn.factors.factor import Enrolled
from idp.authn.trusted_devices import NAME, TrustedDevices
from idp.errors import Refused
from policies import assurance


class TrustedDeviceFactor:
    """``authn.factors.factor.Factor`` over ``TrustedDevices``."""

    rules: Final = (assurance.FACTORS[NAME],)

    def __init__(self, devices: TrustedDevices) -> None:
        """Take the devices."""
        self._devices = devices

    def enrolled(self, account_id: str) -> tuple[Enrolled, ...]:
        """Return the trusted browsers with their ends."""
        return tuple(
            Enrolled(NAME, one.id, one.created_at, one.last_used_at, one.name, until=one.expires_at)
            for one in self._devices.of_account(account_id)
        )

    def prove(self, account_id: str, answer: str, bound_to: str) -> str:  # noqa: ARG002 - it takes no answer
        """Refuse: a cookie comes unasked with a password, and answers no question of a step-up."""
        raise Refused(f"a trusted device of {account_id} is no answer", code="not_a_step_up")
