"""What a department's system may ask at all, by the level of the unit that vouches for it.

A commune's system serves a few thousand people and is run by whom the commune hires: it gets what such a system needs, and no superior's
statement can give it more. The province's own systems may ask all that the provider offers to federated clients. The caps are a metadata policy
like any other, so they are published in the statements about subordinates, merged into every chain, and applied to every registration.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from policies import assurance, claims

RELYING_PARTY: Final = "openid_relying_party"
PERMITTED_ACR: Final = "permitted_acr_values"
"""A metadata parameter of our own: every level of assurance that the client may ask for, so that superiors can narrow it."""


@dataclass(frozen=True, slots=True)
class Cap:
    """The most that a level allows: ``scopes`` (which bound the claims), grants, requested levels of assurance, subject types."""

    level: str
    scopes: tuple[str, ...]
    grant_types: tuple[str, ...]
    acr_values: tuple[str, ...]
    subject_types: tuple[str, ...]

    @property
    def claims(self) -> tuple[str, ...]:
        """Return the names of the claims that the scopes stand for."""
        return claims.unpack(claims.for_scopes(self.scopes))

    def policy(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Return the cap as a metadata policy for relying parties."""
        return {
            RELYING_PARTY: {
                "scope": {"subset_of": list(self.scopes), "superset_of": ["openid"], "default": ["openid"]},
                "grant_types": {"subset_of": list(self.grant_types), "default": ["authorization_code"]},
                "response_types": {"subset_of": ["code"], "default": ["code"]},
                PERMITTED_ACR: {"subset_of": list(self.acr_values), "default": list(self.acr_values)},
                "default_acr_values": {"subset_of": list(self.acr_values)},
                "minimum_acr": {"one_of": list(self.acr_values)},
                "subject_type": {"one_of": list(self.subject_types), "default": self.subject_types[0]},
                "token_endpoint_auth_method": {"one_of": list(AUTH_METHODS), "default": AUTH_METHODS[0]},
            }
        }


AUTH_METHODS: Final = ("private_key_jwt", "self_signed_tls_client_auth")
"""How a federated client proves itself: by a key of its own, never by a secret (OpenID Federation 1.0 section 12.1)."""

_TABLE: Final = (
    Cap(
        level="province",
        scopes=("openid", "profile", "email", "phone", "address", "offline_access", "identity", "roles"),
        grant_types=("authorization_code", "refresh_token", "client_credentials"),
        acr_values=(assurance.LOA_1, assurance.LOA_2, assurance.LOA_3, assurance.LOA_4),
        subject_types=("pairwise", "public"),
    ),
    Cap(
        level="commune",
        scopes=("openid", "profile", "email", "phone"),
        grant_types=("authorization_code",),
        acr_values=(assurance.LOA_1, assurance.LOA_2),
        subject_types=("pairwise",),
    ),
)
CAPS: Final[Mapping[str, Cap]] = MappingProxyType({cap.level: cap for cap in _TABLE})
"""The shipped caps. A unit of any other level (a district of before July 2025) has the commune's."""


def cap_of(level: str) -> Cap:
    """Return the cap of a level of units, the narrowest for a level that has none of its own."""
    return CAPS.get(level, CAPS["commune"])
