"""The frame of the Admin API: from a request to its row, the caller, the checked input, the handler, the answer."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from http import HTTPStatus
from typing import Any, Final

import orjson

from idp.endpoints.api import openapi, problems
from idp.endpoints.api.caller import Callers
from idp.endpoints.api.operation import JSON_LINES, Call, Operation, Reply
from idp.endpoints.api.problems import Problem
from idp.endpoints.api.reading import body_of, query_of, resolved, variables_of, versions_of
from idp.endpoints.api.schema import Schema
from idp.errors import Refused
from idp.flows.administration.administrator import Administrator
from idp.model.audit import Event
from idp.protocol.challenges import Challenges
from idp.protocol.errors import InsufficientScope, ProtocolError, TooManyRequests
from idp.protocol.refusals import Refusals
from idp.protocol.wire import NO_STORE, Headers, StreamedResponse, WireRequest, WireResponse, json_response
from idp.services.idempotency import Idempotency

_log = logging.getLogger("idp.api")
_KEY: Final = "idempotency-key"


class ApiEndpoint:
    """Answers below ``/api/v1``."""

    def __init__(
        self,
        issuer: str,
        table: Iterable[Operation],
        shapes: Mapping[str, Schema],
        callers: Callers,
        idempotency: Idempotency,
        challenges: Challenges,
        refusals: Refusals,
        nonce_headers: Callable[[WireRequest], Headers],
        wait: Callable[[str], int],
    ) -> None:
        """Take collaborators; ``wait`` counts a request of a caller and returns the seconds that it has to wait, 0 for none."""
        self._table = tuple((openapi.pattern(one.path), one) for one in table)
        self._shapes = shapes
        self._issuer = issuer
        self._callers = callers
        self._idempotency = idempotency
        self._challenges = challenges
        self._refusals = refusals
        self._nonce_headers = nonce_headers
        self._wait = wait

    @cached_property
    def _document(self) -> bytes:
        """The OpenAPI document, made when it is first asked for: nobody signs in by it."""
        return orjson.dumps(openapi.document(self._issuer, (one for _, one in self._table), self._shapes))

    def description(self, _request: WireRequest) -> WireResponse:
        """Return the OpenAPI document; it says nothing that the source does not."""
        headers = (("Content-Type", "application/json"), ("Cache-Control", "public, max-age=300"))
        return WireResponse(200, (*headers, ("X-Content-Type-Options", "nosniff")), self._document)

    def handle(self, request: WireRequest, rest: str) -> WireResponse:
        """Answer one request."""
        who: Administrator | None = None
        try:
            operation, match = self._matched(request.method, f"/{rest}")
            who = self._callers.of(request)
            if seconds := self._wait(who.principal):
                raise TooManyRequests("too many requests: wait", retry_after=seconds)
            call = self._call(request, who, operation, match)
            return self._answered(request, operation, call)
        except Exception as error:  # noqa: BLE001 - the last line of defence: logged with its case code, answered neutrally
            return self._refusal(request, error, who)

    def _matched(self, method: str, path: str) -> tuple[Operation, re.Match[str]]:
        method = "GET" if method == "HEAD" else method
        found = [(one, match) for pattern, one in self._table if (match := pattern.fullmatch(path))]
        for one, match in found:
            if one.method == method:
                return one, match
        if found:
            allowed = ", ".join(sorted({one.method for one, _ in found}))
            raise Problem(405, "method_not_allowed", headers=(("Allow", allowed),))
        raise Problem(404, "not_found")

    def _call(self, request: WireRequest, who: Administrator, operation: Operation, match: re.Match[str]) -> Call:
        path = variables_of(match)
        query = query_of(request, operation.query)
        versions = versions_of(request) if operation.is_versioned else None
        body: Mapping[str, Any] = {}
        if operation.body is not None:
            body = body_of(request, resolved(operation.body, self._shapes))
        return Call(who, path, query, body, versions)

    def _answered(self, request: WireRequest, operation: Operation, call: Call) -> WireResponse:
        key = request.header(_KEY)
        if operation.method != "POST" or not key:
            return self._sent(request, operation.handler(call))
        used = [call.who.client_id, sorted(call.who.scopes or ()), self._callers.rights(call.who)]
        asked = [request.path, request.query, request.header("if-match"), request.body.decode("latin-1"), *used]
        attempt = self._idempotency.begin(call.who.principal, key, orjson.dumps(asked))
        if not isinstance(attempt, bytes):
            attempt = self._idempotency.carry_out(attempt, lambda: self._first(request, operation, call))
        kept = _unpacked(attempt)
        # A nonce for proofs is of this moment, never of the first answer's.
        return replace(kept, headers=(*kept.headers, *self._nonce_headers(request)))

    def _first(self, request: WireRequest, operation: Operation, call: Call) -> tuple[bytes, bool]:
        """Carry out; a refusal is an answer too, and after it the key may be used again."""
        try:
            response = self._made(operation.handler(call))
        except Exception as error:
            response = self._refusal(request, error, call.who)
            if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                raise
        return _packed(response), response.status < HTTPStatus.MULTIPLE_CHOICES

    def _sent(self, request: WireRequest, reply: Reply) -> WireResponse:
        response = self._made(reply)
        return replace(response, headers=(*response.headers, *self._nonce_headers(request)))

    @staticmethod
    def _made(reply: Reply) -> WireResponse:
        headers = (*NO_STORE, *reply.headers)
        if reply.lines is not None:
            return StreamedResponse(reply.status, (("Content-Type", JSON_LINES), *headers), chunks=reply.lines)
        if reply.document is None:
            return WireResponse(reply.status, headers)
        return json_response(reply.document, reply.status, headers)

    def _refusal(self, request: WireRequest, error: Exception, who: Administrator | None) -> WireResponse:
        """Return a problem; what no table knows is logged."""
        if isinstance(error, Refused) and error.code == "insufficient_scope":
            return self._challenged(request, InsufficientScope("another scope is needed for this"))
        if isinstance(error, ProtocolError):
            self._refusals.record(Event.ADMIN_REQUEST, request, error, who.client_id if who else None)
            return self._challenged(request, error)
        problem = error if isinstance(error, Problem) else problems.of(error)
        if problem is None or problem.status == HTTPStatus.INTERNAL_SERVER_ERROR:
            _log.error("unexpected error", exc_info=error, extra={"case_code": request.case_code})
        return problems.answer(problem or Problem(500, "server_error"), request.case_code)

    def _challenged(self, request: WireRequest, error: ProtocolError) -> WireResponse:
        wait = getattr(error, "retry_after", 0)
        headers: Headers = (("Retry-After", str(wait)),) if wait else ()
        status = self._challenges.status(error)
        if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            headers = (*headers, *self._challenges.headers(request, error))
        return problems.answer(Problem(status, error.error, error.description, headers=headers), request.case_code)


def _packed(response: WireResponse) -> bytes:
    return orjson.dumps([response.status, [list(pair) for pair in response.headers], response.body.decode()])


def _unpacked(kept: bytes) -> WireResponse:
    status, headers, body = orjson.loads(kept)
    return WireResponse(status, tuple((name, value) for name, value in headers), body.encode())
