"""``/developers``: what the people who connect a department's system need, as this very deployment has it.

Every address, scope, level and algorithm on the page comes from the discovery document and the registries, so the page
cannot promise what does not answer. It shows nothing that the discovery document does not tell anybody.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from idp.endpoints.desk import Desk
from idp.protocol.wire import WireRequest, WireResponse
from policies import assurance
from policies.claims import CLAIMS, SCOPES

_DISCOVERY: Final = "/.well-known/openid-configuration"
_ENDPOINT: Final = "_endpoint"
_ABILITIES: Final = (
    "grant_types_supported",
    "token_endpoint_auth_methods_supported",
    "id_token_signing_alg_values_supported",
    "dpop_signing_alg_values_supported",
    "authorization_details_types_supported",
)
_STACKS: Final = (
    ("Flask", "Authlib"),
    ("Django", "Authlib"),
    ("Spring Boot", "spring-boot-starter-oauth2-client"),
    ("ASP.NET Core", "Microsoft.AspNetCore.Authentication.OpenIdConnect"),
    ("PHP", "jumbojett/openid-connect-php"),
    ("Node.js", "openid-client"),
    ("nginx", "auth_request"),
)
"""What ``docs/integration`` has a page for; a test compares."""

_REGISTRATION: Final[Mapping[str, Any]] = {
    "client_name": {"vi": "Hệ thống của Sở", "en": "A department's system"},
    "unit": "48",
    "legal_basis": "public_duty",
    "purpose": {"vi": "Giải quyết thủ tục hành chính", "en": "To handle administrative procedures"},
    "redirect_uris": ["https://hethong.example.vn/callback"],
    "post_logout_redirect_uris": ["https://hethong.example.vn/"],
    "backchannel_logout_uri": "https://hethong.example.vn/backchannel-logout",
    "id_token_signed_response_alg": "ES256",
    "scope": "openid profile",
}
"""A registration to begin with; a test registers it."""


class DevelopersPage:
    """The page for those who connect a system."""

    def __init__(self, desk: Desk, discovery: Callable[[], Mapping[str, Any]]) -> None:
        """Take the desk and what returns the discovery document of this moment."""
        self._desk = desk
        self._discovery = discovery

    def handle(self, wire: WireRequest) -> WireResponse:
        """Return the page."""
        document = self._discovery()
        return self._desk.page(
            "developers",
            self._desk.exchange(wire),
            issuer=document["issuer"],
            discovery=document["issuer"] + _DISCOVERY,
            endpoints=_endpoints(document),
            abilities=tuple((name, document[name]) for name in _ABILITIES if document.get(name)),
            scopes=tuple((scope, _claims(scope)) for scope in SCOPES),
            levels=assurance.LEVELS,
            stacks=_STACKS,
            registration=json.dumps(_REGISTRATION, ensure_ascii=False, indent=2),
            registers="registration_endpoint" in document,
        )


def _endpoints(document: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    rows = [(name.removesuffix(_ENDPOINT), str(document[name])) for name in document if name.endswith(_ENDPOINT)]
    return (("jwks", str(document["jwks_uri"])), *sorted(rows))


def _claims(scope: str) -> tuple[str, ...]:
    return tuple(claim.name for claim in CLAIMS.values() if scope in {claim.scope, claim.also})
