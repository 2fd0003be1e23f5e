"""How far an access token reaches: for which resources it is, and what exactly it allows (RFC 8707 section 2.2, RFC 9396 section 6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from idp.model.frozen import frozen
from idp.protocol.authorization import details_parameter
from idp.protocol.errors import InvalidAuthorizationDetails
from idp.protocol.grants.frame import GrantServices, TokenRequest
from idp.protocol.parameters import several
from policies import authorization_details
from policies.authorization_details import Detail

PARAMETERS = ("resource", "authorization_details")
"""What a token request may narrow its token with."""


@frozen
class Reach:
    """The audience of one access token and the authorization details in it."""

    audience: tuple[str, ...]
    details: tuple[Detail, ...] = ()

    def response(self) -> Mapping[str, Any]:
        """Return what the token response says of it (RFC 9396 section 7)."""
        return {"authorization_details": list(self.details)} if self.details else {}


def of_grant(request: TokenRequest, services: GrantServices, resources: tuple[str, ...], details: str) -> Reach:
    """Return the reach of a token from what was granted, narrowed by the request; raises ``InvalidTarget``, ``InvalidAuthorizationDetails``."""
    parameters = request.parameters
    is_narrowed = "resource" in parameters
    audience = services.resources.audience(resources, several(parameters, "resource") if is_narrowed else ())
    if not details and "authorization_details" not in parameters:
        return Reach(audience)
    granted = authorization_details.restored(details)
    asked = details_parameter.narrow(parameters.get("authorization_details"), granted)
    kept = authorization_details.for_audience(asked, audience)
    if asked and not kept and "authorization_details" in parameters:
        raise InvalidAuthorizationDetails("authorization_details are for another resource", reason="details_elsewhere")
    return Reach(audience, kept)


def of_client(request: TokenRequest, services: GrantServices) -> Reach:
    """Return the reach of a token that a client gets for itself: details within what an operator wrote, none unless it asks (RFC 9396 section 5)."""
    client, parameters = request.client, request.parameters
    if "resource" not in parameters and "authorization_details" not in parameters:
        return Reach((services.resources.issuer,))
    details: tuple[Detail, ...] = ()
    if "authorization_details" in parameters:
        details = details_parameter.narrow(parameters["authorization_details"], client.own_authorization_details)
    places = (place for one in details for place in one.get("locations", ()))
    asked = services.resources.checked(client, (*several(parameters, "resource"), *places))
    return Reach(asked or (services.resources.issuer,), details)
