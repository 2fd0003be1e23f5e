"""Demonstrating proof of possession (RFC 9449): a proof for each request, for this method, this address, this token, once.

A token that is bound to a key is worth nothing to whoever steals it; the proof is worth nothing for another request.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import SplitResult, unquote_to_bytes, urlsplit

from idp.clock import Clock
from idp.protocol.errors import InvalidDpopProof, UseDpopNonce
from idp.protocol.replays import Replayed, Replays
from idp.protocol.wire import WireRequest
from keys import base64url
from keys.dpop import read_proof
from keys.errors import TokenError

HEADER: Final = "dpop"
MAX_AGE: Final = 120
"""Seconds for which a proof may have been under way."""
SKEW: Final = 15
"""Seconds by which its clock may be ahead of ours (FAPI 2.0 section 5.3.2.1: 10 accepted, 60 refused)."""
NONCE_WINDOW: Final = 300
_LONGEST: Final = 256
_THUMBPRINT: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_PORTS: Final = {"http": 80, "https": 443}
_ESCAPE: Final = re.compile(r"%[0-9A-Fa-f]{2}")
_UNRESERVED: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_MAC: Final = 16


class Nonces:
    """Nonces of ours (RFC 9449 section 8): the time with a MAC, so that every process knows all of them and none is stored."""

    def __init__(self, key: bytes, clock: Clock) -> None:
        """Take the key of the MAC and the clock."""
        self._key = key
        self._clock = clock

    def current(self) -> str:
        """Return a nonce of this moment."""
        return self._made(self._clock.now())

    def is_good(self, nonce: object) -> bool:
        """Tell whether a nonce is one of ours and at most ``NONCE_WINDOW`` seconds old."""
        if not isinstance(nonce, str) or len(nonce) > _LONGEST:
            return False
        try:
            moment = int.from_bytes(base64url.decode(nonce.encode("ascii"))[:-_MAC], "big")
        except ValueError:
            return False
        is_young = 0 <= self._clock.now() - moment <= NONCE_WINDOW
        return is_young and hmac.compare_digest(nonce.encode(), self._made(moment).encode())

    def _made(self, moment: int) -> str:
        data = moment.to_bytes(8, "big")
        return base64url.encode_text(data + hmac.digest(self._key, data, hashlib.sha256)[:_MAC])


class DpopProofs:
    """Checks proofs; the same at every endpoint that takes one."""

    def __init__(
        self, clock: Clock, replays: Replays, nonces: Nonces, bases: tuple[str, ...], *, needs_nonce: bool
    ) -> None:
        """Take collaborators, the addresses under which we are reached, and whether every proof must hold a nonce."""
        self._clock = clock
        self._replays = replays
        self._nonces = nonces
        self._bases = bases
        self.needs_nonce = needs_nonce

    def proven(self, request: WireRequest, access_token: str | None = None) -> str:
        """Return the thumbprint of the key that proved this request, and the token that it presents, if it presents one.

        Raises ``InvalidDpopProof``, ``UseDpopNonce``. The order is that of RFC 9449 section 4.3; the ``jti`` comes last, so that a
        proof that is refused for anything else is not used up.
        """
        try:
            # Two headers reach us as one text with a comma, which no JWT has (RFC 9449 section 4.3, check 1).
            proof = read_proof(request.header(HEADER))
        except TokenError as error:
            raise InvalidDpopProof("the DPoP proof is not valid", reason=error.code) from error
        claims = proof.claims
        self._check_request(claims, request)
        issued = self._check_time(claims)
        self._check_nonce(claims)
        if access_token is not None:
            _check_token(claims, access_token)
        jti = claims.get("jti")
        if not isinstance(jti, str) or not 0 < len(jti) <= _LONGEST:
            raise InvalidDpopProof("the DPoP proof's jti must be a short text", reason="dpop_jti")
        try:
            self._replays.claim(HEADER, proof.jkt, jti, issued, issued + MAX_AGE + SKEW + 1)
        except Replayed as error:
            raise InvalidDpopProof("the DPoP proof was used before: make a new one", reason=error.reason) from error
        return proof.jkt

    def fresh_nonce(self) -> str:
        """Return a nonce for the answer to a request that brought a proof; "" where nobody needs one."""
        return self._nonces.current() if self.needs_nonce else ""

    def _check_request(self, claims: Mapping[str, Any], request: WireRequest) -> None:
        if claims.get("htm") != request.method:
            raise InvalidDpopProof("the DPoP proof is for another method", reason="dpop_htm")
        htu = claims.get("htu")
        address = normal(htu) if isinstance(htu, str) else None
        if address is None or address not in {normal(base + request.path) for base in self._bases}:
            raise InvalidDpopProof("the DPoP proof is for another address", reason="dpop_htu")

    def _check_time(self, claims: Mapping[str, Any]) -> int:
        issued, now = claims.get("iat"), self._clock.now()
        if isinstance(issued, bool) or not isinstance(issued, int | float):
            raise InvalidDpopProof("the DPoP proof's iat must be a number", reason="dpop_iat")
        if not now - MAX_AGE <= issued <= now + SKEW:
            raise InvalidDpopProof("the DPoP proof is not of this moment", reason="dpop_iat")
        # Nobody has to bound a proof further, but a bound that is there counts as in any JWT (RFC 7519 sections 4.1.4 and 4.1.5).
        if not (_moment(claims, "nbf", issued) <= now + SKEW and now - SKEW < _moment(claims, "exp", now + 1)):
            raise InvalidDpopProof("the DPoP proof is not valid yet, or any more", reason="dpop_bounds")
        return int(issued)

    def _check_nonce(self, claims: Mapping[str, Any]) -> None:
        if "nonce" not in claims and not self.needs_nonce:
            return
        if not self._nonces.is_good(claims.get("nonce")):
            raise UseDpopNonce(
                "put the nonce of the DPoP-Nonce header into the DPoP proof",
                headers=(("DPoP-Nonce", self._nonces.current()),),
            )


def _moment(claims: Mapping[str, Any], name: str, otherwise: float) -> float:
    value = claims.get(name, otherwise)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidDpopProof(f"the DPoP proof's {name} must be a number", reason="dpop_bounds")
    return value


def is_thumbprint(text: str) -> bool:
    """Tell whether a text has the form of a key's thumbprint, as ``dpop_jkt`` does (RFC 9449 section 10)."""
    return _THUMBPRINT.fullmatch(text) is not None


def normal(address: str) -> str | None:
    """Return an address as it is compared: without query and fragment, normalised by syntax and scheme (RFC 3986 sections 6.2.2, 6.2.3)."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return None
    scheme, host = parts.scheme.lower(), _host(parts)
    if scheme not in _PORTS or not host or parts.username is not None:
        return None
    authority = host if port in {None, _PORTS[scheme]} else f"{host}:{port}"
    return f"{scheme}://{authority}{_path(_ESCAPE.sub(_unescaped, parts.path)) or '/'}"


def _host(parts: SplitResult) -> str:
    host = (parts.hostname or "").lower()
    return f"[{host}]" if ":" in host else host


def _unescaped(found: re.Match[str]) -> str:
    """Escapes of unreserved characters are these characters; of all others the digits are upper case (RFC 3986 section 6.2.2)."""
    text = found[0]
    byte = unquote_to_bytes(text)
    return byte.decode("ascii") if byte[0] in _UNRESERVED else text.upper()


def _path(path: str) -> str:
    """Remove dot segments (RFC 3986 section 5.2.4)."""
    if "/." not in path:
        return path
    kept: list[str] = []
    segments = path.split("/")
    for segment in segments[1:]:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    is_folder = segments[-1] in {".", ".."}
    return "/" + "/".join(kept) + ("/" if is_folder and kept else "")


def _check_token(claims: Mapping[str, Any], access_token: str) -> None:
    """The proof is for this token and no other (RFC 9449 section 4.3, check 12)."""
    expected = base64url.encode_text(hashlib.sha256(access_token.encode("utf-8", "surrogatepass")).digest())
    given = claims.get("ath")
    if not isinstance(given, str) or not hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode()):
        raise InvalidDpopProof("the DPoP proof is for another access token", reason="dpop_ath")
