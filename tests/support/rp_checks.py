"""The single checks of the strict relying party, each with the clause it stands for."""

from __future__ import annotations

import time
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from hashlib import sha256, sha512
from typing import Any, Final

LEEWAY: Final = 2
"""Seconds by which the provider's clock may be ahead: it is the same machine's."""

_METADATA: Final = (
    *("issuer", "authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"),
    *("response_types_supported", "subject_types_supported", "id_token_signing_alg_values_supported"),
)
"""What OpenID Connect Discovery section 3 requires, and the userinfo endpoint that every scope but openid needs."""


class ProtocolViolation(AssertionError):
    """The provider said something that a clause forbids."""


def must(holds: object, clause: str) -> None:
    """Raise `ProtocolViolation` naming the clause unless the condition holds."""
    if not holds:
        raise ProtocolViolation(clause)


def check_provider_metadata(metadata: Mapping[str, Any], issuer: str) -> None:
    """OpenID Connect Discovery section 4.3 and RFC 8414 section 2."""
    must(metadata.get("issuer") == issuer, "OpenID Connect Discovery section 4.3: issuer")
    for name in _METADATA:
        must(name in metadata, f"OpenID Connect Discovery section 3: {name}")
    must("code" in metadata["response_types_supported"], "response type code")
    must("S256" in metadata.get("code_challenge_methods_supported", ()), "RFC 9700 section 2.1.1: S256 is announced")
    must("plain" not in metadata.get("code_challenge_methods_supported", ()), "RFC 9700 section 2.1.1: plain is not")
    must("RS256" in metadata["id_token_signing_alg_values_supported"], "OpenID Connect Discovery section 3: RS256")
    must("none" not in metadata["id_token_signing_alg_values_supported"], "an unsigned ID token is no proof")
    must(metadata.get("authorization_response_iss_parameter_supported") is True, "RFC 9207 section 3")
    for name, value in metadata.items():
        if name.endswith(("_endpoint", "_uri")) and name not in {
            "service_documentation",
            "op_policy_uri",
            "op_tos_uri",
        }:
            must(str(value).startswith(issuer), f"{name} is not under the issuer")


def check_token_answer(body: Mapping[str, Any], headers: Mapping[str, str]) -> None:
    """RFC 6749 section 5.1."""
    must("no-store" in headers.get("Cache-Control", ""), "RFC 6749 section 5.1: Cache-Control: no-store")
    must(isinstance(body.get("access_token"), str), "RFC 6749 section 5.1: access_token")
    must(str(body.get("token_type", "")).lower() == "bearer", "RFC 6749 section 5.1: token_type")
    must(isinstance(body.get("expires_in"), int) and body["expires_in"] > 0, "RFC 6749 section 5.1: expires_in")


def check_id_token_claims(
    claims: Mapping[str, Any],
    *,
    issuer: str,
    client_id: str,
    alg: str,
    nonce: str | None,
    max_age: int | None,
    acr_values: Iterable[str],
    access_token: str | None,
) -> None:
    """OpenID Connect Core section 3.1.3.7; the signature and `alg` have been checked before."""
    section = "OpenID Connect Core section 3.1.3.7"
    must(claims.get("iss") == issuer, f"{section}: iss")
    audience = claims.get("aud")
    audiences = [audience] if isinstance(audience, str) else list(audience or [])
    must(audiences == [client_id], f"{section}: aud is this client and nobody else")
    must(claims.get("azp", client_id) == client_id, f"{section}: azp")
    check_times(claims, section)
    must(isinstance(claims.get("sub"), str) and 0 < len(claims["sub"]) <= 255, "OpenID Connect Core section 2: sub")
    must(claims["sub"].isascii(), "OpenID Connect Core section 2: sub is ASCII")
    if nonce is not None:
        must(claims.get("nonce") == nonce, f"{section}: nonce")
    if max_age is not None:
        must(isinstance(claims.get("auth_time"), int), "OpenID Connect Core section 2: auth_time with max_age")
        must(claims["iat"] - claims["auth_time"] <= max_age + LEEWAY, f"{section}: auth_time within max_age")
    if "auth_time" in claims:
        must(claims["auth_time"] <= claims["iat"] + LEEWAY, "OpenID Connect Core section 2: auth_time is not ahead")
    wanted = list(acr_values)
    if wanted:
        must(isinstance(claims.get("acr"), str), f"{section}: acr")
    if "amr" in claims:
        must(isinstance(claims["amr"], list) and all(isinstance(one, str) for one in claims["amr"]), "RFC 8176: amr")
    if "at_hash" in claims and access_token is not None:
        must(claims["at_hash"] == half_hash(access_token, alg), "OpenID Connect Core section 3.1.3.8: at_hash")


def check_access_token_claims(claims: Mapping[str, Any], *, issuer: str, audience: str | None) -> None:
    """RFC 9068 sections 2.2 and 4; `typ` has been checked with the signature."""
    for name in ("iss", "exp", "aud", "sub", "client_id", "iat", "jti"):
        must(name in claims, f"RFC 9068 section 2.2: {name}")
    must(claims["iss"] == issuer, "RFC 9068 section 4: iss")
    check_times(claims, "RFC 9068 section 4")
    if audience is not None:
        audiences = [claims["aud"]] if isinstance(claims["aud"], str) else claims["aud"]
        must(audience in audiences, "RFC 9068 section 4: aud")


def check_times(claims: Mapping[str, Any], section: str) -> None:
    """`exp` is to come, `iat` has been, both are whole numbers of seconds."""
    now = time.time()
    must(isinstance(claims.get("exp"), int) and claims["exp"] > now - LEEWAY, f"{section}: exp")
    must(isinstance(claims.get("iat"), int) and claims["iat"] <= now + LEEWAY, f"{section}: iat")
    must(claims["exp"] > claims["iat"], f"{section}: exp after iat")


def half_hash(value: str, alg: str) -> str:
    """Return the left half of the hash that belongs to an algorithm (OpenID Connect Core section 3.1.3.6)."""
    digest = (sha512 if alg == "EdDSA" else sha256)(value.encode("ascii")).digest()
    return urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
