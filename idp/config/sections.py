"""Groups of settings that stand apart for their length: how clients may ask, and how long things live."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class Section(BaseModel):
    """A nested group of settings; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class StatementIssuer(Section):
    """Somebody whose software statements register clients, and on what terms."""

    issuer: str = Field(min_length=1, description="`iss` of the statements.")
    jwks_file: Path = Field(description="JWK set that verifies them.")
    unit: str = Field(description="Owner of the clients.")
    legal_basis: str = Field("consent", description="Legal basis of the clients.")
    purpose: dict[str, str] = Field(description="Purpose by language, `vi` required.")
    scope: tuple[str, ...] = Field((), description="Scopes that they may ask; empty: all but `identity`.")


class Requests(Section):
    """How clients may ask."""

    require_pushed: bool = Field(
        default=False, description="Every client must push its authorization requests to `/par` (RFC 9126)."
    )
    legacy_responses: bool = Field(
        default=False,
        description="Offer the response types that send tokens through the browser (implicit, hybrid); RFC 9700 advises against.",
    )


class Lifetimes(Section):
    """How long things live, in seconds."""

    code: int = Field(60, ge=10, le=600, description="Authorization code.")
    access_token: int = Field(600, ge=60, le=3600, description="Access token.")
    id_token: int = Field(600, ge=60, le=3600, description="ID token.")
    refresh_token: int = Field(
        30 * 86400, ge=3600, le=366 * 86400, description="Refresh token family, from the sign-in."
    )
    session: int = Field(12 * 3600, ge=300, le=30 * 86400, description="SSO session, from the sign-in.")
    session_idle: int = Field(3600, ge=300, le=30 * 86400, description="SSO session without use.")
    device: int = Field(
        600, ge=60, le=1800, description="Device and user code (RFC 8628), until the person has answered."
    )
    backchannel: int = Field(300, ge=30, le=1800, description="CIBA request, where its client asks for no other time.")
    transaction: int = Field(1800, ge=60, le=7200, description="Pending authorization request.")
    pushed_request: int = Field(60, ge=5, le=599, description="`request_uri` of a pushed authorization request.")
