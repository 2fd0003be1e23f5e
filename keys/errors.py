"""Errors of the keys package: a stable ``code`` for machines, a ``reason`` for operators, nothing for the public."""

from __future__ import annotations


class KeysError(Exception):
    """The base of every error that this package raises on purpose."""

    code = "keys_error"

    def __init__(self, reason: str, *, code: str | None = None) -> None:
        """Keep the operator's sentence; ``code`` narrows the class's own reason id."""
        super().__init__(reason)
        self.reason = reason
        if code is not None:
            self.code = code


class MasterKeyUnusable(KeysError):
    """The master key file is absent, unsafe or damaged; ``reason`` names the file and the fix."""

    code = "master_key_unusable"


class MasterKeyMismatch(KeysError):
    """A data key was wrapped by another master key than the one at hand; raised at start, never on a request."""

    code = "master_key_mismatch"


class SealBroken(KeysError):
    """A sealed value does not open. Deliberately says nothing more: the cause must not be observable from outside."""

    code = "seal_broken"

    def __init__(self) -> None:
        """Carry one fixed sentence, whatever was wrong."""
        super().__init__("the sealed value does not open")


class InvalidJwk(KeysError):
    """A JWK or JWK set given from outside breaks a rule; ``field`` is the member at fault."""

    code = "invalid_jwk"

    def __init__(self, reason: str, *, field: str, code: str | None = None) -> None:
        """Name the member at fault, such as ``jwks.keys[1].n``."""
        super().__init__(f"{field}: {reason}", code=code)
        self.field = field


class KeyNotFound(KeysError):
    """No signing key has this id, or the algorithm has no key."""

    code = "key_not_found"


class KeyRefused(KeysError):
    """The state of the key does not permit the act; the command line exits 4."""

    code = "key_refused"


class NextTooYoung(KeyRefused):
    """The next key was not published for a cache lifetime; ``ready_at`` is the moment from which rotation is safe."""

    code = "next_too_young"

    def __init__(self, reason: str, *, ready_at: int) -> None:
        """Keep the moment, in seconds since the epoch."""
        super().__init__(reason)
        self.ready_at = ready_at


class KeyNotSigning(KeyRefused):
    """Only the rotation of an active key can be moved, and this one is not active, or not any more."""

    code = "key_not_active"


class RotationOutOfBounds(KeyRefused):
    """A rotation cannot be moved to this moment; ``earliest`` and ``latest`` are the bounds, both included."""

    code = "rotation_out_of_bounds"

    def __init__(self, earliest: int, latest: int) -> None:
        """Keep the bounds, in seconds since the epoch."""
        super().__init__(f"must be a moment from {earliest} to {latest}")
        self.earliest = earliest
        self.latest = latest


class KeysContended(KeysError):
    """Other processes kept changing the keys; nothing was done and the act may be tried again."""

    code = "keys_contended"


class NoActiveKey(KeysError):
    """Nothing signs with this algorithm now: it is not enabled, or its first key is still being published."""

    code = "no_active_key"


class TokenError(KeysError):
    """A token was refused; the subclasses say which check refused it."""

    code = "token_invalid"


class JweRefused(TokenError):
    """An encrypted token does not open; which step failed is for operators, and must not show outside (RFC 7516 section 11.5)."""

    code = "token_not_decryptable"


class TokenMalformed(TokenError):
    """Not a compact JWS of strict base64url and strict JSON objects, or larger than we read."""

    code = "token_malformed"


class HeaderRefused(TokenError):
    """A header member would let the sender choose the key or change the rules (RFC 8725 section 3.10)."""

    code = "token_header_refused"


class AlgorithmRefused(TokenError):
    """The algorithm is not on the allow-list, or is not the one of the key (RFC 8725 section 3.1)."""

    code = "token_algorithm_refused"


class TypeRefused(TokenError):
    """The explicit type is not the one expected here (RFC 8725 section 3.11)."""

    code = "token_type_refused"


class UnknownKey(TokenError):
    """No published key has the token's key id."""

    code = "token_key_unknown"


class KeyRevoked(TokenError):
    """The key was revoked: whatever it signed is void."""

    code = "token_key_revoked"


class SignatureInvalid(TokenError):
    """The signature does not fit."""

    code = "token_signature_invalid"


class TokenExpired(TokenError):
    """``exp`` has passed (RFC 7519 section 4.1.4)."""

    code = "token_expired"


class TokenNotYetValid(TokenError):
    """``nbf`` or ``iat`` lies in the future (RFC 7519 section 4.1.5)."""

    code = "token_not_yet_valid"


class IssuerRefused(TokenError):
    """``iss`` is not the expected one (RFC 8725 section 3.8)."""

    code = "token_issuer_refused"


class AudienceRefused(TokenError):
    """``aud`` does not name us (RFC 8725 section 3.9)."""

    code = "token_audience_refused"


class ClaimRefused(TokenError):
    """A required claim is missing or is of the wrong type."""

    code = "token_claim_refused"
