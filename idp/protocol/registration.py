"""Dynamic client registration and management (RFC 7591, RFC 7592, OpenID Connect Registration 1.0) on the wire.

The order: bound and count, parse, authenticate, check the metadata, take the use of the token, write, answer. Nobody's text is repeated in an
error but field names and short plain words (``clients.fields``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from clients.documents import to_metadata
from clients.errors import ClientConflict, RegistrationRefused
from clients.model import Client
from idp.errors import DomainError
from idp.model.audit import Event
from idp.protocol.errors import (
    InvalidClientMetadata,
    InvalidRedirectUri,
    InvalidRequest,
    InvalidSoftwareStatement,
    InvalidToken,
    ManagementForbidden,
    ProtocolError,
    TooManyRequests,
    UnapprovedSoftwareStatement,
)
from idp.protocol.refusals import Refusals
from idp.protocol.wire import MAX_BODY, NO_STORE, Headers, WireRequest, WireResponse, json_response
from idp.services.registrations import LimitReached, NotAdmitted, Registered, RegistrationService
from idp.services.software_statements import StatementInvalid, StatementUnapproved
from keys.strict_json import read_object

_NOT_SHOWN: Final = frozenset({"state", "created_at", "updated_at", "sector_id"})
_MAX_SHOWN: Final = 5
_STATEMENTS: Final[Mapping[type[DomainError], type[ProtocolError]]] = {
    StatementInvalid: InvalidSoftwareStatement,
    StatementUnapproved: UnapprovedSoftwareStatement,
}

T = TypeVar("T")


class RegistrationEndpoint:
    """``/register`` and ``/register/<client_id>``."""

    def __init__(
        self,
        registrations: RegistrationService,
        issuer: str,
        refusals: Refusals,
        by_address: Callable[[str], int],
        in_all: Callable[[], int],
    ) -> None:
        """Take collaborators; ``by_address`` and ``in_all`` count and return the seconds to wait, 0 to go on."""
        self._registrations = registrations
        self._issuer = issuer
        self._refusals = refusals
        self._by_address = by_address
        self._in_all = in_all

    def register(self, request: WireRequest) -> WireResponse:
        """Register a client (RFC 7591 section 3.1)."""
        try:
            if request.method != "POST":
                raise InvalidRequest("registration takes POST only", reason="method")
            self._bound(request)
            document, presented = _document(request), _bearer(request)
            _wait(self._in_all())
            registered = _mapped(lambda: self._registrations.register(document, presented))
            return json_response(self._shown(registered), 201)
        except ProtocolError as error:
            return self._refused(request, error, None)

    def manage(self, request: WireRequest, client_id: str) -> WireResponse:
        """Read, update or remove a client (RFC 7592 section 2)."""
        client: Client | None = None
        try:
            self._bound(request)
            presented = _bearer(request)
            client = _mapped(lambda: self._registrations.authenticated(client_id, presented))
            if not client.is_active:
                raise ManagementForbidden("the client is suspended", reason="client_suspended")
            return self._managed(request, client, presented)
        except ProtocolError as error:
            return self._refused(request, error, client.client_id if client else None)

    def _managed(self, request: WireRequest, client: Client, presented: str) -> WireResponse:
        if request.method == "DELETE":
            self._registrations.remove(client)
            return WireResponse(204, NO_STORE)
        if request.method == "PUT":
            document, known = _document(request), client
            return json_response(self._shown(_mapped(lambda: self._registrations.update(known, document))))
        return json_response(self._shown(Registered(client, presented, None)))

    def _shown(self, registered: Registered) -> dict[str, Any]:
        """Return the client information response (RFC 7591 section 3.2.1, RFC 7592 section 3)."""
        client = registered.client
        shown = {name: value for name, value in to_metadata(client).items() if name not in _NOT_SHOWN}
        if registered.secret is not None:
            shown["client_secret"] = registered.secret
        shown["registration_access_token"] = registered.access_token
        shown["registration_client_uri"] = f"{self._issuer}/register/{client.client_id}"
        return shown

    def _bound(self, request: WireRequest) -> None:
        _wait(self._by_address(request.address))

    def _refused(self, request: WireRequest, error: ProtocolError, client_id: str | None) -> WireResponse:
        self._refusals.record(Event.CLIENT_REGISTER, request, error, client_id)
        headers: Headers = (*NO_STORE, *error.headers)
        if isinstance(error, InvalidToken):
            # RFC 6750 section 3.1: no error code for whoever brought no token at all.
            code = "" if error.reason == "token_missing" else f', error="{error.error}"'
            headers = (*NO_STORE, ("WWW-Authenticate", f'Bearer realm="dinhdanh"{code}'))
        body = {"error": error.error, "error_description": error.description, "case_code": request.case_code}
        return json_response(body, error.status, headers)


def _wait(seconds: int) -> None:
    if seconds > 0:
        raise TooManyRequests("too many registrations: come back later", retry_after=seconds)


def _bearer(request: WireRequest) -> str:
    """Return the token of the Authorization header, "" for none; a token anywhere else counts for nothing."""
    scheme, _, value = request.header("authorization").partition(" ")
    return value.strip() if scheme.lower() == "bearer" else ""


def _document(request: WireRequest) -> dict[str, Any]:
    if request.content_type.partition(";")[0].strip().lower() != "application/json":
        raise InvalidRequest("the request body must be application/json", reason="content_type")
    if len(request.body) > MAX_BODY:
        raise InvalidRequest("the request body is too long", reason="body_too_long")
    try:
        return read_object(request.body)
    except ValueError as error:
        raise InvalidClientMetadata("must be one JSON object without repeated names", reason="not_json") from error


def _mapped(act: Callable[[], T]) -> T:
    """Run ``act`` and turn what it refuses into what the specification calls it."""
    try:
        return act()
    except NotAdmitted as error:
        raise InvalidToken(error.reason, reason=error.code) from error
    except LimitReached as error:
        raise TooManyRequests(error.reason, retry_after=3600) from error
    except (StatementInvalid, StatementUnapproved) as error:
        raise _STATEMENTS[type(error)](error.reason, reason=error.code) from error
    except ClientConflict as error:
        raise InvalidToken("the client was changed meanwhile", reason="client_changed") from error
    except RegistrationRefused as error:
        kind = InvalidRedirectUri if error.error == "invalid_redirect_uri" else InvalidClientMetadata
        first = error.errors[0]
        text = "; ".join(str(one) for one in error.errors[:_MAX_SHOWN])
        raise kind(text, reason=f"{first.field.partition('[')[0]}:{first.reason}") from error
