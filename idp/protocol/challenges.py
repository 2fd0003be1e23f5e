"""``WWW-Authenticate`` of our own protected resources: why a token was refused, and what would be accepted.

RFC 6750 section 3, RFC 9449 section 7.1, RFC 9470 section 3, RFC 9728 section 5.1.
"""

from __future__ import annotations

from typing import Final

from idp.protocol.errors import InsufficientUserAuthentication, InvalidDpopProof, ProtocolError, UseDpopNonce
from idp.protocol.sender_constraints import is_dpop
from idp.protocol.wire import NO_STORE, Headers, WireRequest, WireResponse, json_response
from keys.dpop import ALGS

REALM: Final = "dinhdanh"
_BEARER: Final = "Bearer"
_DPOP: Final = "DPoP"
_OF_DPOP: Final = (InvalidDpopProof, UseDpopNonce)
_UNAUTHORIZED: Final = 401


class Challenges:
    """Refuses requests at one protected resource."""

    def __init__(self, resource_metadata: str) -> None:
        """Take the address of the resource's metadata (RFC 9728)."""
        self._metadata = resource_metadata

    def refuse(self, request: WireRequest, error: ProtocolError) -> WireResponse:
        """Return the error as JSON with its challenge."""
        body = {"error": error.error, "error_description": error.description}
        return json_response(body, self.status(error), (*NO_STORE, *self.headers(request, error)))

    def status(self, error: ProtocolError) -> int:
        """Return the status of a refusal: a broken proof is 401 here (RFC 9449 section 7.1)."""
        return _UNAUTHORIZED if isinstance(error, _OF_DPOP) else error.status

    def headers(self, request: WireRequest, error: ProtocolError) -> Headers:
        """Return the headers of a refusal: those of the error, and the challenge."""
        return (*error.headers, *self._challenges(request, error))

    def _challenges(self, request: WireRequest, error: ProtocolError) -> Headers:
        """Both schemes without a word of error where nothing was presented, else the one that was wrong (RFC 6750 section 3.1)."""
        if error.reason == "token_missing":
            return tuple(("WWW-Authenticate", self._challenge(scheme, {})) for scheme in (_DPOP, _BEARER))
        scheme = (
            _DPOP if is_dpop(request) or isinstance(error, _OF_DPOP) or error.reason == "dpop_downgrade" else _BEARER
        )
        said = {"error": error.error, "error_description": error.description, **_step_up(error)}
        return (("WWW-Authenticate", self._challenge(scheme, said)),)

    def _challenge(self, scheme: str, said: dict[str, str]) -> str:
        algs = {"algs": " ".join(ALGS)} if scheme == _DPOP else {}
        parameters = {"realm": REALM, **said, **algs, "resource_metadata": self._metadata}
        return f"{scheme} " + ", ".join(f'{name}="{value}"' for name, value in parameters.items())


def _step_up(error: ProtocolError) -> dict[str, str]:
    """Return what the client has to ask the person for (RFC 9470 section 3)."""
    if not isinstance(error, InsufficientUserAuthentication):
        return {}
    asked = {"acr_values": " ".join(error.acr_values), "max_age": "" if error.max_age is None else str(error.max_age)}
    return {name: value for name, value in asked.items() if value}
