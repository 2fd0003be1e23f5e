"""Security signals for departments' systems: OpenID Shared Signals Framework 1.0, SETs (RFC 8417) pushed (RFC 8935) or fetched (RFC 8936).

A department manages its streams and fetches from them with an access token of its own (``client_credentials``, scope ``signals``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from clients.model import Client
from clients.registry import ClientRegistry
from idp.errors import Conflict, DomainError, InvalidInput, NotFound, Throttled
from idp.model.audit import AuditEvent, Event, Outcome
from idp.model.signal import POLL, PUSH, QueuedSignal, Stream, StreamStatus
from idp.ports.signals import SignalStore
from idp.protocol import signal_polls
from idp.protocol.bearer import AccessClaims, AccessTokens
from idp.protocol.challenges import Challenges
from idp.protocol.errors import InsufficientScope, InvalidRequest, InvalidToken, ProtocolError, TooManyRequests
from idp.protocol.parameters import query_parameters
from idp.protocol.patience import Patience
from idp.protocol.refusals import Refusals
from idp.protocol.sender_constraints import SenderConstraints
from idp.protocol.wire import NO_STORE, WireRequest, WireResponse, json_response
from idp.services.audit import AuditLog
from idp.services.streams import VERIFICATION_INTERVAL, StreamService
from idp.services.tokens import TokenService
from keys.strict_json import read_object
from policies.signals import EVENT_TYPES, MANAGE, READ, SCOPE

CONFIGURATION: Final = "/.well-known/ssf-configuration"
STREAMS: Final = "/ssf/streams"
STATUS: Final = "/ssf/status"
VERIFY: Final = "/ssf/verify"
POLL_PATH: Final = "/ssf/poll"
ADD_SUBJECT: Final = "/ssf/subjects/add"
REMOVE_SUBJECT: Final = "/ssf/subjects/remove"

_LOOKS: Final = ("GET", "HEAD")
_MANAGES: Final = frozenset({SCOPE, MANAGE})
_READS: Final = _MANAGES | {READ}
"""What a token needs to look at streams and their status (CAEP Interoperability Profile section 2.7.3); to fetch takes signals away."""

_OURS: Final = frozenset({"iss", "aud", "events_supported", "events_delivered", "min_verification_interval"})
"""What the transmitter says of a stream beside its id."""

Sign = Callable[[Client, QueuedSignal], str]
Handler = Callable[[WireRequest, Client], WireResponse]


class StreamNotFound(ProtocolError):
    """SSF section 8.1: there is no such stream, or it is another receiver's."""

    error = "not_found"
    status = 404


class StreamConflict(ProtocolError):
    """SSF section 8.1.1.1: the receiver has all the streams that it may have."""

    error = "conflict"
    status = 409


def configuration(issuer: str) -> dict[str, Any]:
    """Return the transmitter's configuration (SSF section 7.1)."""
    return {
        "spec_version": "1_0",
        "issuer": issuer,
        "jwks_uri": f"{issuer}/jwks",
        "delivery_methods_supported": [PUSH, POLL],
        "configuration_endpoint": issuer + STREAMS,
        "status_endpoint": issuer + STATUS,
        "verification_endpoint": issuer + VERIFY,
        "add_subject_endpoint": issuer + ADD_SUBJECT,
        "remove_subject_endpoint": issuer + REMOVE_SUBJECT,
        "authorization_schemes": [{"spec_urn": "urn:ietf:rfc:6749"}],
        "default_subjects": "ALL",
    }


class SignalEndpoints:
    """One method an endpoint."""

    def __init__(
        self,
        issuer: str,
        streams: StreamService,
        store: SignalStore,
        access: AccessTokens,
        tokens: TokenService,
        registry: ClientRegistry,
        senders: SenderConstraints,
        sign: Sign,
        audit: AuditLog,
        refusals: Refusals,
        challenges: Challenges,
        patience: Patience,
    ) -> None:
        """Take collaborators; ``sign`` makes the token of a signal for a department."""
        self._patience = patience
        self._issuer = issuer
        self._streams = streams
        self._store = store
        self._access = access
        self._tokens = tokens
        self._registry = registry
        self._senders = senders
        self._sign = sign
        self._audit = audit
        self._refusals = refusals
        self._challenges = challenges
        self._of_streams: Mapping[str, Handler] = {
            **dict.fromkeys(_LOOKS, self._read),
            "POST": self._add,
            "PATCH": lambda request, client: self._change(request, client, whole=False),
            "PUT": lambda request, client: self._change(request, client, whole=True),
            "DELETE": self._remove,
        }

    def describe(self, _request: WireRequest) -> WireResponse:
        """Serve the transmitter's configuration (SSF section 7.2)."""
        return json_response(configuration(self._issuer), headers=(("Cache-Control", "public, max-age=300"),))

    def streams(self, request: WireRequest) -> WireResponse:
        """Create, read, update, replace or delete a stream (SSF section 8.1.1)."""
        return self.answered(request, lambda client: self._of_streams[request.method](request, client))

    def status(self, request: WireRequest) -> WireResponse:
        """Read or set a stream's status (SSF section 8.1.2)."""
        return self.answered(request, lambda client: self._status(request, client))

    def verify(self, request: WireRequest) -> WireResponse:
        """Ask for a verification event (SSF section 8.1.4.2)."""

        def verified(client: Client) -> WireResponse:
            self._streams.verify(client.client_id, document(request))
            return WireResponse(204, NO_STORE)

        return self.answered(request, verified)

    def poll(self, request: WireRequest, stream_id: str) -> WireResponse:
        """Take acknowledgements and hand over what waits (RFC 8936 section 2)."""
        return self.answered(request, lambda client: self._polled(request, client, stream_id))

    def answered(self, request: WireRequest, act: Callable[[Client], WireResponse]) -> WireResponse:
        """Let the department whose token the request carries act, and answer what it may not or what fails."""
        client: Client | None = None
        try:
            client = self._receiver(request)
            return act(client)
        except ProtocolError as error:
            return self._refused(request, error, client)
        except DomainError as error:
            return self._refused(request, _as_protocol(error), client)

    def _refused(self, request: WireRequest, error: ProtocolError, client: Client | None) -> WireResponse:
        self._refusals.record(Event.SIGNAL_REQUEST, request, error, client.client_id if client else None)
        return self._challenges.refuse(request, error)

    def _receiver(self, request: WireRequest) -> Client:
        """Return the department whose own token the request carries; raises ``InvalidToken``, ``InsufficientScope``."""
        presented = self._access.presented(request)
        token = self._access.verified(presented)
        self._senders.check(request, presented, token.claims)
        needed = _READS if request.method in _LOOKS else _MANAGES
        if token.grant_id or needed.isdisjoint(token.scope):
            raise InsufficientScope(f"a token of the system's own with scope {' or '.join(sorted(needed))} is needed")
        return self._live(presented, token)

    def _live(self, presented: str, token: AccessClaims) -> Client:
        is_revoked, versions = self._tokens.is_token_revoked(token.jti)
        if is_revoked:
            raise InvalidToken("the access token was revoked", reason="token_revoked")
        self._access.confirmed(presented, token, versions.keys)
        self._registry.observe(versions.clients)
        client = self._registry.find(token.client_id)
        if client is None or not client.is_active or token.claims["iat"] < client.not_before:
            raise InvalidToken("the client is no longer active", reason="client_inactive")
        return client

    def _read(self, request: WireRequest, client: Client) -> WireResponse:
        wanted = query_parameters(request).get("stream_id")
        if wanted is None:
            return json_response([self._shown(one) for one in self._streams.of_client(client.client_id)])
        return json_response(self._shown(self._streams.get(client.client_id, wanted)))

    def _add(self, request: WireRequest, client: Client) -> WireResponse:
        return json_response(
            self._shown(self._streams.add(client.client_id, document(request), request.case_code)), 201
        )

    def _change(self, request: WireRequest, client: Client, *, whole: bool) -> WireResponse:
        asked = document(request)
        _must_repeat(asked, self._shown(self._streams.get(client.client_id, asked.get("stream_id"))))
        return json_response(self._shown(self._streams.change(client.client_id, asked, request.case_code, whole=whole)))

    def _remove(self, request: WireRequest, client: Client) -> WireResponse:
        wanted = query_parameters(request).get("stream_id", "")
        self._streams.remove(client.client_id, wanted, request.case_code)
        return WireResponse(204, NO_STORE)

    def _status(self, request: WireRequest, client: Client) -> WireResponse:
        if request.method == "POST":
            stream = self._streams.set_status(client.client_id, document(request), request.case_code)
        else:
            stream = self._streams.get(client.client_id, query_parameters(request).get("stream_id"))
        reason = {"reason": stream.reason} if stream.reason else {}
        return json_response({"stream_id": stream.id, "status": stream.status.value, **reason})

    def _polled(self, request: WireRequest, client: Client, stream_id: str) -> WireResponse:
        asked = signal_polls.read(document(request))
        stream = self._streams.get(client.client_id, stream_id)
        if stream.method != POLL:
            raise InvalidRequest("the stream is pushed, not fetched", reason="not_polled")
        self._streams.taken(stream.id, asked.acknowledged, asked.failed)
        for signal_id, code in asked.failed.items():
            self._note_failure(stream, signal_id, code)
        is_enabled = stream.status is StreamStatus.ENABLED
        if asked.waits and is_enabled:
            self._patience.until(stream.id, lambda: bool(self._store.waiting(stream.id, 1)))
        waiting = self._store.waiting(stream.id, asked.most + 1) if is_enabled else []
        sets = {one.id: self._sign(client, one) for one in waiting[: asked.most]}
        return json_response({"sets": sets, "moreAvailable": len(waiting) > asked.most})

    def _note_failure(self, stream: Stream, signal_id: str, code: str) -> None:
        self._audit.write(
            AuditEvent(
                Event.SIGNAL_DELIVER,
                Outcome.FAILED,
                code,
                actor=f"client:{stream.client_id}",
                client_id=stream.client_id,
                target=f"stream:{stream.id}",
                detail={"signal": signal_id},
            )
        )

    def _shown(self, stream: Stream) -> dict[str, Any]:
        """Return a stream as its receiver sees it (SSF section 8.1.1); the header that it gave us is not told back."""
        url = stream.url or f"{self._issuer}{POLL_PATH}/{stream.id}"
        return {
            "stream_id": stream.id,
            "iss": self._issuer,
            "aud": stream.client_id,
            "events_supported": list(EVENT_TYPES),
            "events_requested": list(stream.events),
            "events_delivered": [one for one in EVENT_TYPES if one in stream.events],
            "delivery": {"method": stream.method, "endpoint_url": url},
            "min_verification_interval": VERIFICATION_INTERVAL,
            **({"description": stream.description} if stream.description else {}),
        }


def _must_repeat(asked: Mapping[str, Any], shown: Mapping[str, Any]) -> None:
    """Let what is ours to say come back only as we said it (SSF sections 8.1.1.3 and 8.1.1.4), lists in any order; raises ``InvalidRequest``."""
    for name in _OURS & asked.keys():
        given, said = (
            [str(one) for one in (each if isinstance(each, list) else [each])] for each in (asked[name], shown[name])
        )
        if sorted(given) != sorted(said):
            raise InvalidRequest(
                f"{name} is the transmitter's to say: leave it out or repeat it", reason=f"invalid_{name}"
            )


def _as_protocol(error: DomainError) -> ProtocolError:
    """Return what a domain error is on the wire."""
    if isinstance(error, NotFound):
        return StreamNotFound("there is no such stream or subject", reason="no_such_stream")
    if isinstance(error, Conflict):
        return StreamConflict("no further stream is possible", reason="too_many_streams")
    if isinstance(error, Throttled):
        return TooManyRequests("wait before the next verification", retry_after=error.retry_after)
    if isinstance(error, InvalidInput):
        return InvalidRequest(f"{error.field}: {error.reason}", reason=f"invalid_{error.field}")
    return ProtocolError("unexpected", reason=error.code)


def document(request: WireRequest) -> dict[str, Any]:
    """Return the body as one JSON object; raises ``InvalidRequest``."""
    if request.content_type.partition(";")[0].strip().lower() != "application/json":
        raise InvalidRequest("the request body must be application/json", reason="content_type")
    try:
        return read_object(request.body)
    except ValueError as error:
        raise InvalidRequest("the body must be one JSON object without repeated names", reason="not_json") from error
