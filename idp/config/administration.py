"""Settings of administration."""

from __future__ import annotations

from pydantic import Field

from idp.config.sections import Section


class Administration(Section):
    """Administrators, and what they do to this deployment from a browser or a script."""

    approval_lifetime: int = Field(
        86400, ge=300, le=30 * 86400, description="Seconds in which a second person may approve a dangerous act."
    )
    max_age: int = Field(
        12 * 3600, ge=60, le=30 * 86400, description="Seconds since the sign-in behind a token at the Admin API."
    )
    requests_per_minute: int = Field(
        600, ge=1, le=100_000, description="Requests of one caller at the Admin API within a minute."
    )
