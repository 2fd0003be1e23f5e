"""Settings of dynamic client registration."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from idp.config.sections import Section, StatementIssuer


class Registration(Section):
    """Dynamic client registration."""

    mode: Literal["closed", "token", "open"] = Field(
        "closed",
        description="Who may register clients over HTTP: nobody, holders of an initial access token or a software statement, "
        "or anybody (a sandbox: refused unless the issuer is on loopback or `sandbox` is true).",
    )
    sandbox: bool = Field(default=False, description="Acknowledges that anybody may register at a public issuer.")
    require_pkce: bool = Field(
        default=True, description="What a dynamically registered or federated confidential client gets."
    )
    unit: str = Field("sandbox", description="Owner of the clients that nobody vouches for.")
    purpose: dict[str, str] = Field(
        {"vi": "Thử nghiệm kết nối", "en": "To try out the connection"},
        description="Purpose of the clients that nobody vouches for.",
    )
    scope: tuple[str, ...] = Field((), description="Scopes that they may ask; empty: all but `identity`.")
    grant_types: tuple[str, ...] = Field(
        (),
        description="Grants that they may use; empty: `authorization_code`, `refresh_token`, `client_credentials`, and in "
        "the mode `open` also `implicit` where `requests.legacy_responses` offers it.",
    )
    statement_issuers: tuple[StatementIssuer, ...] = Field(
        (), description="Whose software statements count (RFC 7591 section 2.3)."
    )
    metadata_documents: bool = Field(
        default=False, description="Let clients in whose `client_id` is the https address of their metadata document."
    )
    per_address: int = Field(600, ge=1, description="Requests to register and manage clients an hour from one address.")
    per_hour: int = Field(6000, ge=1, description="Clients registered an hour, all in all.")
    limit: int = Field(20_000, ge=1, description="Clients that registered themselves, all in all.")
