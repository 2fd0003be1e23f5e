"""``/audit/…``: signed heads of the audit log, and proofs against them, for anybody. They show hashes, never a record."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec

from idp.clock import Clock
from idp.errors import NotFound
from idp.ports.ephemeral import Counters
from idp.protocol.errors import ProtocolError
from idp.protocol.parameters import query_parameters
from idp.protocol.wire import NO_STORE, Headers, WireRequest, WireResponse, json_response
from idp.services.audit_heads import AuditHeads
from keys.log_heads import Head
from policies import merkle

P = ParamSpec("P")

_MINUTE: Final = 60
_DIGITS: Final = 18
_ANYBODY: Final[Headers] = (("Access-Control-Allow-Origin", "*"),)
_FOREVER: Final[Headers] = (("Cache-Control", "public, max-age=86400"), *_ANYBODY)
_SHORTLY: Final[Headers] = (("Cache-Control", "public, max-age=10"), *_ANYBODY)


class _Malformed(Exception):
    """A number that is none, or out of bounds."""


def _answered(
    handler: Callable[Concatenate[AuditEndpoints, WireRequest, P], WireResponse],
) -> Callable[Concatenate[AuditEndpoints, WireRequest, P], WireResponse]:
    """Bound how often one address asks, and turn refusals into answers."""

    @wraps(handler)
    def wrapped(self: AuditEndpoints, request: WireRequest, /, *args: P.args, **kwargs: P.kwargs) -> WireResponse:
        if wait := self.wait(request.address):
            return _error(429, "too_many_requests", (("Retry-After", str(wait)),))
        try:
            return handler(self, request, *args, **kwargs)
        except (_Malformed, ProtocolError):
            return _error(400, "invalid_request")
        except NotFound:
            return _error(404, "not_found")
        except LookupError:
            # A tile is missing or too short: somebody was at the tables. ``idp audit verify`` says where.
            return _error(503, "temporarily_unavailable")

    return wrapped


class AuditEndpoints:
    """Answers what outsiders ask the log."""

    def __init__(
        self, heads: AuditHeads, counters: Counters, clock: Clock, digest: Callable[[str], bytes], limit: int
    ) -> None:
        """Take the heads, and what bounds how often one address may ask: counters, a keyed digest, answers a minute."""
        self._heads = heads
        self._counters = counters
        self._clock = clock
        self._digest = digest
        self._limit = limit

    @_answered
    def head(self, _request: WireRequest, size: str | None = None) -> WireResponse:
        """Return the newest signed head, or the one of a size, with the signatures of the witnesses."""
        if size is None:
            return json_response(self._signed(None).document(), headers=_SHORTLY)
        return json_response(self._signed(_number(size)).document(), headers=_SHORTLY)

    @_answered
    def keys(self, _request: WireRequest) -> WireResponse:
        """Return the public keys that sign heads, as a JWK set."""
        return json_response(self._heads.jwks(), headers=_SHORTLY)

    @_answered
    def inclusion(self, request: WireRequest) -> WireResponse:
        """Return the proof that record ``number`` is in the tree of ``size`` leaves (default: of the newest head)."""
        asked = query_parameters(request)
        size = self._size(asked.get("size"))
        number = _number(asked.get("number"))
        if not 0 < number <= size:
            raise NotFound("no record of this number in a tree of this size")
        nodes = self._heads.tree.nodes()
        proof = merkle.inclusion_proof(number - 1, size, nodes)
        answer = {"number": number, "size": size, "leaf": nodes(0, number - 1).hex(), "proof": _hex(proof)}
        return json_response(answer, headers=_FOREVER if "size" in asked else _SHORTLY)

    @_answered
    def consistency(self, request: WireRequest) -> WireResponse:
        """Return the proof that the tree of ``to`` leaves (default: of the newest head) begins with that of ``from`` leaves."""
        asked = query_parameters(request)
        new, old = self._size(asked.get("to")), _number(asked.get("from"))
        if not 0 < old <= new:
            raise NotFound("no trees of these sizes")
        proof = merkle.consistency_proof(old, new, self._heads.tree.nodes())
        answer: dict[str, Any] = {"from": old, "to": new, "proof": _hex(proof)}
        return json_response(answer, headers=_FOREVER if "to" in asked else _SHORTLY)

    def wait(self, address: str) -> int:
        """Count a question; return 0 if it may be answered, else the seconds until the next minute."""
        now = self._clock.now()
        key = f"audit-proofs:{now // _MINUTE}:{self._digest(address).hex()[:32]}"
        return 0 if self._counters.add(key, now, _MINUTE).count <= self._limit else _MINUTE - now % _MINUTE

    def _size(self, text: str | None) -> int:
        """Return the size asked for, at most that of the newest head: nothing is proved that was not signed."""
        newest = self._signed(None).size
        size = newest if text is None else _number(text)
        if size > newest:
            raise NotFound("no head of this size was signed yet")
        return size

    def _signed(self, size: int | None) -> Head:
        head = self._heads.of_size(size)
        if head is None:
            raise NotFound("there is no such head")
        return head


def _number(text: str | None) -> int:
    if not text or len(text) > _DIGITS or not text.isascii() or not text.isdigit():
        raise _Malformed
    return int(text)


def _hex(hashes: list[bytes]) -> list[str]:
    return [one.hex() for one in hashes]


def _error(status: int, code: str, headers: Headers = ()) -> WireResponse:
    return json_response({"error": code}, status, (*NO_STORE, *_ANYBODY, *headers))
