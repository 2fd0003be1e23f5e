"""Settings of the sign-in by QR code."""

from __future__ import annotations

from pydantic import Field

from idp.config.sections import Section


class QrSignIn(Section):
    """Signing in on one device by a phone that is signed in."""

    enabled: bool = Field(default=True, description="Offer the sign-in by QR code.")
    lifetime: int = Field(120, ge=30, le=600, description="Seconds for which a QR code can be used, once.")
    fresh: int = Field(
        900, ge=60, le=86400, description="Seconds since the sign-in on the phone after which it has to sign in again."
    )
