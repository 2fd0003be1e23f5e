"""A device that makes and uses passkeys, in software: what a browser and its authenticator would answer, honest or not."""

from __future__ import annotations

import hashlib
import json
import os
import struct
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from idp.authn.passkey_answers import encoded, unpadded

USER_PRESENT, USER_VERIFIED, BACKUP_ELIGIBLE, BACKED_UP, ATTESTED = 1, 4, 8, 16, 64


@dataclass
class Key:
    """One key of a device."""

    credential_id: bytes
    private: ec.EllipticCurvePrivateKey
    user_handle: bytes
    sign_count: int = 0


@dataclass
class Authenticator:
    """A device in a browser at ``origin``; its properties are what a dishonest one would change."""

    origin: str = "https://id.example.vn"
    rp_id: str = "id.example.vn"
    is_synced: bool = False
    verifies: bool = True
    counts: bool = True
    next_id: bytes = b""
    keys: list[Key] = field(default_factory=list)

    def create(self, options: str, **client: Any) -> str:
        """Answer ``navigator.credentials.create``."""
        asked = json.loads(options)
        private = ec.generate_private_key(ec.SECP256R1())
        key = Key(self.next_id or os.urandom(32), private, unpadded(asked["user"]["id"]))
        self.keys.append(key)
        numbers = private.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        attested = bytes(16) + struct.pack(">H", 32) + key.credential_id + cbor2.dumps(cose)
        data = self._data(key, ATTESTED) + attested
        response = {
            "clientDataJSON": self._client("webauthn.create", asked["challenge"], client),
            "attestationObject": encoded(cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})),
            "transports": ["internal", "hybrid", "made-up"],
        }
        return self._answer(key, response)

    def get(self, options: str, key: Key | None = None, *, names_user: bool = True, **client: Any) -> str:
        """Answer ``navigator.credentials.get`` with a key, the last one unless another is given."""
        asked, key = json.loads(options), key or self.keys[-1]
        key.sign_count += int(self.counts)
        data, collected = self._data(key), self._client("webauthn.get", asked["challenge"], client)
        signature = key.private.sign(data + hashlib.sha256(unpadded(collected)).digest(), ec.ECDSA(SHA256()))
        response = {
            "clientDataJSON": collected,
            "authenticatorData": encoded(data),
            "signature": encoded(signature),
            "userHandle": encoded(key.user_handle) if names_user else None,
        }
        return self._answer(key, response)

    def _client(self, kind: str, challenge: str, changes: dict[str, Any]) -> str:
        document = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False, **changes}
        return encoded(json.dumps(document).encode())

    def _data(self, key: Key, more: int = 0) -> bytes:
        flags = USER_PRESENT | more | (USER_VERIFIED if self.verifies else 0)
        flags |= BACKUP_ELIGIBLE | BACKED_UP if self.is_synced else 0
        return hashlib.sha256(self.rp_id.encode()).digest() + struct.pack(">BI", flags, key.sign_count)

    @staticmethod
    def _answer(key: Key, response: dict[str, Any]) -> str:
        name = encoded(key.credential_id)
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": response})
