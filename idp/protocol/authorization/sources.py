"""Where the parameters of an authorization request come from: the request itself, what its client pushed (RFC 9126), or signed (RFC 9101)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from clients.model import Client
from clients.profiles import PROFILES
from idp.flows.pushed import PREFIX, PushedRequests
from idp.model.frozen import frozen
from idp.protocol.authorization.request_objects import RequestObjects
from idp.protocol.errors import InvalidRequest, InvalidRequestUri, ProtocolError

FindClient = Callable[[Mapping[str, str]], Client]
"""Takes the parameters as sent and returns the active client that they name; raises ``ProtocolError``."""


@frozen
class Source:
    """The parameters that count, and the key of the pushed request that the answer uses up ("" for none), with the moment of the push.

    ``fault`` is why the reference or object was refused; ``parameters`` then are those beside it and tell only whom to tell.
    """

    parameters: Mapping[str, str]
    pushed: str = ""
    pushed_at: int = 0
    is_signed: bool = False
    fault: ProtocolError | None = None


class RequestSources:
    """Finds the parameters that count. A plain request costs two look-ups in a dictionary."""

    def __init__(
        self, pushed: PushedRequests, objects: RequestObjects, find: FindClient, *, require_pushed: bool
    ) -> None:
        """Take the pushed requests, the request objects, who finds a client; ``require_pushed`` is for all clients."""
        self._pushed = pushed
        self._objects = objects
        self._find = find
        self._require_pushed = require_pushed

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

    def pushed(self, client: Client, parameters: Mapping[str, str]) -> Source:
        """Return the source of a request at the endpoint for pushed ones; raises ``ProtocolError``."""
        if "request_uri" in parameters:
            # A reference to a reference would let a request be replaced after it was checked (RFC 9126 section 2.1).
            raise InvalidRequest("request_uri must not be pushed", reason="request_uri_pushed")
        token = parameters.get("request")
        if token is None:
            source = Source({**parameters, "client_id": client.client_id})
        else:
            source = Source(self._objects.opened(client, token), is_signed=True)
        self._check_signed(client, source)
        return source

    def check(self, client: Client, source: Source) -> None:
        """Check that the request came in the way that its client, its profile and the operator demand; raises ``ProtocolError``."""
        if source.fault is not None:
            raise source.fault
        if source.pushed:
            return
        self._check_pushed(client)
        if client.federation is not None and not source.is_signed:
            # A browser proves nothing about who sent it, and nobody here knows the client but by its keys (OpenID Federation 1.0 section 12.1.1).
            raise InvalidRequest("a federated client must sign or push its requests", reason="not_proven")
        self._check_signed(client, source)

    @staticmethod
    def check_mark(client: Client, source: Source) -> None:
        """Refuse what was pushed before the client's not-before mark: whoever held its credential till then may have pushed it."""
        if source.pushed and source.pushed_at < client.not_before:
            raise InvalidRequestUri("request_uri is from before the client's mark: push it again", reason="before_mark")

    def _check_pushed(self, client: Client) -> None:
        """Refuse whatever was not pushed where it has to be."""
        is_needed = client.require_pushed_authorization_requests or PROFILES[client.profile].needs_pushed
        if self._require_pushed or is_needed:
            raise InvalidRequest("this client must push its requests to /par (RFC 9126)", reason="not_pushed")

    @staticmethod
    def _check_signed(client: Client, source: Source) -> None:
        is_needed = client.require_signed_request_object or PROFILES[client.profile].needs_signed_request
        if is_needed and not source.is_signed:
            raise InvalidRequest(
                "this client must sign its requests: send them as a request object (RFC 9101)", reason="not_signed"
            )

    def _referred(self, sent: Mapping[str, str]) -> Source:
        request_uri, token = sent.get("request_uri"), sent.get("request")
        if request_uri is not None and token is not None:
            raise InvalidRequest("request and request_uri exclude each other", reason="several_objects")
        if request_uri is not None and request_uri.startswith(PREFIX):
            return self._opened(request_uri, sent.get("client_id", ""))
        client = self._find(sent)
        if token is None:
            # Before the fetch: a reference that would be refused anyway must not make us ask an address.
            self._check_pushed(client)
            token = self._objects.fetched(client, request_uri or "")
        return Source(self._objects.opened(client, token), is_signed=True)

    def _opened(self, request_uri: str, client_id: str) -> Source:
        """Whatever stands beside ``request_uri`` counts for nothing (RFC 9126 section 4, RFC 9101 section 6.3)."""
        if not client_id:
            raise InvalidRequest("client_id is missing", reason="client_id_missing")
        found = self._pushed.open(request_uri, client_id)
        if found is None:
            raise InvalidRequestUri("request_uri is unknown, used or expired: push the request again")
        return Source({**found.parameters, "client_id": found.client_id}, found.key, found.pushed_at)
