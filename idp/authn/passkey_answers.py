"""What a browser sends back from a passkey ceremony, read once and bounded; nothing of it is verified yet."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any, Final

import orjson

from idp.errors import Refused

ALGORITHMS: Final = (-8, -7, -257)
"""EdDSA, ES256, RS256 as COSE numbers, in order of preference."""
_LONGEST: Final = 16_384
_LONGEST_ID: Final = 1_023
"""Bytes of a credential id (Web Authentication section 7.1 step 25)."""
_TRANSPORTS: Final = frozenset({"ble", "cable", "hybrid", "internal", "nfc", "smart-card", "usb"})


@dataclass(frozen=True, slots=True)
class UnverifiedAnswer:
    """An answer as it claims to be; ``document`` is what the verifying library takes."""

    document: dict[str, Any]
    credential_id: bytes
    challenge: bytes
    origin: str
    user_handle: bytes | None
    transports: tuple[str, ...]


def read(text: str) -> UnverifiedAnswer:
    """Return the answer; raises ``Refused`` with code ``passkey_malformed``."""
    if len(text) > _LONGEST:
        raise Refused("the answer is too long", code="passkey_malformed")
    try:
        document = orjson.loads(text.encode())
        response = document["response"]
        client = orjson.loads(unpadded(response["clientDataJSON"]))
        handle, transports = response.get("userHandle"), response.get("transports") or ()
        answer = UnverifiedAnswer(
            document,
            unpadded(document["id"]),
            unpadded(client["challenge"]),
            str(client["origin"]),
            unpadded(handle) if handle else None,
            tuple(sorted(_TRANSPORTS.intersection(one for one in transports if isinstance(one, str)))),
        )
    except (ValueError, TypeError, KeyError, AttributeError, binascii.Error) as error:
        raise Refused("the answer is not what a browser sends", code="passkey_malformed") from error
    if client.get("crossOrigin") not in {None, False}:
        raise Refused("the ceremony ran in a frame of another site", code="passkey_origin")
    if not 0 < len(answer.credential_id) <= _LONGEST_ID:
        raise Refused("the credential id has a length that none may have", code="passkey_malformed")
    return answer


def unpadded(text: str) -> bytes:
    """Return the bytes of base64url; raises ``ValueError`` for anything that is none."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def encoded(octets: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
