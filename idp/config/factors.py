"""Settings of people's factors."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from idp.config.sections import Section


class FactorRules(Section):
    """Passwords, passkeys, authenticator apps, recovery codes."""

    fresh: int = Field(
        300,
        ge=60,
        le=3600,
        description="Seconds since the sign-in within which a person may change the factors of the account.",
    )
    trusted_device_days: int = Field(
        0,
        ge=0,
        le=90,
        description="Days for which a person may mark a browser as trusted, so that the password alone reaches level 2 there; 0 turns it "
        "off and ends what was trusted. A cookie can be copied, which a second factor cannot: read the documentation of factors first.",
    )
    enrol_at_sign_in: bool = Field(
        default=False,
        description="Where a department demands two factors and the person has one, offer to enrol the second one there and then "
        "instead of turning the person away. Whoever knows the password can then enrol a factor of his own and reach level 2 with it: "
        "turn it on only where that is accepted.",
    )
    forbidden_passwords: Path | None = Field(
        None,
        description="Text file of passwords that nobody may choose, one a line, beside the dictionary that comes with the product; "
        "read from the disk at each new password, so it costs no memory.",
    )
