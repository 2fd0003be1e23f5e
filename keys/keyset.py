"""A client's JWK set: the keys that it registered or publishes, ready to verify what it signs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from keys.errors import InvalidJwk, UnknownKey
from keys.jwks import MAX_DOCUMENT_BYTES, MAX_KEYS, VerificationKey, import_key
from keys.strict_json import read_object

_MAX_CANDIDATES = 4


@dataclass(frozen=True, slots=True)
class ClientKeySet:
    """The usable signature keys of one client; implements ``keys.verifier.KeySource``."""

    keys: tuple[VerificationKey, ...]

    def candidates(self, kid: str | None, alg: str, *, removed: bool = False) -> tuple[VerificationKey, ...]:  # noqa: ARG002 - port
        """Return the keys that may have signed; raises ``UnknownKey`` when none can.

        A client may leave ``kid`` out (RFC 7515 section 4.1.4); then the first few keys of the algorithm are tried, a
        bounded number.
        """
        if kid is None:
            found = tuple(key for key in self.keys if alg in key.algs)[:_MAX_CANDIDATES]
        else:
            found = tuple(key for key in self.keys if key.kid == kid)
        if not found:
            raise UnknownKey("the client has no such key")
        return found


def import_jwks(document: Mapping[str, Any], *, lenient: bool = False, field: str = "jwks") -> ClientKeySet:
    """Return the signature keys of a JWK set (RFC 7517 section 5); raises ``InvalidJwk`` naming the member at fault.

    Keys for encryption are passed over. ``lenient`` (a fetched ``jwks_uri``) also passes over keys that we cannot use,
    as section 5 asks; a registration is strict, so that the person who registers learns what is wrong. Private members
    are an error always.
    """
    entries = document.get("keys")
    if not isinstance(entries, list) or not entries or len(entries) > MAX_KEYS:
        raise InvalidJwk(f"must be a list of 1 to {MAX_KEYS} keys", field=f"{field}.keys")
    keys = tuple(_signature_keys(entries, field, lenient=lenient))
    kids = [key.kid for key in keys if key.kid is not None]
    if len(kids) != len(set(kids)):
        raise InvalidJwk("must not repeat a kid", field=f"{field}.keys")
    if not keys:
        raise InvalidJwk("holds no key that can verify a signature", field=f"{field}.keys")
    return ClientKeySet(keys)


def read_jwks(body: bytes, *, lenient: bool = True, field: str = "jwks") -> ClientKeySet:
    """Return the signature keys of a fetched JWK set; raises ``InvalidJwk`` for what is not one."""
    if len(body) > MAX_DOCUMENT_BYTES:
        raise InvalidJwk(f"must be at most {MAX_DOCUMENT_BYTES} bytes", field=field)
    try:
        document = read_object(body)
    except ValueError as cause:
        raise InvalidJwk("must be a JSON object without repeated members", field=field) from cause
    return import_jwks(document, lenient=lenient, field=field)


def _signature_keys(entries: list[Any], field: str, *, lenient: bool) -> Iterable[VerificationKey]:
    for position, entry in enumerate(entries):
        where = f"{field}.keys[{position}]"
        if not isinstance(entry, dict):
            raise InvalidJwk("must be an object", field=where)
        if entry.get("use", "sig") != "sig":
            continue
        try:
            yield import_key(entry, where)
        except InvalidJwk as problem:
            if not lenient or problem.code == "private_jwk":
                raise
