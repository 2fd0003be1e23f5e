"""Signed heads of the audit log: one JSON payload under the signatures of the log and of its witnesses (RFC 7515 section 7.2.1).

A head says: "the log of ``origin`` has ``size`` leaves, and this ``root``". A witness signs the same payload once it has seen proof that
nothing it signed before was rewritten.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from keys import base64url
from keys.errors import InvalidJwk
from keys.log_keys import ML_DSA, LogSigner, LogVerifier
from keys.strict_json import read_object

HEAD: Final = "audit-head"
COSIGNATURE: Final = "audit-cosignature"
_ROOT_BYTES: Final = 32
_MAX_SIGNATURES: Final = 64
_MAX_ORIGIN: Final = 500
_MAX_SIZE: Final = 1 << 62

Verifiers = Mapping[str, LogVerifier]


class HeadRefused(Exception):
    """A head is malformed, or not signed by whom it should be; the message says which."""


@dataclass(frozen=True, slots=True)
class Head:
    """A head as it was read: what it says, and the signatures over exactly these octets. Nothing in it is true before ``verify``."""

    origin: str
    size: int
    root: bytes
    time: int
    payload: bytes
    signatures: tuple[Mapping[str, str], ...]

    def document(self) -> dict[str, Any]:
        """Return the JWS in JSON."""
        return {"payload": base64url.encode_text(self.payload), "signatures": [dict(one) for one in self.signatures]}


def sign_head(origin: str, size: int, root: bytes, time: int, signers: Sequence[LogSigner]) -> Head:
    """Return a head signed by every key of the log."""
    payload = orjson.dumps({"origin": origin, "size": size, "root": root.hex(), "time": time})
    return Head(origin, size, root, time, payload, tuple(one.sign(payload, {"typ": HEAD}) for one in signers))


def cosign(head: Head, signer: LogSigner, time: int) -> dict[str, str]:
    """Return a witness's signature over the head's payload; ``time`` is when the witness saw it."""
    return signer.sign(head.payload, {"typ": COSIGNATURE, "iat": time})


def read_head(document: Any) -> Head:
    """Return the head of a JWS in JSON; raises ``HeadRefused`` for one that nobody here has written."""
    try:
        payload = base64url.decode(document["payload"].encode("ascii"))
        said, found = read_object(payload), document["signatures"]
        size, time, origin, root = said["size"], said["time"], said["origin"], bytes.fromhex(said["root"])
        signatures = tuple({"protected": str(one["protected"]), "signature": str(one["signature"])} for one in found)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise HeadRefused("this is no signed head of an audit log") from error
    if type(size) is not int or type(time) is not int or not isinstance(origin, str) or len(origin) > _MAX_ORIGIN:
        raise HeadRefused("the head's size, time or origin is not of its kind")
    if not 0 <= size < _MAX_SIZE or len(root) != _ROOT_BYTES or not isinstance(found, list):
        raise HeadRefused("the head's size or root is out of bounds")
    if len(signatures) > _MAX_SIGNATURES:
        raise HeadRefused("the head has more signatures than anybody would check")
    return Head(origin, size, root, time, payload, signatures)


def verify_head(head: Head, keys: Verifiers) -> None:
    """Check the log's own signatures by ``keys``; raises ``HeadRefused``.

    A classical one is required, and one by ML-DSA-65 as soon as the log has such a key: or else a forger would leave it out.
    """
    good = {keys[kid].alg for kid in signers_of(head, keys, HEAD)}
    if not good - {ML_DSA}:
        raise HeadRefused("no signature of the log fits the head")
    if ML_DSA not in good and any(key.alg == ML_DSA for key in keys.values()):
        raise HeadRefused(f"the head lacks the log's {ML_DSA} signature")


def signers_of(head: Head, keys: Verifiers, typ: str) -> set[str]:
    """Return the ids of the ``keys`` whose signature of this ``typ`` over the head holds; raises ``HeadRefused`` for a false one."""
    good = set()
    for one in head.signatures:
        protected, signature = _parts(one)
        key = keys.get(str(protected.get("kid")))
        if key is None or protected.get("typ") != typ:
            continue
        if protected.get("alg") != key.alg or "crit" in protected or "b64" in protected:
            raise HeadRefused("a signature names another algorithm than its key has")
        message = one["protected"].encode() + b"." + base64url.encode(head.payload)
        if not key.verify(message, signature):
            raise HeadRefused(f"the signature by key {key.kid} does not fit the head")
        good.add(key.kid)
    return good


def _parts(one: Mapping[str, str]) -> tuple[dict[str, Any], bytes]:
    try:
        return read_object(base64url.decode(one["protected"].encode("ascii"))), base64url.decode(
            one["signature"].encode("ascii")
        )
    except (ValueError, InvalidJwk) as error:
        raise HeadRefused("a signature of the head is malformed") from error
