"""``urn:ietf:params:oauth:grant-type:device_code`` (RFC 8628 section 3.4)."""

from __future__ import annotations

from typing import Any, Final

from idp.model.audit import Event
from idp.protocol.grants import decoupled
from idp.protocol.grants.frame import GrantServices, TokenRequest

NAME: Final = "urn:ietf:params:oauth:grant-type:device_code"
KIND: Final = "device"
PATH: Final = "/device_authorization"


def device_code(request: TokenRequest, services: GrantServices) -> dict[str, Any]:
    """Answer a device that polls."""
    return decoupled.redeem(request, services, parameter="device_code", kind=KIND, event=Event.TOKEN_DEVICE)


def metadata(issuer: str) -> dict[str, object]:
    """Return what discovery says (RFC 8628 section 4)."""
    return {"device_authorization_endpoint": f"{issuer}{PATH}"}
