"""The signature algorithms, each as one row: its key type, how a key is made, how it signs, how it verifies.

Asymmetric ones only. ``none`` and HMAC are not refused here, they do not exist here (RFC 8725 sections 3.1 and 3.2).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_der_private_key
from jwt.algorithms import Algorithm as Verification
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm, RSAPSSAlgorithm

PrivateKey = EllipticCurvePrivateKey | RSAPrivateKey | Ed25519PrivateKey
PublicKey = EllipticCurvePublicKey | RSAPublicKey | Ed25519PublicKey
SignBytes = Callable[[bytes], bytes]

RSA_BITS = 2048
"""Size of our own RSA keys, in bits.

What RFC 7518 section 3.3 asks at least and what NIST SP 800-57 accepts until the end of 2030; a forger would have to
factor one within the weeks that it signs. 3072 bits sign 2.7 times slower (709 instead of 265 us, measured).
"""

_RSA_EXPONENT = 65537
_EC_SIZE = 32


@dataclass(frozen=True, slots=True)
class Algorithm:
    """One JWS algorithm: the ``kty`` of its keys, and its three acts."""

    name: str
    kty: str
    generate: Callable[[], PrivateKey]
    signer: Callable[[PrivateKey], SignBytes]
    verification: Verification

    def verify(self, message: bytes, public: PublicKey, signature: bytes) -> bool:
        """Tell whether ``signature`` over ``message`` is by the holder of ``public``.

        False, never an error, for damaged ones.
        """
        return self.verification.verify(message, public, signature)


def _sign_ecdsa(private: PrivateKey) -> SignBytes:
    if not isinstance(private, EllipticCurvePrivateKey) or not isinstance(private.curve, SECP256R1):
        raise _unfit("ES256", "an EC key on P-256")
    sign = private.sign
    scheme = ECDSA(SHA256())

    def sign_raw(message: bytes) -> bytes:
        """Return R || S, 32 bytes each (RFC 7518 section 3.4)."""
        der = sign(message, scheme)
        # SEQUENCE { INTEGER r, INTEGER s }, lengths in one byte each at this size; an INTEGER may be shorter or have a
        # leading zero.
        r_end = 4 + der[3]
        return der[4:r_end][-_EC_SIZE:].rjust(_EC_SIZE, b"\0") + der[r_end + 2 :][-_EC_SIZE:].rjust(_EC_SIZE, b"\0")

    return sign_raw


def _sign_pkcs1(private: PrivateKey) -> SignBytes:
    key = _rsa(private, "RS256")
    padding, digest = PKCS1v15(), SHA256()
    return lambda message: key.sign(message, padding, digest)


def _sign_pss(private: PrivateKey) -> SignBytes:
    key = _rsa(private, "PS256")
    # The salt is as long as the digest (RFC 7518 section 3.5).
    padding, digest = PSS(mgf=MGF1(SHA256()), salt_length=SHA256.digest_size), SHA256()
    return lambda message: key.sign(message, padding, digest)


def _sign_ed25519(private: PrivateKey) -> SignBytes:
    if not isinstance(private, Ed25519PrivateKey):
        raise _unfit("EdDSA", "an Ed25519 key")
    return private.sign


def _rsa(private: PrivateKey, name: str) -> RSAPrivateKey:
    if not isinstance(private, RSAPrivateKey):
        raise _unfit(name, "an RSA key")
    return private


def _unfit(name: str, wanted: str) -> TypeError:
    return TypeError(f"{name} signs with {wanted}")


def _generate_rsa() -> PrivateKey:
    return generate_rsa(_RSA_EXPONENT, RSA_BITS)


_ROWS = (
    Algorithm("ES256", "EC", lambda: generate_ec(SECP256R1()), _sign_ecdsa, ECAlgorithm(ECAlgorithm.SHA256, SECP256R1)),
    Algorithm("RS256", "RSA", _generate_rsa, _sign_pkcs1, RSAAlgorithm(RSAAlgorithm.SHA256)),
    Algorithm("PS256", "RSA", _generate_rsa, _sign_pss, RSAPSSAlgorithm(RSAPSSAlgorithm.SHA256)),
    Algorithm("EdDSA", "OKP", Ed25519PrivateKey.generate, _sign_ed25519, OKPAlgorithm()),
)
ALGORITHMS: Mapping[str, Algorithm] = MappingProxyType({row.name: row for row in _ROWS})
"""Every algorithm by its JWS name; ES256 first, the default."""

NAMES: frozenset[str] = frozenset(ALGORITHMS)

ENCRYPTION: Mapping[str, Callable[[], PrivateKey]] = MappingProxyType(
    {
        "RSA-OAEP-256": _generate_rsa,
        **dict.fromkeys(("ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW"), lambda: generate_ec(SECP256R1())),
    }
)
"""Key management algorithms with a key of our own to which others encrypt, and how one is made. One key serves one algorithm."""


def generate(alg: str) -> PrivateKey:
    """Return a new private key for ``alg``; an RSA one costs 50 ms of CPU and more."""
    return ENCRYPTION[alg]() if alg in ENCRYPTION else ALGORITHMS[alg].generate()


def export_private(private: PrivateKey) -> bytes:
    """Return the private key as unencrypted PKCS #8 DER, to be sealed at once."""
    return private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def import_private(der: bytes) -> PrivateKey:
    """Return the private key of our own sealed DER.

    The primality checks of RSA (29 ms) are skipped: the bytes are authenticated by the seal, so they are the ones that
    we exported.
    """
    private = load_der_private_key(der, None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(private, EllipticCurvePrivateKey | RSAPrivateKey | Ed25519PrivateKey):
        message = "not a key of a supported algorithm"
        raise TypeError(message)
    return private
