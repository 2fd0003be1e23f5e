"""Settings of the limits on guessing."""

from __future__ import annotations

from pydantic import Field

from idp.config.sections import Section
from policies import throttle


class Throttle(Section):
    """Limits on guessing."""

    enabled: bool = Field(
        default=True, description="Count and delay failed sign-ins; off is refused unless the issuer is on loopback."
    )
    address_tries: int = Field(
        100, ge=5, le=100_000, description="Failed sign-ins an hour from one address (IPv6: /64) before delays begin."
    )
    network_tries: int = Field(
        1000, ge=5, le=1_000_000, description="The same from one network (IPv4: /24, IPv6: /48)."
    )
    staff_tries: int = Field(
        5, ge=1, le=20, description="Wrong passwords after which the sign-in of staff is locked on unknown devices."
    )
    staff_lock: int = Field(
        12 * 3600, ge=60, le=30 * 86400, description="Seconds for which it stays locked (TCVN 14423: 12 h to 30 days)."
    )

    device_requests: int = Field(
        60,
        ge=1,
        le=100_000,
        description="Device authorization requests from one address (IPv6: /64) that no secret vouches for, "
        "within one lifetime of theirs (`IDP_LIFETIMES__DEVICE`).",
    )

    def limits(self) -> throttle.Limits:
        """Return the limits of password sign-ins."""
        usual = throttle.Limits()
        return throttle.Limits(
            address=throttle.Lane(self.address_tries, usual.address.first_delay, usual.address.longest_delay),
            network=throttle.Lane(self.network_tries, usual.network.first_delay, usual.network.longest_delay),
            staff_tries=self.staff_tries,
        )
