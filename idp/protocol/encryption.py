"""What is encrypted to a client (OpenID Connect Core section 10.2, RFC 9701 section 6), and what clients encrypt to us.

A client that registered no encryption costs one look at an attribute.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from clients.model import Client
from idp.protocol.client_keys import ClientKeys, KeysUnavailable
from idp.protocol.errors import ServerError
from keys import jwe
from keys.errors import JweRefused, UnknownKey
from keys.ring import KeyRing, LiveRing

_JWT: Final = "JWT"
_RESEAL: Final = "the client's key for encryption cannot be read"

Encrypt = Callable[[Client, str, str], str]
"""Takes the client, the name of the answer (``id_token``, …) and a signed JWT; returns what is sent."""


class AnswerEncrypter:
    """Encrypts answers to the key that their client registered."""

    def __init__(self, keys: ClientKeys) -> None:
        """Take the keys of clients."""
        self._keys = keys

    def prepare(self, client: Client) -> None:
        """Find the key for ID tokens before anything single-use is spent; raises ``ServerError`` where there is none."""
        if client.id_token_encrypted_response_alg is not None:
            self._key(client, client.id_token_encrypted_response_alg)

    def encrypted(self, client: Client, answer: str, jwt: str) -> str:
        """Return the signed JWT, nested in a JWE if the client registered that (RFC 7519 section 5.2); raises ``ServerError``."""
        alg: str | None = getattr(client, f"{answer}_encrypted_response_alg")
        return jwt if alg is None else self._sealed(client, answer, alg, jwt.encode(), _JWT)

    def encrypted_only(self, client: Client, answer: str, alg: str, plaintext: bytes) -> str:
        """Return an answer that is encrypted and not signed (OpenID Connect Core section 5.3.2); raises ``ServerError``."""
        return self._sealed(client, answer, alg, plaintext, None)

    def _sealed(self, client: Client, answer: str, alg: str, plaintext: bytes, cty: str | None) -> str:
        enc: str | None = getattr(client, f"{answer}_encrypted_response_enc")
        return jwe.encrypt(plaintext, self._key(client, alg), alg, enc or jwe.ENCS[0], cty=cty)

    def _key(self, client: Client, alg: str) -> jwe.EncryptionKey:
        try:
            return self._keys.encryption_key(client, alg)
        except (UnknownKey, KeysUnavailable) as error:
            raise ServerError(_RESEAL, reason="client_encryption_key") from error


class RequestDecrypter:
    """Opens what clients encrypt to us: request objects (RFC 9101 section 6.1), ID token hints."""

    def __init__(self, ring: LiveRing) -> None:
        """Take the keys of this process."""
        self._ring = ring

    def request(self, client: Client, token: str) -> str:
        """Return the signed request object of a client, decrypted; raises ``keys.errors.JweRefused``.

        One that registered encryption sends nothing in clear, and nothing more weakly encrypted: what it asks may tell about a person
        (OpenID Connect Registration section 2).
        """
        alg, enc = client.request_object_encryption_alg, client.request_object_encryption_enc
        if alg is None:
            return self.nested(token)
        if not jwe.is_jwe(token):
            raise JweRefused("is not encrypted, as its sender registered")
        return self.nested(token, demanded=jwe.Algorithms(alg, enc or jwe.ENCS[0]))

    def nested(self, token: str, *, max_chars: int = jwe.MAX_CHARS, demanded: jwe.Algorithms | None = None) -> str:
        """Return the signed JWT within a JWE to us; a token that is no JWE comes back as it is.

        Only a signed JWT may be inside, and no further JWE: nesting deeper would let a sender decide how much we decrypt. Raises
        ``keys.errors.JweRefused``. A key that another process made a moment ago is looked for once.
        """
        if not jwe.is_jwe(token):
            return token
        opened = self._opened(token, self._ring.current, max_chars, demanded)
        try:
            inner = opened.plaintext.decode("ascii")
        except UnicodeDecodeError as error:
            raise JweRefused("what is inside is not a JWT") from error
        if opened.cty not in {"", _JWT, "OAUTH-AUTHZ-REQ+JWT"} or inner.count(".") != _DOTS:
            raise JweRefused("what is inside is not a signed JWT")
        return inner

    def _opened(self, token: str, ring: KeyRing, max_chars: int, demanded: jwe.Algorithms | None) -> jwe.Decrypted:
        try:
            return ring.decryption.decrypt(token, max_chars=max_chars, demanded=demanded)
        except JweRefused as error:
            if error.reason != jwe.NO_KEY:
                raise
        return self._ring.refresh().decryption.decrypt(token, max_chars=max_chars, demanded=demanded)


_DOTS: Final = 2
