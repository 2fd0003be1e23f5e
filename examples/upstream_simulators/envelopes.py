"""The sealing side of VNeID-like envelopes: AES-ECB under a fresh key, wrapped by RSA for the receiver."""

from __future__ import annotations

import base64
import os

from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP, AsymmetricPadding, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.padding import PKCS7


def padding_of(wrapping: str) -> AsymmetricPadding:
    """Return the RSA padding of a name."""
    if wrapping == "pkcs1v15":
        return PKCS1v15()
    algorithm = SHA1() if wrapping == "oaep-sha1" else SHA256()  # noqa: S303 - as some Java stacks have it
    return OAEP(MGF1(algorithm), algorithm, None)


def sealed(plain: bytes, receiver: RSAPublicKey, wrapping: str = "pkcs1v15") -> tuple[str, str]:
    """Return data and wrapped key in base64."""
    key = os.urandom(32)
    padder = PKCS7(128).padder()
    padded = padder.update(plain) + padder.finalize()
    encryptor = Cipher(AES(key), ECB()).encryptor()  # noqa: S305 - what is simulated does it
    data = encryptor.update(padded) + encryptor.finalize()
    wrapped = receiver.encrypt(key, padding_of(wrapping))
    return base64.b64encode(data).decode(), base64.b64encode(wrapped).decode()
