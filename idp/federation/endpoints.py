"""The federation's endpoints over HTTP (OpenID Federation 1.0 sections 8 and 9): the handler of each, then what they share.

Client authentication is not used here: everything that is served is public, and nothing is done for whoever asks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, ClassVar, Concatenate, Final, ParamSpec
from urllib.parse import parse_qsl

from idp.clock import Clock
from idp.errors import DomainError, NotFound, Refused
from idp.federation.authority import PROVINCE, Authority
from idp.federation.collecting import ChainFinder
from idp.federation.entity_ids import is_entity_id
from idp.federation.entity_keys import EntityKeys
from idp.federation.marks import MARK, STATUS, MarkVerifier, OwnMarks, end_of
from idp.federation.statements import STATEMENT
from idp.model.audit import Event
from idp.protocol.errors import InvalidRequest, ProtocolError, ServerError, TemporarilyUnavailable
from idp.protocol.introductions import ERRORS
from idp.protocol.parameters import form_parameters
from idp.protocol.refusals import Refusals
from idp.protocol.wire import MAX_QUERY, NO_STORE, WireRequest, WireResponse, json_response

P = ParamSpec("P")

RESOLVED: Final = "resolve-response+jwt"
KEY_SET: Final = "jwk-set+jwt"
_MAX_PAIRS: Final = 16
_ANY_ORIGIN: Final = (("Access-Control-Allow-Origin", "*"),)


class EntityNotFound(ProtocolError):
    """OpenID Federation 1.0 section 8.9."""

    error: ClassVar[str] = "not_found"
    status: ClassVar[int] = 404


class InvalidSubject(ProtocolError):
    """OpenID Federation 1.0 section 8.9."""

    error: ClassVar[str] = "invalid_subject"


def answered(
    handler: Callable[Concatenate[FederationEndpoints, WireRequest, P], WireResponse],
) -> Callable[Concatenate[FederationEndpoints, WireRequest, P], WireResponse]:
    """Turn refusals into the error answer of section 8.9, recorded."""

    @wraps(handler)
    def wrapped(self: FederationEndpoints, request: WireRequest, /, *args: P.args, **kwargs: P.kwargs) -> WireResponse:
        try:
            return handler(self, request, *args, **kwargs)
        except ProtocolError as error:
            return self.refusals.answer(Event.FEDERATION_REQUEST, request, error)
        except DomainError as error:
            return self.refusals.answer(Event.FEDERATION_REQUEST, request, protocol_error(error))

    return wrapped


def protocol_error(error: DomainError) -> ProtocolError:
    """Return what a domain error is on the wire."""
    if isinstance(error, NotFound):
        return EntityNotFound("there is none here", reason=error.field or error.code)
    if error.code == "temporarily_unavailable":
        return TemporarilyUnavailable("try again", reason=error.field or error.code)
    if isinstance(error, Refused):
        return ERRORS.get(error.code, InvalidRequest)(
            "trust could not be established", reason=error.field or error.code
        )
    return ServerError("unexpected", reason=error.code)


class FederationEndpoints:
    """One method an endpoint. ``code`` is a unit's, ``PROVINCE`` by default."""

    def __init__(
        self,
        authority: Authority,
        keys: EntityKeys,
        finder: ChainFinder,
        marks: tuple[OwnMarks, MarkVerifier],
        refusals: Refusals,
        clock: Clock,
        provider_keys: Callable[[], Mapping[str, Any]],
    ) -> None:
        """Take collaborators; ``marks`` are our own, and the verifier of any; ``provider_keys`` are those of tokens as claims, with their end."""
        self._authority = authority
        self._keys = keys
        self._finder = finder
        self._own_marks, self._marks = marks
        self.refusals = refusals
        self._clock = clock
        self._provider_keys = provider_keys

    @answered
    def configuration(self, request: WireRequest, code: str = PROVINCE) -> WireResponse:
        """Serve an entity configuration (section 9)."""
        del request
        token = self._authority.configuration(self._authority.identifier(code))
        return _jwt(_found(token, "entity_gone"), STATEMENT)

    @answered
    def fetch(self, request: WireRequest, code: str = PROVINCE) -> WireResponse:
        """Serve the statement about an immediate subordinate (section 8.1)."""
        subject = _one(_query(request), "sub")
        issuer = self._entity(code)
        if subject == issuer:
            # Nobody is subordinate to himself: the OpenID Foundation's suite wants the error of any other stranger.
            raise EntityNotFound("sub is the issuer itself: its configuration is at its own address", reason="own_sub")
        return _jwt(_found(self._authority.statement(issuer, subject), "not_subordinate"), STATEMENT)

    @answered
    def subordinates(self, request: WireRequest, code: str = PROVINCE) -> WireResponse:
        """List the immediate subordinates (section 8.2). Every filter of the specification is served, what nobody defined is passed over."""
        self._entity(code)
        query = _query(request)
        units = [self._authority.identifier(one.code) for one in self._authority.units_below(code)]
        members = self._authority.members(code)
        kinds = {**dict.fromkeys(units, ("federation_entity",)), **{one.entity_id: one.entity_types for one in members}}
        wanted = set(query.get("entity_type", ()))
        names = [name for name, types in kinds.items() if wanted <= {*types, "federation_entity"}]
        if _flag(query, "intermediate"):
            names = [name for name in names if name in units or set(kinds[name]) == {"federation_entity"}]
        for kind in query.get("trust_mark_type", ()):
            holders = {mark.subject for mark in self._own_marks.active(kind)}
            names = [name for name in names if name in holders]
        if _flag(query, "trust_marked"):
            holders = set(self._own_marks.holders())
            names = [name for name in names if name in holders]
        return json_response(sorted(names), headers=(*NO_STORE, *_ANY_ORIGIN))

    @answered
    def resolve(self, request: WireRequest) -> WireResponse:
        """Resolve an entity's metadata and marks up to an anchor that we trust too (section 8.3)."""
        query = _query(request)
        subject, anchors = _one(query, "sub"), query.get("trust_anchor", ())
        if not anchors:
            raise InvalidRequest("trust_anchor is missing", reason="trust_anchor_missing")
        if not set(anchors) & self._finder.anchors.keys():
            raise ERRORS["invalid_trust_anchor"]("none of these anchors is trusted here")
        chain = self._finder.find(subject, anchors)
        kinds = query.get("entity_type", ())
        marks = self._marks.valid(chain)
        claims: dict[str, Any] = {
            "iss": self._authority.entity_id,
            "sub": subject,
            "iat": self._clock.now(),
            "exp": min(chain.expires_at, *map(end_of, marks)) if marks else chain.expires_at,
            "metadata": {kind: value for kind, value in chain.metadata.items() if not kinds or kind in kinds},
            "trust_chain": chain.tokens,
        }
        return _jwt(self._keys.sign({**claims, "trust_marks": marks} if marks else claims, RESOLVED), RESOLVED)

    @answered
    def signed_keys(self, request: WireRequest) -> WireResponse:
        """Serve the provider's JWK set, vouched for by its federation keys and not by TLS alone (``signed_jwks_uri``, section 5.2.1)."""
        del request
        issuer = self._authority.entity_id
        claims = {"iss": issuer, "sub": issuer, "iat": self._clock.now(), **self._provider_keys()}
        return _jwt(self._keys.sign(claims, KEY_SET), KEY_SET)

    @answered
    def historical_keys(self, request: WireRequest) -> WireResponse:
        """Serve the keys that signed once and count no more (section 8.7)."""
        del request
        claims = {
            "iss": self._authority.entity_id,
            "iat": self._clock.now(),
            "keys": self._keys.historical(),
        }
        return _jwt(self._keys.sign(claims, KEY_SET), KEY_SET)

    @answered
    def trust_mark_status(self, request: WireRequest) -> WireResponse:
        """Tell whether a mark of ours is in force (section 8.4)."""
        token = form_parameters(request).get("trust_mark")
        if token is None:
            raise InvalidRequest("trust_mark is missing", reason="trust_mark_missing")
        return _jwt(self._own_marks.signed_status(token), STATUS)

    @answered
    def trust_marked(self, request: WireRequest) -> WireResponse:
        """List who holds a mark of a type (section 8.5)."""
        query = _query(request)
        kind, subject = _one(query, "trust_mark_type"), _one(query, "sub") if "sub" in query else None
        names = sorted({mark.subject for mark in self._own_marks.active(kind, subject)})
        return json_response(names, headers=(*NO_STORE, *_ANY_ORIGIN))

    @answered
    def trust_mark(self, request: WireRequest) -> WireResponse:
        """Serve the mark of a type that an entity holds (section 8.6)."""
        query = _query(request)
        held = self._own_marks.active(_one(query, "trust_mark_type"), _one(query, "sub"))
        if not held:
            raise EntityNotFound("the entity holds no such mark", reason="no_trust_mark")
        return _jwt(self._own_marks.token(held[0]), MARK)

    def _entity(self, code: str) -> str:
        issuer = self._authority.identifier(code)
        if self._authority.code_of(issuer) is None:
            raise EntityNotFound("there is no such entity here", reason="entity_gone")
        return issuer


def _query(request: WireRequest) -> Mapping[str, tuple[str, ...]]:
    """Return the query; some names may repeat here (sections 8.2.1 and 8.3.1)."""
    if len(request.query) > MAX_QUERY:
        raise InvalidRequest("the query is too long", reason="query_too_long")
    try:
        pairs = parse_qsl(request.query, errors="strict", max_num_fields=_MAX_PAIRS)
    except ValueError as error:
        raise InvalidRequest("the query is malformed", reason="query_malformed") from error
    found: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        found[name] = (*found.get(name, ()), value)
    return found


def _one(query: Mapping[str, tuple[str, ...]], name: str) -> str:
    values = query.get(name, ())
    if len(values) != 1:
        raise InvalidRequest(f"{name} must be given once", reason=f"{name}_missing")
    # An http name passes here and is refused by whoever would go there: only loopback deployments know any.
    if name == "sub" and not is_entity_id(values[0], loopback=True):
        raise InvalidSubject("sub must be an entity identifier")
    return values[0]


def _flag(query: Mapping[str, tuple[str, ...]], name: str) -> bool:
    return query.get(name, ("false",)) == ("true",)


def _found(token: str | None, reason: str) -> str:
    if token is None:
        raise EntityNotFound("there is no such entity here", reason=reason)
    return token


def _jwt(token: str, kind: str) -> WireResponse:
    headers = (("Content-Type", f"application/{kind}"), ("X-Content-Type-Options", "nosniff"), *NO_STORE, *_ANY_ORIGIN)
    return WireResponse(200, headers, token.encode("ascii"))
