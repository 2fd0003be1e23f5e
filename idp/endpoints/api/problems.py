"""Refusals as problem details (RFC 9457): a stable ``code``, the fields at fault, the case code that the log has too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson

from clients.errors import ClientConflict, ClientNotFound, RegistrationRefused
from idp.errors import Busy, Conflict, DomainError, InvalidInput, NotFound, Refused, StorageUnavailable, Throttled
from idp.protocol.wire import NO_STORE, Headers, WireResponse
from keys.errors import KeyNotFound, KeyRefused, KeysError

_TYPE: Final = "urn:dinhdanh:problem:"
_TITLES: Final[Mapping[int, str]] = {
    400: "The request cannot be read",
    401: "The caller is not known well enough",
    403: "This is not the caller's to do",
    404: "There is no such thing, or it is not the caller's to see",
    405: "This is not done here",
    409: "The state of things does not permit it",
    412: "It was changed meanwhile",
    413: "The body is too large",
    415: "The body must be application/json",
    422: "The values break a rule",
    428: "If-Match is required",
    429: "Too many requests",
    500: "Something is wrong here",
    503: "Try again later",
}
_STATUS: Final[tuple[tuple[type[Exception], int, str], ...]] = (
    (NotFound, 404, "not_found"),
    (ClientNotFound, 404, "not_found"),
    (KeyNotFound, 404, "not_found"),
    (Refused, 403, "refused"),
    (InvalidInput, 422, "invalid_input"),
    (RegistrationRefused, 422, "invalid_client_metadata"),
    (ClientConflict, 409, "conflict"),
    (Conflict, 409, "conflict"),
    (KeyRefused, 409, "key_refused"),
    (Throttled, 429, "throttled"),
    (Busy, 503, "temporarily_unavailable"),
    (StorageUnavailable, 503, "temporarily_unavailable"),
    (KeysError, 503, "temporarily_unavailable"),
)
_STRAYS: Final = {"payload_too_large": 413, "method_not_allowed": 405, "not_found": 404, "temporarily_unavailable": 503}
_SPOKEN: Final = (InvalidInput, Conflict)
"""Errors whose sentence is about what the caller sent or saw, and nothing else."""


class Problem(Exception):
    """A refusal by the interface itself; ``errors`` are the fields at fault."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str = "",
        errors: Iterable[Mapping[str, str]] = (),
        headers: Headers = (),
    ) -> None:
        """Keep what is answered."""
        super().__init__(code)
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = headers


def answer(problem: Problem, case_code: str) -> WireResponse:
    """Return a problem as a response."""
    document: dict[str, Any] = {
        "type": _TYPE + problem.code,
        "title": _TITLES.get(problem.status, "It was refused"),
        "status": problem.status,
        "code": problem.code,
        "case_code": case_code,
    }
    if problem.detail:
        document["detail"] = problem.detail
    if problem.errors:
        document["errors"] = list(problem.errors)
    kind = (("Content-Type", "application/problem+json"), ("X-Content-Type-Options", "nosniff"))
    return WireResponse(problem.status, (*kind, *NO_STORE, *problem.headers), orjson.dumps(document))


def stray(error: DomainError, case_code: str) -> WireResponse:
    """Return a problem for what never reached the table: a body that is too long, a method that nothing here knows."""
    status = _STRAYS.get(error.code, 500)
    return answer(Problem(status, error.code if error.code in _STRAYS else "server_error"), case_code)


def of(error: Exception) -> Problem | None:
    """Return the problem of a domain error; None for what no table knows."""
    for kind, status, code in _STATUS:
        if isinstance(error, kind):
            return _made(error, status, code)
    if isinstance(error, DomainError):
        return Problem(500, "server_error")
    return None


def _made(error: Exception, status: int, code: str) -> Problem:
    own = getattr(error, "code", code)
    if isinstance(error, RegistrationRefused):
        found = [{"field": one.field, "code": one.reason, "detail": one.detail} for one in error.errors]
        return Problem(status, error.error, "", found)
    if isinstance(error, Conflict) and own == "changed":
        status = 412
    detail = error.reason if isinstance(error, _SPOKEN) else ""
    place = getattr(error, "field", None)
    errors = [{"field": place, "code": own, "detail": detail}] if place and isinstance(error, InvalidInput) else []
    wait = getattr(error, "retry_after", 0)
    headers = (("Retry-After", str(wait)),) if wait else ()
    told = own if isinstance(error, (Conflict, InvalidInput, KeyRefused)) else code
    return Problem(status, told, detail, errors, headers)
