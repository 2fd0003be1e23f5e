"""The simulators of VNeID and VNConnect in the demonstration: how the provider is set up for them, and what they are told."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any, Final

import orjson
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

VNEID: Final = "http://localhost:8103"
VNCONNECT: Final = "http://localhost:8104"
_CLIENT: Final = "dinh-danh"
_LEVELS: Final = (
    {"field": "loAs", "value": "2", "acr": "urn:dinhdanh:loa:2", "amr": ["pwd", "otp", "mfa"]},
    {"field": "loAs", "value": "3", "acr": "urn:dinhdanh:loa:3", "amr": ["pwd", "face", "mfa"]},
)


def simulated(home: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Make the secret and the key of envelopes in ``home``; returns the environment of the provider, and that of the simulators."""
    secret, private, public = home / "upstream-secret", home / "upstream.pem", home / "upstream-public.pem"
    key = generate_private_key(65537, 2048)
    _write(secret, secrets.token_urlsafe(32).encode())
    _write(private, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    _write(public, key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    upstreams = {"vneid": _vneid(secret, private), "vnconnect": _vnconnect(secret)}
    provider = {"IDP_UPSTREAMS": orjson.dumps(upstreams).decode()}
    return provider, {"SIMULATOR_SECRET": secret.read_text(), "SIMULATOR_RECEIVER": str(public.resolve())}


def _vneid(secret: Path, private: Path) -> dict[str, Any]:
    """As reported of VNeID: no ID token, answers in envelopes to our key."""
    return {
        "connector": "vneid",
        "label": {"vi": "VNeID", "en": "VNeID"},
        "authorization_endpoint": f"{VNEID}/auth",
        "token_endpoint": f"{VNEID}/token",
        "userinfo_endpoint": f"{VNEID}/userinfo",
        "decryption_key_file": str(private.resolve()),
        "levels": [*_LEVELS, {"field": "accountLevel", "value": "2", "identity_level": 2}],
        **_common(secret),
    }


def _vnconnect(secret: Path) -> dict[str, Any]:
    """As reported of VNConnect: userinfo counts."""
    return {
        "connector": "vnconnect",
        "label": {"vi": "Cổng Dịch vụ công quốc gia", "en": "the National Public Service Portal"},
        "issuer": VNCONNECT,
        "authorization_endpoint": f"{VNCONNECT}/oauth2/authorize",
        "token_endpoint": f"{VNCONNECT}/oauth2/token",
        "userinfo_endpoint": f"{VNCONNECT}/oauth2/userinfo",
        "levels": _LEVELS,
        **_common(secret),
    }


def _common(secret: Path) -> dict[str, Any]:
    return {
        "is_simulator": True,
        "client_id": _CLIENT,
        "client_secret_file": str(secret.resolve()),
        "vouches_for_code": True,
        "creates": True,
    }


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
