"""Settings of upstream identity providers: VNeID, VNConnect, any OpenID Connect provider."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator, model_validator

from idp.config.sections import Section
from policies import assurance
from policies.upstreams.levels import HIGHEST_BASE, Base, LevelRule
from policies.upstreams.mapping import CODES, ClaimRule

Acr = Literal["urn:dinhdanh:loa:1", "urn:dinhdanh:loa:2", "urn:dinhdanh:loa:3", "urn:dinhdanh:loa:4"]


class UpstreamClaim(Section):
    """One field of the upstream and the attribute that it becomes."""

    field: str = Field(min_length=1, max_length=64, description="Field of the upstream.")
    to: str = Field(description="Attribute of ours, or `cccd`, `mst`, `foreigner`, `account_type`.")
    transform: str = Field("text", description="How the value is read.")

    @model_validator(mode="after")
    def _known(self) -> UpstreamClaim:
        self.rule()
        return self

    def rule(self) -> ClaimRule:
        """Return the rule as the policy reads it."""
        return ClaimRule(self.field, self.to, self.transform)


class UpstreamLevel(Section):
    """One value of a field that asserts a level."""

    field: str = Field(min_length=1, max_length=64, description="Field of the upstream.")
    value: str = Field(min_length=1, max_length=200, description="Its value, compared exactly.")
    acr: Acr | Literal[""] = Field("", description="What the sign-in then counts as.")
    identity_level: int = Field(0, ge=0, le=2, description="What the account's level then is at least.")
    amr: tuple[str, ...] = Field((), description="`amr` values (RFC 8176) that go with `acr`.")

    def rule(self) -> LevelRule:
        """Return the rule as the policy reads it."""
        return LevelRule(self.field, self.value, self.acr, self.identity_level, self.amr)


class UpstreamAddresses(Section):
    """Where an upstream answers; with `issuer` and `discovery` the empty ones are asked there."""

    issuer: str = Field("", description="Issuer: what `iss` has to be, and where discovery is asked.")
    discovery: bool = Field(default=False, description="Ask `<issuer>/.well-known/openid-configuration`.")
    authorization_endpoint: str = Field("", description="Where browsers are sent to sign in.")
    token_endpoint: str = Field("", description="Where the code is redeemed.")
    userinfo_endpoint: str = Field("", description="Where the person's fields are asked.")
    jwks_uri: str = Field("", description="The upstream's signing keys.")
    end_session_endpoint: str = Field("", description="Where sign-out goes: browsers, or our own request.")


class Upstream(UpstreamAddresses):
    """One upstream identity provider."""

    connector: str = Field("oidc", description="`oidc`, `vnconnect`, `vneid`.")
    enabled: bool = Field(default=True, description="Offer it.")
    label: dict[str, str] = Field(description="What people call it, by language, `vi` required: `VNeID`.")
    is_simulator: bool = Field(
        default=False, description="Mark the button as a simulation; refused unless on loopback."
    )
    client_id: str = Field(min_length=1, description="What the upstream knows us as.")
    client_secret: SecretStr = Field(SecretStr(""), description="Its secret; better in a file.")
    client_secret_file: Path | None = Field(None, description="File that holds the secret.")
    client_authentication: Literal["client_secret_basic", "client_secret_post", "none"] | None = Field(
        None, description="How we prove ourselves; empty: as the connector's provider has it."
    )
    scope: tuple[str, ...] = Field(("openid",), min_length=1, description="Scopes that are asked.")
    acr_values: tuple[str, ...] = Field((), description="`acr_values` that are always sent; empty: the connector's.")
    acr_requests: dict[Acr, str] = Field({}, description="Which `acr_values` ask for which of our levels.")
    algorithms: tuple[Literal["ES256", "RS256", "PS256", "EdDSA"], ...] = Field(
        ("ES256", "RS256", "PS256", "EdDSA"), min_length=1, description="Algorithms of its tokens."
    )
    pkce: bool | None = Field(None, description="Send a PKCE challenge; empty: as the connector's provider has it.")
    require_iss: bool = Field(default=False, description="Refuse an answer without `iss` (RFC 9207).")
    reauthenticates: bool = Field(
        default=False,
        description="It asks the person anew whenever `prompt=login` is sent, though it states no `auth_time`.",
    )
    claims: tuple[UpstreamClaim, ...] = Field((), description="Fields that we take; empty: the connector's table.")
    subject_field: str = Field("sub", description="Field that names the person at the upstream.")
    levels: tuple[UpstreamLevel, ...] = Field((), description="Which asserted values are worth what.")
    base_acr: Acr = Field("urn:dinhdanh:loa:1", description="What a sign-in counts as when no level is asserted.")
    base_amr: tuple[str, ...] = Field((), description="`amr` values then.")
    base_identity_level: int = Field(1, ge=1, le=2, description="Account level then.")
    vouches_for_code: bool = Field(default=False, description="Its identity code opens the account that has this code.")
    link_by_code: Literal["accept", "prove"] = Field(
        "accept", description="`prove`: the person signs in to the existing account once before it is linked."
    )
    creates: bool = Field(
        default=False, description="Make accounts for people who have none; needs `vouches_for_code`."
    )
    decryption_key_file: Path | None = Field(None, description="Our RSA private key (PEM) for encrypted envelopes.")
    key_wrapping: Literal["pkcs1v15", "oaep-sha1", "oaep-sha256"] = Field(
        "pkcs1v15", description="RSA padding of envelope keys."
    )
    encrypted: Literal["required", "optional", "off"] | None = Field(
        None, description="Envelopes around answers; empty: `required` where there is a decryption key."
    )
    logout: Literal["none", "redirect", "backchannel"] = Field(
        "none", description="What our sign-out does there: nothing, send the browser, or tell it ourselves."
    )

    @field_validator("label")
    @classmethod
    def _has_vietnamese(cls, value: dict[str, str]) -> dict[str, str]:
        if not value.get("vi"):
            message = "needs a text for vi"
            raise ValueError(message)
        return value

    @model_validator(mode="after")
    def _sound(self) -> Upstream:
        problems = {
            "creates needs vouches_for_code: nobody else may bind an identity code": self.creates
            and not self.vouches_for_code,
            f"base_acr is at most {HIGHEST_BASE}: what is higher has to be asserted": assurance.rank(self.base_acr)
            > assurance.rank(HIGHEST_BASE),
            "creates needs claims that tell a code and a name": self.creates
            and bool(self.claims)
            and not self._names(),
            "encrypted=required needs decryption_key_file": self.encrypted == "required"
            and self.decryption_key_file is None,
            "client_secret or client_secret_file, not both": bool(self.client_secret.get_secret_value())
            and self.client_secret_file is not None,
        }
        broken = [message for message, is_broken in problems.items() if is_broken]
        if broken:
            raise ValueError("; ".join(broken))
        return self

    def _names(self) -> bool:
        targets = {claim.to for claim in self.claims}
        return "name" in targets and bool(targets.intersection(CODES))

    @property
    def base(self) -> Base:
        """Return what a sign-in is worth without assertions."""
        return Base(self.base_acr, self.base_amr, self.base_identity_level)

    @property
    def level_rules(self) -> tuple[LevelRule, ...]:
        """Return the table of levels."""
        return tuple(level.rule() for level in self.levels)
