"""Groups of settings that stand apart for their length: how clients may ask, and how long things live."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator


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
    refresh_idle: int = Field(
        14 * 86400,
        ge=3600,
        le=366 * 86400,
        description="Refresh token family without use; a client's `refresh_token_idle` may shorten it.",
    )
    session: int = Field(12 * 3600, ge=300, le=30 * 86400, description="SSO session, from the sign-in.")
    session_idle: int = Field(3600, ge=300, le=30 * 86400, description="SSO session without use.")
    device: int = Field(
        600, ge=60, le=1800, description="Device and user code (RFC 8628), until the person has answered."
    )
    backchannel: int = Field(300, ge=30, le=1800, description="CIBA request, where its client asks for no other time.")
    transaction: int = Field(1800, ge=60, le=7200, description="Pending authorization request.")
    sent_code: int = Field(
        300, ge=180, le=300, description="One-time code by SMS or e-mail, also of an address to confirm."
    )
    pushed_request: int = Field(60, ge=5, le=599, description="`request_uri` of a pushed authorization request.")


class Proxy(Section):
    """The reverse proxy in front."""

    trusted: tuple[str, ...] = Field((), description="Addresses or networks whose forwarded headers count.")
    client_certificate: str = Field(
        "Client-Cert",
        pattern=r"^[A-Za-z0-9-]{1,64}$",
        description="Header in which a trusted proxy hands on the client's certificate, as RFC 9440 or as (escaped) PEM; "
        "`off`: none. The proxy must drop what clients send under this name.",
    )
    client_certificate_chain: str = Field(
        "Client-Cert-Chain",
        pattern=r"^[A-Za-z0-9-]{1,64}$",
        description="Header in which it hands on the certificates between the client's and the authority (RFC 9440 section 2.3), "
        "for `client_authorities`; `off`: none. The proxy must drop what clients send under this name.",
    )
    client_authorities: Path | None = Field(
        None,
        description="PEM file of the authorities that issue certificates for `tls_client_auth`, themselves or over others; empty: the proxy checks. "
        "Required where the proxy lets unchecked certificates through (`optional_no_ca`).",
    )

    @field_validator("trusted")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            ip_network(network, strict=False)
        return value


class Dpop(Section):
    """Proofs of possession (RFC 9449)."""

    nonce: Literal["optional", "required"] = Field(
        "optional",
        description="`required`: every proof must hold a nonce of ours, which costs a client one more request.",
    )
