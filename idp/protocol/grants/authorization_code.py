"""``authorization_code`` (RFC 6749 section 4.1.3, RFC 7636 section 4.5, OpenID Connect Core section 3.1.3)."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Any, Final

from authlib.oauth2.rfc7636 import create_s256_code_challenge

from idp import handles
from idp.model.grant import CodePayload
from idp.protocol.errors import InvalidGrant, InvalidRequest
from idp.protocol.grants import issue, reach
from idp.protocol.grants.frame import GrantServices, TokenRequest
from idp.services.tokens import CodeExpired, Replayed

_VERIFIER: Final = re.compile(r"[A-Za-z0-9\-._~]{43,128}")


def authorization_code(request: TokenRequest, services: GrantServices) -> dict[str, Any]:
    """Redeem a code. The order: everything that can be wrong with the request, then the one statement that spends the code, then the mint.

    A code that another client or a wrong verifier presents is not spent by it: otherwise whoever sees a code could void it.
    """
    payload = issue.agreed(request.client, _opened(request, services))
    reached = reach.of_grant(request, services, payload.resources, payload.details)
    has_refresh = "refresh_token" in request.client.grant_types
    jti = handles.new_id()
    try:
        redeemed = services.tokens.redeem(payload, has_refresh=has_refresh, jti=jti, case_code=request.case_code)
    except Replayed as error:
        raise InvalidGrant(
            "the code was used before; every token from it has been revoked", reason="code_replayed"
        ) from error
    except CodeExpired as error:
        raise InvalidGrant("the code has expired", reason="code_expired") from error
    if redeemed is None:
        raise InvalidGrant("the sign-in behind the code has ended", reason="session_ended")
    return issue.tokens(request, services, payload, redeemed, jti, reached)


def _opened(request: TokenRequest, services: GrantServices) -> CodePayload:
    code = request.parameters.get("code")
    if code is None:
        raise InvalidRequest("code is missing", reason="code_missing")
    payload = services.codes.open(code)
    if payload is None:
        raise InvalidGrant("the code is not valid", reason="code_unknown")
    if payload.client_id != request.client.client_id:
        raise InvalidGrant("the code is not valid", reason="code_of_another_client")
    redirect_uri = request.parameters.get("redirect_uri", "")
    if not hmac.compare_digest(hashlib.sha256(redirect_uri.encode()).digest(), payload.redirect_digest):
        raise InvalidGrant("redirect_uri is not the one of the authorization request", reason="redirect_uri_mismatch")
    _check_verifier(request.parameters.get("code_verifier"), payload.challenge)
    if payload.jkt and payload.jkt != request.binding.jkt:
        raise InvalidGrant("the code is bound to another DPoP key", reason="dpop_jkt_mismatch")
    return payload


def _check_verifier(verifier: str | None, challenge: str) -> None:
    """A verifier without a challenge is refused too: somebody took the challenge out on the way (RFC 9700 section 4.8.2)."""
    if not challenge:
        if verifier is not None:
            raise InvalidGrant("the authorization request had no code_challenge", reason="pkce_downgrade")
        return
    if verifier is None:
        raise InvalidGrant("code_verifier is missing", reason="code_verifier_missing")
    if not _VERIFIER.fullmatch(verifier):
        raise InvalidGrant("code_verifier must be 43 to 128 unreserved characters", reason="code_verifier")
    if not hmac.compare_digest(create_s256_code_challenge(verifier), challenge):
        raise InvalidGrant("code_verifier does not fit", reason="code_verifier_mismatch")
