"""Settings of the recovery of accounts."""

from __future__ import annotations

from pydantic import Field

from idp.config.sections import Section


class Recovery(Section):
    """How people whose sign-in is lost come back to their account."""

    remote: bool = Field(
        default=True,
        description="Offer recovery from afar: by a recovery code and the authenticator app together, or by a linked upstream.",
    )
    cooling: int = Field(
        86400,
        ge=3600,
        le=14 * 86400,
        description="Seconds between the beginning of a recovery from afar and its end, in which the owner can cancel it.",
    )
    activation: int = Field(
        86400,
        ge=600,
        le=14 * 86400,
        description="Seconds for which the activation code of a recovery can be used, once that can be done.",
    )
