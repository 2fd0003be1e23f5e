"""What WebAuthn's two ceremonies prove (Web Authentication level 3, sections 7.1 and 7.2); the only importer of ``webauthn``.

The library holds certificates and attestation formats that nobody here asks for, 5 MiB in all: ``authn.passkeys`` loads this module at
the first answer that it has to judge.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from webauthn import verify_authentication_response, verify_registration_response
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.structs import CredentialDeviceType

from idp.authn.passkey_answers import ALGORITHMS
from idp.errors import Refused

_COSE: Final = [COSEAlgorithmIdentifier(number) for number in ALGORITHMS]
_FORMATS: Final = frozenset({"none", "packed"})
"""``packed`` is what a key signs of itself where there is nothing to leave out (section 5.4.7); we ask for no attestation and read none."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that a device has made for us."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    is_synced: bool
    is_backed_up: bool


@dataclass(frozen=True, slots=True)
class Use:
    """What a device has signed: its counter, and whether its key may leave it, and has."""

    sign_count: int
    is_synced: bool
    is_backed_up: bool


def registered(answer: dict[str, Any], challenge: bytes, rp_id: str, origin: str) -> NewKey:
    """Return the new key; raises ``Refused``. User verification and an exact origin are required."""
    try:
        found = verify_registration_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=rp_id,
            expected_origin=origin,
            require_user_verification=True,
            supported_pub_key_algs=_COSE,
        )
    except Exception as error:  # Whatever a parser trips over is an answer that proves nothing.
        raise Refused(f"the registration does not hold: {type(error).__name__}", code="passkey_invalid") from error
    if found.fmt not in _FORMATS:
        raise Refused("the registration brings an attestation that was not asked for", code="passkey_attestation")
    is_synced = found.credential_device_type is CredentialDeviceType.MULTI_DEVICE
    return NewKey(
        found.credential_id, found.credential_public_key, found.sign_count, is_synced, found.credential_backed_up
    )


def asserted(answer: dict[str, Any], challenge: bytes, rp_id: str, origin: str, public_key: bytes) -> Use:
    """Return what was signed; raises ``Refused``. The counter is judged where it is stored, in the statement that raises it."""
    try:
        found = verify_authentication_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=rp_id,
            expected_origin=origin,
            credential_public_key=public_key,
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except Exception as error:  # See above.
        raise Refused(f"the assertion does not hold: {type(error).__name__}", code="passkey_invalid") from error
    is_synced = found.credential_device_type is CredentialDeviceType.MULTI_DEVICE
    return Use(found.new_sign_count, is_synced, found.credential_backed_up)
