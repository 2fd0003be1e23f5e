"""Where the parameters of an authorization request come from: the request itself, or what its client pushed before (RFC 9126)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from idp.flows.pushed import PREFIX, PushedRequests
from idp.protocol.errors import (
    InvalidRequest,
    InvalidRequestUri,
    ProtocolError,
    RequestNotSupported,
    RequestUriNotSupported,
)


@dataclass(frozen=True, slots=True)
class Source:
    """The parameters that count, and the key of the pushed request that the answer uses up ("" for none).

    ``fault`` is why the reference or object was refused; ``parameters`` then are those beside it and tell only whom to tell.
    """

    parameters: Mapping[str, str]
    pushed: str = ""
    fault: ProtocolError | None = None


class RequestSources:
    """Finds the parameters that count. A plain request costs two look-ups in a dictionary."""

    def __init__(self, pushed: PushedRequests) -> None:
        """Take the pushed requests."""
        self._pushed = pushed

    def resolve(self, parameters: Mapping[str, str]) -> Source:
        """Return the source of a request at the authorization endpoint; raises ``ProtocolError`` where nobody can be told but the person."""
        if "request_uri" not in parameters and "request" not in parameters:
            return Source(parameters)
        try:
            return self._referred(parameters)
        except ProtocolError as error:
            if "redirect_uri" not in parameters:
                raise
            return Source(parameters, fault=error)

    def _referred(self, parameters: Mapping[str, str]) -> Source:
        if "request" in parameters:
            raise RequestNotSupported("request objects are not supported")
        request_uri = parameters["request_uri"]
        if not request_uri.startswith(PREFIX):
            raise RequestUriNotSupported("request_uri must be one that the endpoint /par gave")
        return self._opened(request_uri, parameters.get("client_id", ""))

    def _opened(self, request_uri: str, client_id: str) -> Source:
        """Whatever stands beside ``request_uri`` counts for nothing (RFC 9126 section 4, RFC 9101 section 6.3)."""
        if not client_id:
            raise InvalidRequest("client_id is missing", reason="client_id_missing")
        found = self._pushed.open(request_uri, client_id)
        if found is None:
            raise InvalidRequestUri("request_uri is unknown, used or expired: push the request again")
        return Source({**found.parameters, "client_id": found.client_id}, found.key)
