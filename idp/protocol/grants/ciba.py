"""``urn:openid:params:grant-type:ciba`` (OpenID Connect Client-Initiated Backchannel Authentication Core section 10.1)."""

from __future__ import annotations

from typing import Any, Final

from clients import metadata as client_metadata
from clients.rules import CIBA
from idp.model.audit import Event
from idp.protocol.grants import decoupled
from idp.protocol.grants.frame import GrantServices, TokenRequest

NAME: Final = CIBA
KIND: Final = "ciba"
PATH: Final = "/bc-authorize"


def ciba(request: TokenRequest, services: GrantServices) -> dict[str, Any]:
    """Answer a client that polls, of its own accord or because it was told that there is an answer."""
    return decoupled.redeem(request, services, parameter="auth_req_id", kind=KIND, event=Event.TOKEN_CIBA)


def metadata(issuer: str) -> dict[str, object]:
    """Return what discovery says (CIBA section 4)."""
    return {
        "backchannel_authentication_endpoint": f"{issuer}{PATH}",
        "backchannel_token_delivery_modes_supported": list(client_metadata.DELIVERY_MODES),
        "backchannel_authentication_request_signing_alg_values_supported": list(client_metadata.SIGNING_ALGS),
        "backchannel_user_code_parameter_supported": False,
    }
