"""A client's JWK set: the keys that it registered or publishes, ready to verify what it signs and to encrypt to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from keys.encryption_keys import EncryptionKey, import_encryption_key, is_for_encryption, may_encrypt
from keys.errors import InvalidJwk, UnknownKey
from keys.jwks import MAX_DOCUMENT_BYTES, MAX_KEYS, VerificationKey, import_key
from keys.strict_json import read_object

_MAX_CANDIDATES = 4
Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class ClientKeySet:
    """The usable keys of one client; implements ``keys.verifier.KeySource``. ``encryption`` are those to encrypt to."""

    keys: tuple[VerificationKey, ...]
    encryption: tuple[EncryptionKey, ...] = ()

    def candidates(self, kid: str | None, alg: str, *, removed: bool = False) -> tuple[VerificationKey, ...]:  # noqa: ARG002 - port
        """Return the keys that may have signed; raises ``UnknownKey`` when none can.

        A client may leave ``kid`` out (RFC 7515 section 4.1.4); then the first few keys of the algorithm are tried, a
        bounded number.
        """
        found = tuple(key for key in self.keys if kid in {None, key.kid})
        if kid is None or len(found) > 1:
            # Keys of several types may share an id; the algorithm then tells which is meant (FAPI 2.0 section 5.4.3).
            found = tuple(key for key in found if alg in key.algs)[:_MAX_CANDIDATES]
        if not found:
            raise UnknownKey("the client has no such key")
        return found

    def holds(self, public_der: bytes) -> bool:
        """Tell whether one of the signature keys is this one (SubjectPublicKeyInfo as DER)."""
        return any(
            key.public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) == public_der for key in self.keys
        )

    def for_encryption(self, alg: str) -> EncryptionKey:
        """Return the first key that serves the key management algorithm; raises ``UnknownKey``."""
        for key in self.encryption:
            if alg in key.algs:
                return key
        raise UnknownKey(f"the client has no key for {alg}")


def import_jwks(
    document: Mapping[str, Any], *, lenient: bool = False, shared_ids: bool = False, field: str = "jwks"
) -> ClientKeySet:
    """Return the keys of a JWK set (RFC 7517 section 5); raises ``InvalidJwk`` naming the member at fault.

    ``lenient`` (a fetched ``jwks_uri``) passes over keys that we cannot use, as section 5 asks; a registration is
    strict, so that the person who registers learns what is wrong. Private members are an error always. A key that does
    not say what it is for serves both. ``shared_ids`` lets several keys have one ``kid``, as it happens in sets that
    others publish; elsewhere that is an error (OpenID Federation section 3.1.1 demands it for an entity's keys).
    """
    entries = document.get("keys")
    if not isinstance(entries, list) or not entries or len(entries) > MAX_KEYS:
        raise InvalidJwk(f"must be a list of 1 to {MAX_KEYS} keys", field=f"{field}.keys")
    signing = tuple(_usable(entries, field, import_key, _may_verify, lenient=lenient))
    encryption = tuple(_usable(entries, field, import_encryption_key, is_for_encryption, lenient=lenient))
    kids = [key.kid for key in signing if key.kid is not None]
    if not shared_ids and len(kids) != len(set(kids)):
        raise InvalidJwk("must not repeat a kid", field=f"{field}.keys")
    if not signing and not encryption:
        raise InvalidJwk("holds no key that we can use", field=f"{field}.keys")
    both = tuple(_usable(entries, field, import_encryption_key, _may_do_both, lenient=True))
    return ClientKeySet(signing, encryption + both)


def read_jwks(body: bytes, *, lenient: bool = True, field: str = "jwks") -> ClientKeySet:
    """Return the keys of a fetched JWK set; raises ``InvalidJwk`` for what is not one."""
    if len(body) > MAX_DOCUMENT_BYTES:
        raise InvalidJwk(f"must be at most {MAX_DOCUMENT_BYTES} bytes", field=field)
    try:
        document = read_object(body)
    except ValueError as cause:
        raise InvalidJwk("must be a JSON object without repeated members", field=field) from cause
    return import_jwks(document, lenient=lenient, shared_ids=lenient, field=field)


def _may_verify(jwk: Mapping[str, Any]) -> bool:
    return jwk.get("use", "sig") == "sig" and not is_for_encryption(jwk)


def _may_do_both(jwk: Mapping[str, Any]) -> bool:
    return "use" not in jwk and not is_for_encryption(jwk) and may_encrypt(jwk)


def _usable(
    entries: list[Any],
    field: str,
    read: Callable[[Mapping[str, Any], str], Key],
    is_wanted: Callable[[Mapping[str, Any]], bool],
    *,
    lenient: bool,
) -> Iterable[Key]:
    for position, entry in enumerate(entries):
        where = f"{field}.keys[{position}]"
        if not isinstance(entry, dict):
            raise InvalidJwk("must be an object", field=where)
        if not is_wanted(entry):
            continue
        try:
            yield read(entry, where)
        except InvalidJwk as problem:
            if not lenient or problem.code == "private_jwk":
                raise
